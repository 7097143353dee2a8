"""The hash of a class or function outside nofb: of its loaded code, and of its files.

The loaded code is the code that runs. The hash also includes the text of the files at the time
nofb first saw the class, because the text contains what bytecode does not show, such as names
that are looked up by `getattr`. A file that is changed later counts when it is loaded.
"""

from __future__ import annotations

import hashlib
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import NamedTuple
from weakref import WeakKeyDictionary

from nofb.fingerprint.imported import is_edited
from nofb.fingerprint.installed import StaleCodeWarning, of_nofb
from nofb.fingerprint.names import Import, full_name, reads
from nofb.fingerprint.outside import UnknownCodeError
from nofb.fingerprint.owners import file_of, file_to_load
from nofb.fingerprint.reached import Reached


class _File(NamedTuple):
    """The present state of a file of the user."""

    text: str  # a hash of it
    is_loaded: bool
    is_edited: bool  # changed since it was loaded


@dataclass(frozen=True)
class _Met:
    """What nofb recorded when it first saw a class in its present form."""

    loaded: str
    files: dict[Path, str]


Code = type | Callable[..., object]

_met: WeakKeyDictionary[Code, _Met] = WeakKeyDictionary()
_first: WeakKeyDictionary[Code, str | None] = WeakKeyDictionary()


def of_class(kind: Code) -> str | None:
    """Return a short hash of the code of a class or a function, `None` if all of it is nofb's.

    Warns
    -----
    StaleCodeWarning
        If one of its files was changed since it was loaded; the hash is of what is loaded.

    Raises
    ------
    UnknownCodeError
        If it uses an object that has no comparable value, such as a lock; if it reads files or the
        environment; if a file was changed before nofb first saw the class.

    Examples
    --------
    >>> from nofb.rules import FeedbackAlignment
    >>> class Mine(FeedbackAlignment):
    ...     __module__ = "__main__"
    ...     strength = 0.5
    >>> before = of_class(Mine)
    >>> Mine.strength = 0.6
    >>> before == of_class(Mine), of_class(FeedbackAlignment)
    (False, None)
    """
    reached = _reached(kind)
    code = _of_own(kind, reached) if reached.has_own else None
    _first.setdefault(kind, code)
    return code


def when_met(kind: Code) -> str | None:
    """Return the first result of `of_class` for a class in this process.

    A run may change values that its rule reads, such as a counter. This does not change the code.
    """
    return _first[kind] if kind in _first else of_class(kind)


def _of_own(kind: Code, reached: Reached) -> str:
    loaded, files = reached.digest(), _files(reached)
    met = _met.get(kind)
    if met is None or met.loaded != loaded:
        for file in files:
            if files[file].is_loaded and files[file].is_edited:
                raise UnknownCodeError(_still_old(file, kind))
        met = _met[kind] = _Met(loaded, {})
    for file, now in files.items():
        if not now.is_loaded:
            met.files[file] = now.text
        elif met.files.setdefault(file, now.text) != now.text:
            warnings.warn(_still_old(file, kind), StaleCodeWarning, stacklevel=3)
    return _short(loaded, *sorted(met.files.values()))


def _still_old(file: Path, kind: Code) -> str:
    return (
        f"{file} was changed after this process had loaded it, and {_called(kind)} "
        "still runs as it was: start Python again to run the new code"
    )


def of_function(function: object) -> str:
    """Return a short hash of the code of a function, or of another value in code."""
    reached = Reached()
    reached.take(function, getattr(function, "__name__", "function"))
    return _short(reached.digest())


def of_work(*functions: Callable[..., object]) -> str:
    """Return a short hash of the code that functions of nofb's upper packages use in a run.

    It combines `of_nofb` and the code that they reach in their own package. A title or a table
    beside them does not count.

    Examples
    --------
    >>> from nofb.papers.learned_feedback import floor
    >>> of_work(floor.floor) == of_work(floor.floor) != of_work(floor.tasks)
    True
    """
    digests = []
    for function in functions:
        reached = Reached(function.__module__.rpartition(".")[0])
        reached.take(function, getattr(function, "__qualname__", "function"))
        digests.append(reached.digest())
    return _short(of_nofb(), *digests)


def _reached(kind: Code) -> Reached:
    root = str(getattr(kind, "__module__", None) or "").partition(".")[0]
    reached = Reached("" if root == "nofb" else root)
    reached.take(kind, _called(kind))
    return reached


def _called(kind: Code) -> str:
    """Return the name of a class or a function; of another callable object, that of its class."""
    return str(getattr(kind, "__qualname__", type(kind).__qualname__))


def _files(reached: Reached) -> dict[Path, _File]:
    """Return each file of the user's modules that the code reaches, and of modules they import."""
    found: dict[Path, _File] = {}
    modules = list(reached.modules)
    for name in modules:  # it grows in this loop
        module = sys.modules.get(name)
        file = file_of(module) if module else file_to_load(name)
        if file is None or file in found or not file.is_file():
            continue
        text, code = _content(file)
        found[file] = _File(text, module is not None, is_edited(name, file))
        package = name if file.stem == "__init__" else name.rpartition(".")[0]
        modules += filter(reached.is_own, _imports(code, {"__package__": package}))
    return found


def _content(file: Path) -> tuple[str, CodeType | None]:
    """Return a hash of a file without its comments, and its code if it is Python."""
    content = file.read_bytes()
    try:
        code = compile(content, "", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):  # already compiled, or damaged since it was loaded
        return hashlib.sha256(content).hexdigest(), None
    text = Reached()
    text.code(code)
    return text.digest(), code


def _imports(code: CodeType | None, there: dict[str, object]) -> Iterator[str]:
    """Yield the modules that a file imports, and the names that may be modules in them."""
    for each in reads(code) if code else ():
        if isinstance(each, Import):
            name = full_name(each, there)
            yield from (name, *(f"{name}.{part}" for part in each.names))


def _short(*texts: str) -> str:
    return hashlib.sha256("".join(texts).encode()).hexdigest()[:12]
