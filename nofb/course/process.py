"""A student's code in a process of its own, with limits and a clock."""

from __future__ import annotations

import contextlib
import io
import os
import queue
import re
import signal
import subprocess
import tempfile
import threading
import time
import zipfile
from types import TracebackType
from typing import IO, Any, cast

from nofb.course import children
from nofb.course.guard import Limits, guard, start
from nofb.course.verdict import one_line
from nofb.course.worker import pack, read, unpack

NO_ANSWER = "its process sent an answer that is none"
IN_LINE = re.compile(r" in line \d{1,6}")
UNLIKE_SIZES = re.compile(r"matmul: .*core dimension.*\(size (\d+) is different from (\d+)\)")
MOST_VALUES = 100  # of a message
PRINTED = 2000  # characters that are shown of what a student prints


class Failed(Exception):  # noqa: N818
    """A student's code gave no answer; the text is a sentence that says why."""


class Stub(Failed):
    """The function is still the one that the student was given."""


class Raised(Failed):
    """The function was called, and raised an error."""


class Process:
    """A process that answers with a student's function, while it is used in a `with`.

    Parameters
    ----------
    source
        The text of the student's file, read once: what is judged is what was read.
    path, name
        Where it stood, and the function's name.
    limits
        Of time and memory.
    quotes
        Whether sentences quote the messages of a student's errors.

    Attributes
    ----------
    printed
        The first of what the student's code has printed, once it has ended.
    """

    def __init__(
        self, source: str, path: str, name: str, limits: Limits | None = None, quotes: bool = True
    ) -> None:
        self.source, self.path, self.name, self.quotes = source, path, name, quotes
        self.limits, self.printed = limits or Limits(), ""
        self._messages: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

    def __enter__(self) -> Process:
        guarded = guard()
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        if guarded.user is not None:
            os.chown(self._folder.name, guarded.user, guarded.user)
        self._output = tempfile.TemporaryFile()
        self._left = self.limits.seconds
        self._process = start(
            guarded, self.limits, self._folder.name, subprocess.PIPE, self._output
        )
        # A thread, since reading and writing may last for ever: a student's process need not
        # take what it is sent.
        self._thread = threading.Thread(target=self._talk, daemon=True)
        self._thread.start()
        try:
            self._ask("load", self.source, self.path, self.name)
        except BaseException:
            self.close()
            raise
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
        children.end(self._process)
        self._messages.put(None)
        self._thread.join(timeout=1.0)  # longer only if a process that has escaped keeps the pipe
        self._output.seek(0)
        self.printed = self._output.read(4 * PRINTED).decode("utf-8", "replace")[:PRINTED]
        self._output.close()
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
            raise Failed(NO_ANSWER)
        return (results[0] if count == 1 else tuple(results)), after

    def value(self) -> Any:
        """Return what the student's name stands for: a number, a text or `None`."""
        values = self._ask("value")
        if len(values) != 1:
            raise Failed(NO_ANSWER)
        return values[0]

    def _ask(self, kind: str, *values: Any) -> list[Any]:
        message, began = pack(kind, values), time.monotonic()
        self._messages.put(message)
        try:
            content = self._answers.get(timeout=max(0.0, self._left))
        except queue.Empty:
            raise Failed(f"no answer came within {self.limits.seconds:g} seconds") from None
        finally:  # only what the student's code takes counts, and not what the grader does between
            self._left -= time.monotonic() - began
        if content is None:
            raise Failed(self._ended())
        return self._judged(*opened(content))

    def _talk(self) -> None:
        """Send each message, and keep what comes back; `None` if nothing can."""
        outgoing, incoming = cast(IO[bytes], self._process.stdin), self._process.stdout
        with contextlib.closing(outgoing), contextlib.closing(cast(IO[bytes], incoming)):
            while (message := self._messages.get()) is not None:
                try:
                    while message:
                        message = message[outgoing.write(message) :]
                    self._answers.put(read(cast(Any, incoming)))
                except (OSError, ValueError):  # it has ended, or its message is too long
                    self._answers.put(None)

    def _judged(self, kind: str, values: list[Any]) -> list[Any]:
        if kind == "stub":
            raise Stub(f"{self.name} still raises NotImplementedError: write its body")
        if kind == "missing":
            raise Failed(f"the file has no {self.name}: keep the name that it was given")
        if kind == "failed":
            raise Raised(self._error(*map(str, values[:2])))
        if kind not in ("ready", "answer", "value"):
            raise Failed(NO_ANSWER)
        return values

    def _error(self, where: str = "", message: str = "") -> str:
        """Say where the student's code failed, and why."""
        if not self.quotes:
            return f"{self.name} failed{where if IN_LINE.fullmatch(where) else ''}"
        fits = UNLIKE_SIZES.search(message[:PRINTED])
        if fits:
            message = (
                "ValueError: the shapes do not fit for @: its left array has "
                f"{fits[2]} columns, and its right array {fits[1]} rows"
            )
        return one_line(f"{self.name} failed{where}: {message}")

    def _ended(self) -> str:
        """Say how the process ended."""
        try:
            code = self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return NO_ANSWER
        if code == -getattr(signal, "SIGXCPU", 0) and code:
            return "it took more processor time than a task may"
        how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        return f"its process ended {how} before it answered"


def opened(content: bytes) -> tuple[str, list[Any]]:
    """Return the kind and the values of a message from a student's process, which may be forged.

    Raises
    ------
    Failed
        If it is no such message, or one that would be larger when it is unpacked.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            if len(parts) > MOST_VALUES or sum(each.file_size for each in parts) > len(content):
                raise ValueError("it would take too long to read, or is compressed")
        return unpack(content)
    except Exception as error:  # a forged archive can raise anything
        raise Failed(NO_ANSWER) from error


def _count(values: list[Any]) -> int:
    count = values[0] if values else 0
    if not isinstance(count, int) or not 0 < count <= len(values):
        raise Failed(NO_ANSWER)
    return count
