"""Bengio 2020 has theorems and no experiment: here they are, and what happens when one learns.

No numbers of the paper stand beside these runs; what stands there is theory.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nofb.experiments import inverse_anatomy, inverse_contraction, inverse_training

TITLE = "Iterated inverses: contraction, Gauss-Newton, and why more exact targets teach worse"
WORK = {
    "contraction": inverse_contraction.contraction,
    "anatomy": inverse_anatomy.anatomy,
    "training": inverse_training.training,
}


def tasks(epochs: int | None = None) -> list[dict[str, Any]]:
    """Return every run; none that trains is longer than `epochs`.

    Examples
    --------
    >>> sorted({task["part"] for task in tasks()})
    ['anatomy', 'contraction', 'training']
    """
    return [
        *inverse_contraction.tasks(),
        *inverse_anatomy.tasks(epochs),
        *inverse_training.tasks(epochs),
    ]


def work(folder: Path, task: Mapping[str, Any]) -> dict[str, Any]:
    """Do one run; all are over within minutes, so that the folder keeps nothing half done."""
    return WORK[task["part"]](task)
