"""Starting the process that runs a student's code, with the strongest guard that works here."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any

import numpy as np

from nofb import checks
from nofb.course import confine

WORKER = Path(__file__).with_name("worker.py")
NOBODY = 65534
LEAST_MEGABYTES = 256  # NumPy itself takes up to a half of it


@dataclass(frozen=True)
class Limits:
    """What a student's code may take.

    Attributes
    ----------
    seconds
        For all calls of one task; the grader's own time is not counted.
    megabytes
        Of memory.
    """

    seconds: float = 20.0
    megabytes: int = 2048

    def __post_init__(self) -> None:
        """Refuse what no answer could keep to."""
        checks.number("seconds", self.seconds, least=1)
        checks.whole("megabytes", self.megabytes, LEAST_MEGABYTES)


@dataclass(frozen=True)
class Guard:
    """How students' processes are kept from the grader and its files.

    Attributes
    ----------
    program, closing
        The filters of calls, empty for none.
    user
        Their user id, or `None` for the grader's own.
    """

    program: bytes = b""
    closing: bytes = b""
    user: int | None = None

    def notes(self) -> list[str]:
        """Return what this guard does not keep submissions from."""
        notes = []
        if not self.program:
            notes.append(
                "this system does not keep submissions from opening files, so one that looks for "
                "nofb's own answers can find them: grade on Linux, or read the files"
            )
        if self.user is None and is_root():
            notes.append(
                "submissions run as root, since this system does not let them run as the user "
                "nobody: grade as another user"
            )
        return notes


@cache
def guard() -> Guard:
    """Return the strongest guard that works here: it is tried on a process that does nothing."""
    filters = [(confine.program(), confine.closing()), (b"", b"")]
    for each in dict.fromkeys(filters):
        for user in (NOBODY, None) if is_root() else (None,):
            if _works(found := Guard(*each, user)):
                return found
    raise OSError(f"{sys.executable} cannot start a process with NumPy: is NumPy installed for it?")


def is_root() -> bool:
    """Say whether this process has the rights of the system's administrator."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _works(guarded: Guard) -> bool:
    with (
        tempfile.TemporaryFile() as nothing,
        tempfile.TemporaryFile() as printed,
        start(guarded, Limits(), tempfile.gettempdir(), nothing, printed) as process,
    ):
        return process.wait() == 0


def start(
    guarded: Guard, limits: Limits, folder: str, incoming: Any, printed: IO[bytes]
) -> subprocess.Popen[bytes]:
    """Start a process that waits for a student's code."""
    seconds = int(limits.seconds) + 5  # of processor time; the clock ends it earlier
    own: dict[str, Any] = {"start_new_session": True} if os.name == "posix" else {}
    given = [
        Path(np.__file__).parents[1], limits.megabytes, seconds, guarded.program.hex(),
        guarded.closing.hex(),
        "" if guarded.user is None else guarded.user, os.getpid(),
    ]  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-B", "-u", "-X", "utf8", str(WORKER), *map(str, given)],
        stdin=incoming,
        stdout=subprocess.PIPE,
        stderr=printed,
        cwd=folder,
        env=_environment(folder),
        bufsize=0,
        **own,
    )


def _environment(home: str) -> dict[str, str]:
    """Return the few variables that Python needs, a home of its own, and one thread."""
    kept = ("PATH", "SYSTEMROOT", "LANG", "LC_ALL", "LD_LIBRARY_PATH")
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        **dict.fromkeys(threads, "1"),
        "HOME": home,
    }
