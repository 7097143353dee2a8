"""The exit code of all commands with many runs.

0: no errors. 1: a run failed, or no run finished. A diverged run is not an error if another run
finished. `main` adds 2, if nothing was started, and 130 for Ctrl-C.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from nofb.cli.streams import say
from nofb.report.failures import failure

SHOWN = 5  # of the runs that failed, each with its reason


def exit_code(records: Iterable[Mapping[str, Any]]) -> int:
    """Return the exit code for the records of a grid, and print failed runs on standard error.

    Examples
    --------
    >>> exit_code([{"task": {"rule": "fa"}, "result": {"stopped": None}}])
    0
    >>> exit_code([{"task": {"rule": "fa"}, "result": {"stopped": "fa was stopped in epoch 1"}}])
    1
    """
    records = list(records)
    failed = [record for record in records if "error" in record]
    finished = [record for record in records if not failure(record)]
    for record in failed[:SHOWN]:
        say(f"{_who(record['task'])} failed: {record['error']}")
    if len(failed) > SHOWN:
        say(f"{len(failed)} of {len(records)} runs failed")
    if not finished:
        say("no run came to its end")
    return int(bool(failed) or not finished)


def _who(task: Mapping[str, Any]) -> str:
    """Return the name of a run for a sentence."""
    known = {name: task[name] for name in ("part", "rule", "seed") if name in task}
    return ", ".join(f"{name} {value}" for name, value in known.items()) or str(task)
