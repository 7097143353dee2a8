"""Modules: whether one belongs to nofb, and the import of the user's own by its name."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from importlib import import_module, invalidate_caches
from pathlib import Path
from types import ModuleType
from typing import Any

from nofb.text import printable

_folders: list[str] = []  # added to the search path: the last current folder


def is_nofb(module: str | None) -> bool:
    """Return whether a module, given its full name, belongs to nofb.

    Examples
    --------
    >>> is_nofb("nofb.rule"), is_nofb("my_rule"), is_nofb(None)
    (True, False, False)
    """
    return str(module).partition(".")[0] == "nofb"


def imported(name: str) -> ModuleType:
    """Import a module, from the current folder too.

    Raises
    ------
    ValueError
        If there is no such module, or it cannot be imported; the sentence gives the reason.
    """
    here = Path.cwd()
    _look_into(str(here))  # absolute, since worker processes get the list and start elsewhere
    try:
        return _of_the_folder(import_module(name), here)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise ValueError(f"{name} cannot be imported: {error}") from error
        file = f"{name.removesuffix('.py').replace('.', '/')}.py"
        hint = f"write {name[:-3]} without .py" if name.endswith(".py") else f"there is no {file}"
        raise ValueError(f"no module is called {name!r}: {hint}") from error
    except (Exception, SystemExit) as error:  # the user's module may raise anything
        raise ValueError(f"{name} cannot be imported: {printable(where(error, name))}") from error


def found_at(address: str, name: str, example: str) -> Any:
    """Return what is at an address such as "my_net:make" or "my_net.py:make".

    Parameters
    ----------
    address
        The address. The current folder is searched too, and the module is run.
    name, example
        The argument, and an address that it can be, for the sentence of an error.

    Raises
    ------
    ValueError
        If there is no such module, or nothing of this name in it.
    """
    place, _, attribute = address.partition(":")
    if not place or not attribute:
        raise ValueError(f"{name} must be module:function, such as {example}, but is {address!r}")
    module = imported(place.removesuffix(".py").replace("/", "."))
    if not hasattr(module, attribute):
        known = [each for each, one in inspect.getmembers(module, inspect.isfunction)
                 if one.__module__ == module.__name__]  # fmt: skip
        raise ValueError(
            f"{place} has no {attribute!r}; the functions in it are: {', '.join(known) or 'none'}"
        )
    return getattr(module, attribute)


def _look_into(folder: str) -> None:
    """Let modules of a folder be found, last: its random.py must not replace Python's."""
    for earlier in _folders:
        if earlier in sys.path:
            sys.path.remove(earlier)
    _folders.clear()
    if folder not in sys.path:
        sys.path.append(folder)
        _folders.append(folder)
    invalidate_caches()


def _of_the_folder(module: ModuleType, here: Path) -> ModuleType:
    """Refuse a module that hides a file of the same name in the current folder."""
    name = module.__name__.partition(".")[0]
    there = getattr(sys.modules[name], "__file__", None)
    mine = [file for file in (here / f"{name}.py", here / name / "__init__.py") if file.exists()]
    if mine and (there is None or not Path(there).resolve().is_relative_to(here.resolve())):
        raise ImportError(
            f"Python has another module of that name ({there or 'built in'}), "
            f"so give {mine[0].relative_to(here)} another one"
        )
    return module


def made(make: Callable[..., Any], what: str, *given: Any, **named: Any) -> Any:
    """Return what a function of the user makes.

    Raises
    ------
    ValueError
        If it raises anything, or ends the program; the sentence begins with `what`.
    """
    try:
        return make(*given, **named)
    except (Exception, SystemExit) as error:  # the user's function may raise anything
        reason = where(error, getattr(make, "__module__", ""))
        raise ValueError(f"{what} cannot be made: {reason}") from error


def where(error: BaseException, name: str) -> str:
    """Return the error, and the line it is in."""
    line = getattr(error, "lineno", None)
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_globals.get("__name__") == name:
            line = trace.tb_lineno
        trace = trace.tb_next
    place = "" if line is None else f" in line {line}"
    return f"{type(error).__name__}{place}: {getattr(error, 'msg', None) or error}"
