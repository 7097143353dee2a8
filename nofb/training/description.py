"""Describes objects by JSON values, to compare runs: equal objects have equal values.

The arguments of its constructor describe a rule, an optimizer or an initialiser; the rest is state.
"""

from __future__ import annotations

import hashlib
import inspect
import math
from collections.abc import Callable
from enum import Enum
from functools import partial
from typing import Any

import numpy as np

from nofb import fingerprint
from nofb.fingerprint.owners import is_own
from nofb.types import Array


class _Plain:
    """An object that its attributes describe completely."""


def is_plain(value: object) -> bool:
    """Return whether attributes describe an object completely: no slots, no memory of C."""
    return hasattr(value, "__dict__") and type(value).__basicsize__ == _Plain.__basicsize__


def is_fixed(value: object) -> bool:
    """Return whether a value never changes: functions, classes, enums, types, frozen dataclasses.

    Examples
    --------
    >>> is_fixed(math.cos), is_fixed(np.float32), is_fixed([1]), is_fixed(np.random.default_rng(0))
    (True, True, False, False)
    """
    frozen = getattr(getattr(type(value), "__dataclass_params__", None), "frozen", False)
    return frozen or _is_function(value) or isinstance(value, partial | Enum | np.dtype)


def hyper_parameters(thing: object) -> dict[str, Any]:
    """Return the arguments of a constructor, from the attributes of the same names.

    Raises
    ------
    TypeError
        If there is no such attribute, or it cannot be described.

    Examples
    --------
    >>> from nofb import SGD, rules
    >>> hyper_parameters(rules.FeedbackAlignment())
    {'feedback_init': 'nofb.initialisers.uniform_fan_out'}
    >>> hyper_parameters(SGD(lr=0.2))["lr"]
    0.2
    """
    given = {}
    for name in inspect.signature(type(thing)).parameters:
        if name not in vars(thing):
            raise TypeError(
                f"{type(thing).__qualname__} takes {name!r} but keeps no attribute of that name, "
                "so that a checkpoint could not tell what it was given"
            )
        value = vars(thing)[name]
        # The state of a generator is restored, so it is not compared.
        generator = isinstance(value, np.random.Generator)
        given[name] = "a generator" if generator else describe(name, value)
    return given


def describe(name: str, value: Any) -> Any:
    """Return JSON values that identify a value: numbers and strings are unchanged.

    Raises
    ------
    TypeError
        If it cannot be identified, as a function that holds a random generator.

    Examples
    --------
    >>> from nofb.initialisers import scaled, xavier
    >>> describe("init", xavier)
    'nofb.initialisers.xavier'
    >>> describe("init", scaled("xavier", 2.0))
    "partial(function=nofb.initialisers._scaled, args=['nofb.initialisers.xavier', 2.0])"
    >>> describe("init", object())  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    TypeError: init holds <object object at ...>, which a checkpoint cannot tell from another one
    """
    try:
        return _as_json(value)
    except _Unknown as unknown:
        raise TypeError(
            f"{name} holds {unknown.args[0]!r}, which a checkpoint cannot tell from another one"
        ) from None


def digest(*arrays: Array) -> str:
    """Return the first half of the SHA-256 of the content of arrays."""
    total = hashlib.sha256()
    for array in arrays:
        total.update(np.ascontiguousarray(array).reshape(-1).data)
    return total.hexdigest()[:32]


class _Unknown(Exception):  # noqa: N818
    """Holds the object that cannot be described."""


def _is_function(value: object) -> bool:
    return callable(value) and hasattr(value, "__name__")


def _as_json(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or type(value) in (bool, int, str):
        return value
    if type(value) is float:
        return value if math.isfinite(value) else str(value)
    if type(value) in (list, tuple):
        return [_as_json(part) for part in value]
    if type(value) is dict:
        return {str(_as_json(name)): _as_json(part) for name, part in value.items()}
    if type(value) is np.ndarray and not value.dtype.hasobject:
        return f"{value.dtype} {value.shape} {digest(value)}"
    return _in_words(value)


def _in_words(value: Any) -> str:
    if isinstance(value, Enum | np.dtype):
        return str(value)
    if isinstance(value, partial):
        return _call("partial", {"function": value.func, "args": value.args, **value.keywords})
    if inspect.ismethod(value):
        return f"{_as_json(value.__self__)}.{value.__name__}"
    if _is_function(value):
        return _function(value)
    if is_plain(value):
        return _call(type(value).__qualname__, hyper_parameters(value))
    raise _Unknown(value)


def _call(name: str, given: dict[str, Any]) -> str:
    return f"{name}({', '.join(f'{key}={_as_json(part)}' for key, part in given.items())})"


def _function(function: Callable[..., object]) -> str:
    """Return the module and name of a function, and its closure if it is an inner function."""
    # A ufunc of NumPy 1 has no __module__.
    module = getattr(function, "__module__", type(function).__module__)
    name = f"{module}.{getattr(function, '__qualname__', function.__name__)}"
    code = getattr(function, "__code__", None)
    if code is None or not ("<" in name or is_own(function.__module__)):
        return name
    cells = [cell.cell_contents for cell in getattr(function, "__closure__", None) or ()]
    taken = dict(zip(code.co_freevars, cells, strict=True))
    if is_own(function.__module__):
        taken["code"] = fingerprint.of_function(function)
    return _call(name, taken)
