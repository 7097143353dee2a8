"""What a function depends on besides code: files, the environment, and imports by a name.

A hash of the code cannot tell whether any of these has changed.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from nofb.fingerprint.names import Import, full_name, reads

# Found by what they are, under whatever name.
VALUES = (
    open, exec, eval, __import__, importlib.import_module, importlib.util.spec_from_file_location,
    np.load, np.loadtxt, np.genfromtxt, np.fromfile, np.memmap, os.environ, os.getenv, os.open,
)  # fmt: skip

# Found by their name, since the object that they belong to is only known when the code runs.
NAMES = {
    "open", "read_text", "read_bytes", "loadtxt", "genfromtxt", "fromfile", "memmap",
    "environ", "getenv", "import_module", "__import__", "spec_from_file_location", "exec_module",
}  # fmt: skip


class UnknownCodeError(ValueError):
    """Nobody can tell whether something that code uses is still the same."""


def refusal(who: str, name: str) -> UnknownCodeError:
    """Return the error for somebody's code that uses something of this name."""
    return UnknownCodeError(
        f"{who} uses {name}, so that it depends on more than its code (what it reads can be a "
        "global value of its module instead)"
    )


def is_outside(value: object) -> bool:
    """Say whether a value is a door to something that is not code, such as `open`."""
    return any(value is each for each in VALUES)


def outside(function: FunctionType) -> str | None:
    """Return the first thing that is not code and that a function uses, `None` if there is none.

    Examples
    --------
    >>> outside(lambda path: path.read_text()), outside(lambda: np.load("a.npy"))
    ('read_text', 'load')
    >>> outside(lambda x: np.tanh(x)) is None
    True
    """
    there, names = function.__globals__, set(_names(function.__code__))
    if found := sorted((names & NAMES) - there.keys()):
        return found[0]
    for each in sorted(reads(function.__code__)):
        if isinstance(each, Import):
            module = sys.modules.get(full_name(each, there))
            row = [name for name in sorted(names) if is_outside(getattr(module, name, None))]
        elif each.name in there:
            row = list(_doors(there[each.name], each.attributes))
        else:
            row = [each.name] if is_outside(getattr(builtins, each.name, None)) else []
        if row:
            return row[0]
    return None


def _doors(value: Any, attributes: tuple[str, ...]) -> Iterator[str]:
    """Give those attributes of a module, or of a module in it, that are such doors."""
    for attribute in attributes:
        if not isinstance(value, ModuleType):
            return
        value = getattr(value, attribute, None)
        if is_outside(value):
            yield attribute


def _names(code: CodeType) -> Iterator[str]:
    """Give the names of globals and attributes in a function and the functions inside it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
