"""The process that runs a student's code: it is given arrays, and gives arrays back.

It judges nothing, and knows nothing of what is right. It is run as a file, without nofb, with two
file descriptors for messages of its own, so that a student's printing is not in the way.

A message is four bytes for its length, and an npz archive: "kind", and numbered values.
"""

import io
import os
import struct
import sys
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, BinaryIO, cast

import numpy as np

LONGEST = 1 << 28  # bytes of a message


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


def read(stream: BinaryIO) -> tuple[str, list[Any]] | None:
    """Return the next message, or `None` at the end."""
    head = _exactly(stream, 4)
    if head is None:
        return None
    (length,) = struct.unpack(">I", head)
    if length > LONGEST:
        raise ValueError("a message is too long")
    content = _exactly(stream, length)
    return None if content is None else unpack(content)


def _exactly(stream: BinaryIO, length: int) -> bytes | None:
    parts = []
    while length:
        part = stream.read(length)
        if not part:
            return None
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def limit(megabytes: int, seconds: int) -> None:
    """Take no more memory and processor time than this, where the system can say so."""
    try:
        import resource
    except ImportError:  # not on Windows, where only the grader's clock ends a process
        return
    for name, value in (
        ("RLIMIT_AS", megabytes << 20),
        ("RLIMIT_CPU", seconds),
        ("RLIMIT_FSIZE", 10 << 20),
        ("RLIMIT_CORE", 0),
    ):
        resource.setrlimit(getattr(resource, name), (value, value))


def answer(function: Callable[..., Any], values: Sequence[Any]) -> list[Any]:
    """Return what a function gives, and what it has made of its arguments."""
    given = function(*values)
    results = given if isinstance(given, tuple) else (given,)
    return [len(results), *results, *values]


def main() -> None:
    """Load the student's code, and answer messages until there are no more."""
    incoming = cast(BinaryIO, os.fdopen(int(sys.argv[1]), "rb", buffering=0))
    outgoing = cast(BinaryIO, os.fdopen(int(sys.argv[2]), "wb", buffering=0))
    limit(int(sys.argv[3]), int(sys.argv[4]))

    def send(kind: str, *values: Any) -> None:
        outgoing.write(pack(kind, values))

    first = read(incoming)
    if first is None:
        return
    source, path, name, driver = first[1]
    space: dict[str, Any] = {"__name__": "answer", "__file__": path}
    if not driver:
        sys.modules["nofb"] = cast(Any, None)  # NumPy is enough for a kernel
    try:
        exec(compile(source, path, "exec"), space)
    except NotImplementedError:
        send("stub")
        return
    except BaseException:  # whatever a student's file does, the grader must hear of it
        send("failed", "".join(traceback.format_exc(limit=-1)))
        return
    if name not in space:
        send("missing")
        return
    function = space[name]
    if driver:
        around: dict[str, Any] = {"__name__": "driver"}
        exec(compile(driver, "driver", "exec"), around)
        function = partial(around["run"], function)
    send("ready")
    while (message := read(incoming)) is not None:
        kind, values = message
        try:
            if kind == "value":
                send("value", function)
            else:
                send("answer", *answer(function, values))
        except NotImplementedError:
            send("stub")
        except BaseException:  # as above
            send("failed", "".join(traceback.format_exc(limit=-1)))


if __name__ == "__main__":
    main()
