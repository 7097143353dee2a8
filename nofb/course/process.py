"""A student's code in a process of its own, with limits and a clock."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from nofb.course import children
from nofb.course.worker import pack, unpack

WORKER = Path(__file__).with_name("worker.py")
LONGEST = 1 << 28  # bytes of a message


@dataclass(frozen=True)
class Limits:
    """What a student's code may take.

    Attributes
    ----------
    seconds
        Until an answer must be there.
    megabytes
        Of memory.
    """

    seconds: float = 10.0
    megabytes: int = 2048


class Failed(Exception):  # noqa: N818
    """A student's code gave no answer; the text is a sentence that says why."""


class Stub(Failed):
    """The function is still the one that the student was given."""


class Process:
    """A process that answers with a student's function, until it is closed.

    Parameters
    ----------
    source
        The text of the student's file, read once: what is judged is what was read.
    path, name
        Where it stood, and the function's name.
    driver
        Trusted code around it, with a function `run(theirs, *arguments)`; "" for none.
    limits
        Of time and memory.
    """

    def __init__(
        self, source: str, path: str, name: str, driver: str = "", limits: Limits | None = None
    ) -> None:
        self.limits, self.name = limits or Limits(), name
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self._start()
        self._greet(source, path, driver)

    def _start(self) -> None:
        to_read, ours_to_write = os.pipe()
        ours_to_read, to_write = os.pipe()
        numbers = [to_read, to_write, self.limits.megabytes, int(self.limits.seconds) * 4 + 60]
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(WORKER), *map(str, numbers)],
            pass_fds=(to_read, to_write),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._folder.name,
            env=_environment(self._folder.name),
            start_new_session=True,
        )
        os.close(to_read)
        os.close(to_write)
        self._outgoing = os.fdopen(ours_to_write, "wb", buffering=0)
        self._incoming = ours_to_read

    def _greet(self, source: str, path: str, driver: str) -> None:
        try:
            self._ask("load", source, path, self.name, driver)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Process:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process, and whatever it has started."""
        for end in (self._outgoing.close, lambda: os.close(self._incoming)):
            with contextlib.suppress(OSError):  # closed already
                end()
        children.end(self._process.pid)
        self._process.wait()
        self._folder.cleanup()

    def __call__(self, *arguments: Any) -> tuple[Any, list[Any]]:
        """Return what the student's function gives, and what it has made of its arguments.

        Raises
        ------
        Failed
            If there is no answer: an error, no more process, or no more time.
        """
        values = self._ask("answer", *arguments)
        count = _count(values)
        results, after = values[1 : 1 + count], values[1 + count :]
        if len(after) != len(arguments):
            raise Failed("its process sent an answer that is none")
        return (results[0] if count == 1 else tuple(results)), after

    def value(self) -> Any:
        """Return what the student's name stands for: a number, a text or `None`."""
        (value,) = self._ask("value")
        return value

    def _ask(self, kind: str, *values: Any) -> list[Any]:
        until = time.monotonic() + self.limits.seconds
        try:
            self._outgoing.write(pack(kind, values))
        except OSError as error:
            raise Failed("its process has ended before it answered") from error
        (length,) = np.frombuffer(self._receive(4, until), ">u4")
        if length > LONGEST:
            raise Failed("its process sent an answer that is none")
        try:
            found, results = unpack(self._receive(int(length), until))
        except (ValueError, KeyError, OSError, EOFError, MemoryError) as error:
            raise Failed("its process sent an answer that is none") from error
        return self._judged(found, results)

    def _judged(self, kind: str, values: list[Any]) -> list[Any]:
        if kind == "stub":
            raise Stub(f"{self.name} still raises NotImplementedError: write its body")
        if kind == "missing":
            raise Failed(f"the file has no {self.name}: keep the name that it was given")
        if kind == "failed":
            raise Failed(f"{self.name} failed: {_last_line(str(values[0]))}")
        if kind not in ("ready", "answer", "value"):
            raise Failed("its process sent an answer that is none")
        return values

    def _receive(self, length: int, until: float) -> bytes:
        parts = bytearray()
        while len(parts) < length:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self._incoming], [], [], left)[0]:
                raise Failed(f"no answer came within {self.limits.seconds:g} seconds")
            part = os.read(self._incoming, length - len(parts))
            if not part:
                raise Failed(self._ended())
            parts += part
        return bytes(parts)

    def _ended(self) -> str:
        """Say how the process ended."""
        try:
            code = self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return "its process sent nothing more"
        if code == -signal.SIGXCPU:
            return "it took more processor time than a task may"
        how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        return f"its process ended {how} before it answered"


def _count(values: list[Any]) -> int:
    count = values[0] if values else 0
    if not isinstance(count, int) or not 0 < count <= len(values):
        raise Failed("its process sent an answer that is none")
    return count


def _environment(home: str) -> dict[str, str]:
    """Return the few variables that Python needs, a home of its own, and one thread."""
    kept = ("PATH", "SYSTEMROOT", "LANG", "LC_ALL", "LD_LIBRARY_PATH")
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        **dict.fromkeys(threads, "1"),
        "HOME": home,
        "NUMBA_CACHE_DIR": home,
        "NUMBA_DISABLE_JIT": "1",
    }


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.strip().splitlines()]
    return lines[-1] if lines else "no message"
