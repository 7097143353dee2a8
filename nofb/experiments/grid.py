"""Runs one after the other, each kept in a log once it is done, so that none is done twice."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

Record = dict[str, Any]


def run_grid(
    work: Callable[[Mapping[str, Any]], dict[str, Any]],
    tasks: Iterable[Mapping[str, Any]],
    *,
    jobs: int = 1,
    cluster: str | None = None,
    log: Path | None = None,
) -> Iterator[Record]:
    """Do the work for every task that the log has no result for, and yield a record for each."""
    lines = log.read_text(encoding="utf-8").splitlines() if log and log.exists() else []
    kept = {_name(record["task"]): record for record in map(json.loads, lines)}
    for task in tasks:
        record = kept.get(_name(task))
        if record is None:
            started = time.perf_counter()
            record = {"task": dict(task), "result": work(task)}
            record["seconds"] = time.perf_counter() - started
            if log:
                with log.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(record, allow_nan=False) + "\n")
        yield record


def _name(task: Mapping[str, Any]) -> str:
    return json.dumps(dict(task), sort_keys=True)
