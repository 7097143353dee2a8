"""JSON that every reader accepts: NaN and infinity, which JSON lacks, become null."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np


def plain(value: Any) -> Any:
    """Return a value in a form that JSON can represent.

    Examples
    --------
    >>> plain({"angle": np.array([np.nan, 90.0]), "units": (3, 2)})
    {'angle': [None, 90.0], 'units': [3, 2]}
    """
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, Mapping):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def canonical(value: Any) -> str:
    """Return the same text for equal values, whatever the order of their keys.

    Examples
    --------
    >>> canonical({"seed": 0, "hidden": (8,)}) == canonical({"hidden": [8], "seed": 0})
    True
    """
    try:
        return _dumps(value)
    except ValueError:  # NaN or infinity, in rare cases
        return _dumps(plain(value))


_dumps = partial(json.dumps, allow_nan=False, sort_keys=True, separators=(",", ":"), default=plain)
