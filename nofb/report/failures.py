"""Failed or stopped runs of a reproduction: they are listed, and excluded from all numbers."""

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
    """Return a sentence for each run that failed or was stopped; all numbers exclude them."""
    return [f"{record['task']}: {failure(record)}" for record in records if failure(record)]
