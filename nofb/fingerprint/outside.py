"""What a function depends on besides code: files, the environment, and imports by name.

A hash of the code does not show whether one of these has changed.
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

# Recognised as objects, under any name.
VALUES = (
    open, exec, eval, __import__, importlib.import_module, importlib.util.spec_from_file_location,
    np.load, np.loadtxt, np.genfromtxt, np.fromfile, np.memmap, os.environ, os.getenv, os.open,
)  # fmt: skip

# Recognised by name, since their object is only known when the code runs.
NAMES = {
    "open", "read_text", "read_bytes", "loadtxt", "genfromtxt", "fromfile", "memmap",
    "environ", "getenv", "import_module", "__import__", "spec_from_file_location", "exec_module",
}  # fmt: skip


class UnknownCodeError(ValueError):
    """Code uses something that nofb cannot compare with its earlier state."""


def refusal(who: str, name: str) -> UnknownCodeError:
    """Return the error for user code that uses something with this name."""
    return UnknownCodeError(
        f"{who} uses {name}, so that it depends on more than its code (what it reads can be a "
        "global value of its module instead)"
    )


def is_outside(value: object) -> bool:
    """Return whether a value gives access to something that is not code, such as `open`."""
    return any(value is each for each in VALUES)


def outside(function: FunctionType) -> str | None:
    """Return the first name through which a function uses something that is not code, or `None`.

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
    """Yield the attributes of a module, or of a module in it, that `is_outside` finds."""
    for attribute in attributes:
        if not isinstance(value, ModuleType):
            return
        value = getattr(value, attribute, None)
        if is_outside(value):
            yield attribute


def _names(code: CodeType) -> Iterator[str]:
    """Yield the names of globals and attributes in a function and its inner functions."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
