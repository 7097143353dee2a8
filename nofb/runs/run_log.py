"""The log of a grid: a JSON Lines file that holds every finished run.

One process at a time may write it. A line is on the disk before the next one is started. So a
process that is killed leaves at most one incomplete line, the last one, and it is removed when the
file is opened again. A last line that is a whole run, only without the end of the line, is kept.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from nofb import locks
from nofb.strict_json import canonical

Record = dict[str, Any]

LOG = "runs.jsonl"  # the name of the file in a folder of results
START = b'{"task": '  # of every line; a file that starts otherwise is not a log
MOST_RUNS = 20_000  # of a log; the whole log is in memory, and a run needs 15 KB as text


class RunLog:
    """Finished runs, by the canonical JSON of their task; they are kept only if there is a file.

    Attributes
    ----------
    records
        The content of the file when it was opened, one record for each task.
    """

    def __init__(self, file: BinaryIO | None = None, records: dict[str, Record] | None = None):
        self.file, self.records = file, records or {}

    def append(self, line: str) -> None:
        """Write one line, and return when it is on the disk."""
        if self.file is not None:
            self.file.write(line.encode() + b"\n")
            _to_disk(self.file)


@contextmanager
def open_log(path: str | Path | None) -> Iterator[RunLog]:
    """Open a log for this process alone, and mend its last line: end it, or remove half a run.

    Parameters
    ----------
    path
        The file; it and its folder are made if necessary. `None` for a log without a file.

    Raises
    ------
    BlockingIOError
        If another process, or another sweep in this one, is writing it.
    ValueError
        If a line does not hold a run, with its number; the file is then not changed.

    Warns
    -----
    LockWarning
        If the file system has no locks.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "runs.jsonl")
    ...     _ = path.write_text('{"task": 1, "result": {}, "seconds": 0.1}\\n{"task": 2, "resu')
    ...     with open_log(path) as log:
    ...         list(log.records), path.read_text().count("task")
    (['1'], 1)
    """
    if path is None:
        yield RunLog()
        return
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        refusal = f"another sweep is writing {path}: wait for its end, or take another folder"
        locks.lock(file, path, refusal)
        file.seek(0)
        content = file.read()
        records = _parse(content, path)
        if last := content[content.rfind(b"\n") + 1 :]:
            if _record(last) is None:
                file.truncate(len(content) - len(last))
            else:
                file.write(b"\n")
            _to_disk(file)
        yield RunLog(file, records)


def check_number(runs: int) -> None:
    """Refuse more runs than one log can hold, before they are listed.

    Examples
    --------
    >>> check_number(10**6)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: 1000000 runs are too many for one log, which holds 20000: take fewer seeds or ...
    """
    if runs > MOST_RUNS:
        raise ValueError(
            f"{runs} runs are too many for one log, which holds {MOST_RUNS}: take fewer seeds or "
            "combinations, or several folders"
        )


def read_log(path: str | Path) -> dict[str, Record]:
    """Return the finished runs of a log; the log is neither locked nor changed.

    Raises
    ------
    ValueError
        If a line does not hold a run, with its number.
    """
    path = Path(path)
    return _parse(path.read_bytes(), path) if path.exists() else {}


def _parse(content: bytes, path: Path) -> dict[str, Record]:
    """Return one record for each task: the first that has a result, or else the last failure."""
    *lines, torn = content.split(b"\n")
    if _record(torn) is not None:  # only the end of the line is missing
        lines, torn = [*lines, torn], b""
    records: dict[str, Record] = {}
    for number, line in enumerate(lines, start=1):
        record = _record(line)
        if record is None:
            raise _refusal(number, path)
        name = canonical(record["task"])
        if "result" not in records.get(name, ()):
            records[name] = record
    if not torn.startswith(START[: len(torn)]):
        raise _refusal(len(lines) + 1, path)
    return records


def _record(line: bytes) -> Record | None:
    """Return the record in a line, or `None` if the line is not a record."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or "task" not in record:
        return None
    whole = ("result" in record) != ("error" in record)
    return record if whole and isinstance(record.get("result", {}), dict) else None


def _refusal(number: int, path: Path) -> ValueError:
    return ValueError(
        f"line {number} of {path} is not a run that nofb has written: fix or delete the line, "
        "or keep the runs in another folder"
    )


def _to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
