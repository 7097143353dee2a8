"""The process that runs a student's code: it is given arrays, and gives arrays back.

It judges nothing, and knows nothing of what is right. It is run as a file, without nofb. Messages
come and go over the two channels that were its standard input and output; whatever a student
prints goes to standard error.

A message is four bytes for its length, and an npz archive: "kind", and numbered values.
"""

import ctypes
import io
import os
import signal
import struct
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from typing import Any, BinaryIO

import numpy as np

LONGEST = 1 << 26  # bytes of a message
NO_NEW_PRIVILEGES, SECCOMP, FILTER, DEATH_SIGNAL = 38, 22, 2, 1  # of Linux's prctl
INSTRUCTION = 8  # bytes of a filter's line


def pack(kind: str, values: Sequence[Any]) -> bytes:
    """Return a message of arrays, numbers and `None`."""
    buffer = io.BytesIO()
    named: dict[str, Any] = {}
    for number, value in enumerate(values):
        if value is None:
            named[f"{number}_none"] = np.zeros(0)
        else:
            found = np.asarray(value)
            if found.dtype.hasobject:
                raise TypeError(f"it returned a {type(value).__name__}, not an array or a number")
            named[f"{number}_{'array' if isinstance(value, np.ndarray) else 'value'}"] = found
    np.savez(buffer, kind=np.asarray(kind), **named)
    return struct.pack(">I", buffer.tell()) + buffer.getvalue()


def unpack(content: bytes) -> tuple[str, list[Any]]:
    """Return the kind and the values of a message."""
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        values: dict[int, Any] = {}
        for name in file.files:
            number, _, form = name.partition("_")
            if form:
                found = file[name]
                values[int(number)] = {"none": None, "array": found}.get(form, _plain(found, form))
        return str(file["kind"]), [values[number] for number in sorted(values)]


def _plain(found: Any, form: str) -> Any:
    return found.tolist() if form == "value" else None


def read(stream: BinaryIO) -> bytes | None:
    """Return the next message without its length, or `None` at the end."""
    head = _exactly(stream, 4)
    if head is None:
        return None
    (length,) = struct.unpack(">I", head)
    if length > LONGEST:
        raise ValueError("a message is too long")
    return _exactly(stream, length)


def _exactly(stream: BinaryIO, length: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < length:
        part = stream.read(length - len(parts))
        if not part:
            return None
        parts += part
    return bytes(parts)


def limit(megabytes: int, seconds: int) -> None:
    """Take no more memory and processor time than this, where the system can say so."""
    try:
        import resource
    except ImportError:  # not on Windows, where only the grader's clock ends a process
        return
    for name, value in (
        ("RLIMIT_AS", megabytes << 20),
        ("RLIMIT_CPU", seconds),
        ("RLIMIT_FSIZE", 1 << 20),
        ("RLIMIT_CORE", 0),
    ):
        resource.setrlimit(getattr(resource, name), (value, value))


def confine(program: bytes, grader: int) -> None:
    """Let the kernel refuse what the filter refuses, and end this process with the grader."""
    if sys.platform != "linux":
        return
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl(DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != grader:  # it has ended before that line
        os._exit(1)
    if not program:
        return
    lines = ctypes.create_string_buffer(program, len(program))
    described = ctypes.create_string_buffer(
        struct.pack("HP", len(program) // INSTRUCTION, ctypes.addressof(lines))
    )
    if prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) or prctl(SECCOMP, FILTER, described, 0, 0):
        raise OSError(ctypes.get_errno(), "this system has no filter of calls")


class NoLibrary(MetaPathFinder):
    """`import nofb` is an error: a kernel is to be written down, and NumPy is enough for it."""

    def find_spec(self, name: str, path: Any, target: Any = None) -> None:
        """Raise ImportError for nofb and its modules."""
        if name.partition(".")[0] == "nofb":
            raise ImportError("nofb is the solution: write the body with NumPy alone")


def answer(function: Callable[..., Any], values: Sequence[Any]) -> list[Any]:
    """Return what a function gives, and what it has made of its arguments."""
    given = function(*values)
    results = given if isinstance(given, tuple) else (given,)
    return [len(results), *results, *values]


def described(error: BaseException, path: str) -> str:
    """Return what a student must know of an error: the line of their file, and the message."""
    frames = traceback.extract_tb(error.__traceback__)
    line = next((frame.lineno for frame in reversed(frames) if frame.filename == path), None)
    if isinstance(error, SyntaxError):
        line = error.lineno
    where = "" if line is None else f" in line {line}"
    return f"{where}: {traceback.format_exception_only(error)[-1].strip()}"


def main() -> None:
    """Load the student's code, and answer messages until there are no more."""
    incoming = os.fdopen(os.dup(0), "rb", buffering=0)
    outgoing = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    limit(int(sys.argv[1]), int(sys.argv[2]))
    confine(bytes.fromhex(sys.argv[3]), int(sys.argv[4]))

    def send(kind: str, *values: Any) -> None:
        message = pack(kind, values)
        while message:
            message = message[outgoing.write(message) :]

    content = read(incoming)
    if content is None:
        return
    source, path, name = unpack(content)[1]
    space: dict[str, Any] = {"__name__": "answer", "__file__": path}
    sys.meta_path.insert(0, NoLibrary())
    try:
        exec(compile(source, path, "exec"), space)
    except NotImplementedError:
        send("stub")
        return
    except BaseException as error:  # whatever a student's file does, the grader must hear of it
        send("failed", described(error, path))
        return
    if name not in space:
        send("missing")
        return
    send("ready")
    while (content := read(incoming)) is not None:
        kind, values = unpack(content)
        try:
            if kind == "value":
                send("value", space[name])
            else:
                send("answer", *answer(space[name], values))
        except NotImplementedError:
            send("stub")
        except BaseException as error:  # as above
            send("failed", described(error, path))


if __name__ == "__main__":
    main()
