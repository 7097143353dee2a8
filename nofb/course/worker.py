"""The process that runs a student's code: it is given arrays, and gives arrays back.

It judges nothing, and knows nothing of what is right. It is run as a file, by a Python that finds
its own modules and NumPy, and not nofb. Before it runs the student's file, it gives up the right to
open files (see `nofb.course.confine`). Messages come and go over the two channels that were its
standard input and output; whatever a student prints goes to standard error.

A message is four bytes for its length, and an npz archive: "kind", and numbered values.
"""

import ast
import contextlib
import ctypes
import io
import os
import signal
import struct
import sys
import traceback
import types
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from importlib.abc import MetaPathFinder
from typing import Any, BinaryIO, TypeGuard

if __name__ == "__main__":
    sys.path.append(sys.argv[1])  # where NumPy is; nofb may be there too, so it is left again
import numpy as np

LONGEST = 1 << 26  # bytes of a message
NO_NEW_PRIVILEGES, DEATH_SIGNAL = 38, 1  # of Linux's prctl
SECCOMP = {"x86_64": 317, "aarch64": 277}  # the call's number
FILTER, ALL_THREADS = 1, 1
INSTRUCTION = 8  # bytes of a filter's line
UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
NOT_LOADED = {"antigravity", "idlelib", "test", "this", "turtledemo"}  # they do more than define


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
                plain = found.tolist() if form == "value" else None
                values[int(number)] = found if form == "array" else plain
        return str(file["kind"]), [values[number] for number in sorted(values)]


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
        ("RLIMIT_NOFILE", 64),
    ):
        resource.setrlimit(getattr(resource, name), (value, value))


def become(user: str) -> None:
    """Take the rights of another user, who need not be able to start this Python; "" for none."""
    if user:
        os.setgroups([])
        os.setgid(int(user))
        os.setuid(int(user))


def end_with(grader: int) -> None:
    """End this process when the grader ends, where the system can."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != grader:  # it has ended before that line
        os._exit(1)


def confine(program: bytes) -> None:
    """Let the kernel refuse what the filter refuses, to all threads, from now on."""
    if not program:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    lines = ctypes.create_string_buffer(program, len(program))
    described = ctypes.create_string_buffer(
        struct.pack("HP", len(program) // INSTRUCTION, ctypes.addressof(lines))
    )
    call = (SECCOMP[os.uname().machine], FILTER, ALL_THREADS, described)
    if libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) or libc.syscall(*call):
        raise OSError(ctypes.get_errno(), "this system has no filter of calls")


def load_modules(source: str) -> None:
    """Load what a file names of NumPy and of Python's own modules, and run nothing of the file."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except UNREADABLE:  # it is reported when the file is run
        return
    with warnings.catch_warnings(action="ignore"):  # of attributes that are not NumPy's
        for node in nodes:
            if isinstance(node, ast.Attribute):
                getattr(np, node.attr, None)  # NumPy loads some of its modules when they are used
            elif _is_import(node):
                with contextlib.suppress(Exception):  # as above
                    exec(compile(ast.Module([node], []), "import", "exec"), {})


def _is_import(node: ast.AST) -> TypeGuard[ast.Import | ast.ImportFrom]:
    """Say whether this imports nothing but NumPy and Python's own modules."""
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        names = [node.module]
    else:
        return False
    own = (sys.stdlib_module_names | {"numpy"}) - NOT_LOADED
    return all(name.split(".")[0] in own and "__main__" not in name for name in names)


class NothingElse(MetaPathFinder):
    """An import that comes too late, or is of another package, is an error with a sentence."""

    def find_spec(self, name: str, path: Any, target: Any = None) -> None:
        """Raise ImportError for all but the modules that are inside the interpreter."""
        if name in sys.builtin_module_names:
            return
        if name.partition(".")[0] == "nofb":
            raise ImportError("nofb is the solution: write the body with NumPy alone")
        raise ImportError(
            f"{name} cannot be imported here: only NumPy and Python's own modules can, "
            "by an import statement"
        )


def answer(function: Callable[..., Any], values: Sequence[Any]) -> list[Any]:
    """Return what a function gives, and what it has made of its arguments."""
    given = function(*values)
    results = given if isinstance(given, tuple) else (given,)
    return [len(results), *results, *values]


def described(error: BaseException, path: str) -> tuple[str, str]:
    """Return the line of the student's file in which an error arose, and its message."""
    frames = traceback.extract_tb(error.__traceback__)
    line = next((frame.lineno for frame in reversed(frames) if frame.filename == path), None)
    if isinstance(error, SyntaxError):
        line = error.lineno
    where = "" if line is None else f" in line {line}"
    return where, traceback.format_exception_only(error)[-1].strip()


def main() -> None:
    """Take the student's code, give up what it must not use, and run it."""
    incoming = os.fdopen(os.dup(0), "rb", buffering=0)
    outgoing = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    folder, megabytes, seconds, program, closing, user, grader = sys.argv[1:]
    sys.path.remove(folder)
    del sys.argv[1:]
    limit(int(megabytes), int(seconds))
    confine(bytes.fromhex(program))
    content = read(incoming)
    source, path, name = ("", "", "") if content is None else unpack(content)[1]
    load_modules(source)
    become(user)
    end_with(int(grader))
    confine(bytes.fromhex(closing))
    if content is not None:  # otherwise it was started to see whether this works
        serve(source, path, name, incoming, outgoing)


def serve(source: str, path: str, name: str, incoming: BinaryIO, outgoing: BinaryIO) -> None:
    """Load the student's code, and answer messages until there are no more."""
    space = namespace(path)
    sys.meta_path.insert(0, NothingElse())

    def done(work: Callable[[], None]) -> bool:
        try:
            work()
        except NotImplementedError:
            send(outgoing, "stub")
        except BaseException as error:  # whatever a student's code does, the grader must hear of it
            send(outgoing, "failed", *described(error, path))
        else:
            return True
        return False

    if not done(lambda: exec(compile(source, path, "exec"), space)):
        return
    if name not in space:
        send(outgoing, "missing")
        return
    send(outgoing, "ready")
    while (content := read(incoming)) is not None:
        done(partial(reply, outgoing, space, name, *unpack(content)))


def namespace(path: str) -> dict[str, Any]:
    """Return the names of a new module, in which a dataclass looks for its own."""
    module = types.ModuleType("answer")
    module.__file__ = path
    sys.modules["answer"] = module
    return vars(module)


def reply(
    outgoing: BinaryIO, space: dict[str, Any], name: str, kind: str, values: list[Any]
) -> None:
    """Send the value of a name, or what the function of this name gives."""
    if kind == "value":
        send(outgoing, "value", space[name])
    else:
        send(outgoing, "answer", *answer(space[name], values))


def send(outgoing: BinaryIO, kind: str, *values: Any) -> None:
    """Write a message, all of it."""
    message = pack(kind, values)
    while message:
        message = message[outgoing.write(message) :]


if __name__ == "__main__":
    main()
