"""Names of runs; those that failed or were stopped are listed, and excluded from all numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Record = Mapping[str, Any]
MEANT = "was stopped by a callback"  # in the words of `fit`: the study's own end of a run


def failure(record: Record) -> str | None:
    """Return why a run failed or was stopped, if it was; an end that the study sets is none.

    Examples
    --------
    >>> failure({"task": {"rule": "fa"}, "error": "OSError: no data"})
    'OSError: no data'
    >>> failure({"task": {"rule": "fa"}, "result": {"stopped": None}}) is None
    True
    """
    why: str | None = record["error"] if "error" in record else record["result"].get("stopped")
    return None if "error" not in record and MEANT in (why or "") else why


def failures(records: Iterable[Record]) -> list[str]:
    """Return a sentence for each run that failed or was stopped; all numbers exclude them.

    Examples
    --------
    >>> failures([{"task": {"rule": "fa", "seed": 1}, "error": "OSError: no data"}])
    ['Excluded: fa, seed 1: OSError: no data']
    """
    return [
        f"Excluded: {run_name(record['task'])}: {failure(record)}"
        for record in records
        if failure(record)
    ]


def run_name(task: Mapping[str, Any]) -> str:
    """Return the name of a run: its row, and its seed if it has one."""
    return row_name(task) + (f", seed {task['seed']}" if "seed" in task else "")


def row_name(task: Mapping[str, Any]) -> str:
    """Return the name of the row that a run belongs to; its other runs have other seeds."""
    left_out = ("seed", "code", "epochs")
    return " ".join(str(value) for name, value in task.items() if name not in left_out)
