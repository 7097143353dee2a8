"""Checks that the values from a file have the same kinds as those that they replace.

A user's object may change the kinds of its attributes in training. An object of nofb does not,
except for attributes that are `None` at first. So a wrong file made by hand is refused before it is
used.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Any

import numpy as np

from nofb.layers import Activation, Layer
from nofb.layers.base import OWNED, WeightedLayer
from nofb.modules import is_nofb
from nofb.rules import Rule
from nofb.training.description import is_fixed, is_plain

EXACT = (bool, int, str, tuple)  # of a layer: its sizes and switches, which kernels do not check
LATER = (*OWNED, "rule_state")  # of a layer: may be `None` at first


def is_ours(thing: object) -> bool:
    """Return whether the class of an object is one of nofb's.

    Examples
    --------
    >>> from nofb import SGD
    >>> is_ours(SGD()), is_ours(0.1)
    (True, False)
    """
    return is_nofb(type(thing).__module__)


def check_names(now: object, there: set[str], held: Iterable[str], place: str) -> None:
    """Refuse unknown attributes of an object of nofb's, and missing ones.

    Parameters
    ----------
    now, there
        The object, and the names of its attributes.
    held, place
        The names in the file, and their place in it.

    Raises
    ------
    ValueError
        With the place of the attribute.

    Examples
    --------
    >>> from nofb import SGD
    >>> check_names(SGD(), {"lr", "decay"}, ["lr"], "optimizer")
    Traceback (most recent call last):
    ...
    ValueError: it has no optimizer/decay
    """
    if lacking := sorted(there - set(held)):
        raise ValueError(f"it has no {place}/{lacking[0]}")
    for name in sorted(set(held) - there):
        known = hasattr(type(now), name)
        if not (_is_data(getattr(type(now), name)) if known else isinstance(now, Layer)):
            raise ValueError(f"{place}/{name} is nothing that a {type(now).__name__} has")


def check_like(owner: object, name: str, was: Any, filled: Any, place: str) -> None:
    """Refuse a value that is not of the same kind as the one that it replaces.

    Raises
    ------
    ValueError
        With the place, and with both values.

    Examples
    --------
    >>> from nofb import SGD
    >>> check_like(SGD(), "lr", 0.1, "x", "optimizer/lr")
    Traceback (most recent call last):
    ...
    ValueError: optimizer/lr is 'x', but must be like 0.1
    """
    if not _is_like(owner, name, was, filled):
        raise ValueError(f"{place} is {_brief(filled)}, but must be like {_brief(was)}")


def check_made(thing: object) -> None:
    """Refuse attributes that the constructor of the object would refuse.

    Raises
    ------
    TypeError, ValueError
        As the constructor does.
    """
    if isinstance(thing, WeightedLayer | Activation):
        return  # its constructor takes the name of an activation, and keeps the object
    names = inspect.signature(type(thing)).parameters
    given = {name: vars(thing)[name] for name in names if name in vars(thing)}
    several = any(each.kind is each.VAR_POSITIONAL for each in names.values())
    if len(given) == len(names) and not several:
        type(thing)(**given)


def in_place(parts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts that are filled in place, with each list copied to a tuple."""
    some = {name: it for name, it in parts.items() if type(it) is not dict}
    return {name: tuple(it) if type(it) is list else it for name, it in some.items()}


def check_in_place(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Refuse parts of a run that are not the same objects as before.

    Parameters
    ----------
    before, after
        The results of `in_place`.

    Raises
    ------
    ValueError
        With the name of the part.

    Examples
    --------
    >>> check_in_place({"layers": ("a", "b")}, {"layers": ("a",)})
    Traceback (most recent call last):
    ...
    ValueError: layers is not what the run has there
    """
    for name, was in before.items():
        if isinstance(was, tuple):
            now = after.get(name)
            same = type(now) is tuple and [*map(id, was)] == [*map(id, now)]
        else:
            same = name in after and after[name] is was
        if not same:
            raise ValueError(f"{name} is not what the run has there")


def _is_like(owner: object, name: str, was: Any, filled: Any) -> bool:
    if was is None:
        known = isinstance(owner, Layer) and hasattr(type(owner), name) and name not in LATER
        return filled is None or not known
    if isinstance(owner, Rule) and type(was) is type(filled) is int:
        return filled == was  # a number of repetitions: a huge one would never end
    if isinstance(owner, Layer) and type(was) in EXACT:
        return type(filled) is type(was) and filled == was
    if isinstance(was, np.ndarray):
        return type(filled) is np.ndarray and (filled.shape, filled.dtype) == (was.shape, was.dtype)
    if type(was) is not bool and isinstance(was, Real):
        return type(filled) is not bool and isinstance(filled, Real)
    if is_fixed(was) or is_plain(was):
        return filled is was
    return type(filled) is type(was)


def _is_data(value: object) -> bool:
    """Return whether an attribute of a class is a default value, not a method or property."""
    return not callable(value) and not isinstance(value, property)


def _brief(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {value.shape}"
    return (
        repr(value) if isinstance(value, Real | str | tuple | None) else f"a {type(value).__name__}"
    )
