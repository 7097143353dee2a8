"""Feedback that learns, looked at closely: a mirror's noise floor, Kolen-Pollack's law, and depth.

No paper's numbers stand beside these runs; what stands there is theory.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nofb.experiments import deep_alignment, kolen_pollack_law, mirror_floor

TITLE = "Feedback that learns: noise floor, decay and depth, measured beside theory"
WORK = {
    "floor": mirror_floor.floor,
    "law": kolen_pollack_law.law,
    "depth": deep_alignment.depth,
}


def tasks(epochs: int | None = None) -> list[dict[str, Any]]:
    """Return every run; none that trains is longer than `epochs`.

    Examples
    --------
    >>> sorted({task["part"] for task in tasks()})
    ['depth', 'floor', 'law']
    """
    return [*mirror_floor.tasks(), *kolen_pollack_law.tasks(epochs), *deep_alignment.tasks(epochs)]


def work(folder: Path, task: Mapping[str, Any]) -> dict[str, Any]:
    """Do one run; all are over within seconds, so that the folder keeps nothing half done."""
    return WORK[task["part"]](task)
