"""The exit code of a command that does many runs, decided here for all of them.

0: all is well. 1: a run failed, or no run came to its end. A run that diverged is a finding, as
long as another one came to its end. `main` adds 2, where nothing was begun, and 130 for Ctrl-C.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from nofb.cli.streams import say

SHOWN = 5  # of the runs that failed, each with its reason


def exit_code(records: Iterable[Mapping[str, Any]]) -> int:
    """Return the exit code for the records of a grid, and say on standard error which runs failed.

    Examples
    --------
    >>> exit_code([{"task": {"rule": "fa"}, "result": {"stopped": None}}])
    0
    >>> exit_code([{"task": {"rule": "fa"}, "result": {"stopped": "fa was stopped in epoch 1"}}])
    1
    """
    records = list(records)
    failed = [record for record in records if "error" in record]
    finished = [each for each in records if "result" in each and not each["result"].get("stopped")]
    for record in failed[:SHOWN]:
        say(f"{_who(record['task'])} failed: {record['error']}")
    if len(failed) > SHOWN:
        say(f"{len(failed)} of {len(records)} runs failed")
    if not finished:
        say("no run came to its end")
    return int(bool(failed) or not finished)


def _who(task: Mapping[str, Any]) -> str:
    """Return what a run is called in a sentence."""
    known = {name: task[name] for name in ("part", "rule", "seed") if name in task}
    return ", ".join(f"{name} {value}" for name, value in known.items()) or str(task)
