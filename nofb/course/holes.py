"""Functions that students write in one piece, and that nofb has as several kernels."""

from __future__ import annotations

from nofb.transfer.toast import cosines, mask, select
from nofb.types import Array


def feature_selection(z: Array, xi: Array, P: Array) -> Array:
    """Select the tokens that point in the direction of the task: u = m z P."""
    m = mask(cosines(z, xi))  # (T,)
    return select(z, m) @ P  # (T, d)
