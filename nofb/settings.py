"""Hyper-parameters: fields of a dataclass, each with its default and its bounds on one line.

A class with such fields calls `check` in its `__post_init__`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from nofb import checks, initialisers

CHECK, WORDS = "check", "words"  # where a field keeps its bounds, as a function and in words


def number(default: float | None, *, optional: bool = False, **bounds: float) -> Any:
    """Return a field for a number; the bounds are those of `checks.number`."""
    said = " and ".join(checks.bounds_in_words(**bounds))
    return _field(default, lambda name, given: checks.number(name, given, **bounds), optional, said)


def numbers(default: None, **bounds: float) -> Any:
    """Return a field for a list of numbers, each in the bounds of `checks.number`, or `None`."""

    def each(name: str, given: Any) -> tuple[float, ...]:
        listed = checks.listed(name, given)
        return tuple(checks.number(f"a number in {name}", one, **bounds) for one in listed)

    said = " and ".join(checks.bounds_in_words(**bounds))
    return _field(default, each, True, f"numbers {said}")


def whole(default: int | None, *, optional: bool = False, least: int = 1) -> Any:
    """Return a field for a whole number."""
    said = f"a whole number, at least {least}"
    return _field(default, lambda name, given: checks.whole(name, given, least), optional, said)


def choice(default: str | None, allowed: Iterable[str], *, optional: bool = False) -> Any:
    """Return a field for one of some names."""
    allowed = list(allowed)

    def one(name: str, given: Any) -> Any:
        checks.choice(name, given, allowed)
        return given

    return _field(default, one, optional, f"one of {', '.join(allowed)}")


def switch(default: bool) -> Any:
    """Return a field for `True` or `False`."""
    return _field(default, checks.switch, said="True or False")


def initialiser(default: str) -> Any:
    """Return a field for the name of an initialiser, or a function that is one."""
    said = "an initialiser's name or function"
    return _field(default, lambda name, given: initialisers.get(given, name), said=said)


def fixed(value: object) -> Any:
    """Return a field that a subclass sets, and that is not an argument."""
    return dataclasses.field(default=value, init=False)


def check(settings: Any) -> None:
    """Check every field of a dataclass against its bounds.

    A subclass may change the default of a field by a plain value; the bounds stay.

    Parameters
    ----------
    settings
        A dataclass; each field is set to what its check returns.

    Raises
    ------
    TypeError, ValueError
        If a value is out of its bounds; the sentence names the field.

    Examples
    --------
    >>> @dataclasses.dataclass
    ... class Mirror:
    ...     decay: float = number(0.02, least=0, below=1)
    >>> check(Mirror(decay=2))
    Traceback (most recent call last):
    ...
    ValueError: decay must be finite and at least 0 and less than 1, but is 2
    """
    for each in dataclasses.fields(settings):
        _take_override(settings, each)
        if (bounds := _bounds(type(settings), each.name)) is not None:
            setattr(settings, each.name, bounds(each.name, getattr(settings, each.name)))


def checked(kind: type, name: str, value: Any) -> Any:
    """Return a value for a field of a dataclass, after the check of its bounds if it has any.

    Examples
    --------
    >>> @dataclasses.dataclass
    ... class Mirror:
    ...     decay: float = number(0.02, least=0, below=1)
    >>> checked(Mirror, "decay", 1)
    Traceback (most recent call last):
    ...
    ValueError: decay must be finite and at least 0 and less than 1, but is 1
    """
    bounds = _bounds(kind, name)
    return value if bounds is None else bounds(name, value)


def _take_override(settings: Any, field: dataclasses.Field[Any]) -> None:
    """Use a plain value in the body of a subclass as the default, also without `@dataclass`.

    Without this, Python would ignore it: a dataclass keeps the defaults of its fields elsewhere.
    """
    declared = getattr(type(settings), field.name, field.default)
    overridden = declared is not field.default and not isinstance(declared, property)
    if field.init and overridden and getattr(settings, field.name, declared) is field.default:
        setattr(settings, field.name, declared)


def changed(settings: Any) -> dict[str, Any]:
    """Return the fields that differ from their defaults, by name.

    Examples
    --------
    >>> @dataclasses.dataclass
    ... class Mirror:
    ...     decay: float = number(0.02, least=0, below=1)
    ...     samples: int = whole(64)
    >>> changed(Mirror(samples=8))
    {'samples': 8}
    """
    return {
        each.name: value
        for each in dataclasses.fields(settings)
        if each.init and (value := getattr(settings, each.name)) != _default(type(settings), each)
    }


def written(value: Any) -> str:
    """Return a setting as code; an initialiser of nofb is written by its name.

    Examples
    --------
    >>> written(0.5), written(initialisers.xavier)
    ('0.5', "'xavier'")
    """
    names = {each: name for name, each in initialisers.INITIALISERS.items()}
    return repr(names.get(value, value) if callable(value) else value)


def _default(kind: type, field: dataclasses.Field[Any]) -> Any:
    """Return the default of a field, after its check."""
    default = field.default
    if field.default_factory is not dataclasses.MISSING:
        default = field.default_factory()
    return default if default is dataclasses.MISSING else checked(kind, field.name, default)


def words(kind: type, name: str) -> str:
    """Return the bounds of a field in words, "" if it has none.

    Examples
    --------
    >>> @dataclasses.dataclass
    ... class Mirror:
    ...     decay: float = number(0.02, least=0, below=1)
    >>> words(Mirror, "decay")
    'at least 0 and less than 1'
    """
    return str(_stated(kind, name).get(WORDS, ""))


def _bounds(kind: type, name: str) -> Callable[[str, Any], Any] | None:
    """Return the check of a field, from the nearest class that defines one."""
    return _stated(kind, name).get(CHECK)


def _stated(kind: type, name: str) -> Mapping[str, Any]:
    """Return the metadata of a field, from the nearest class that states its bounds."""
    for each in kind.__mro__:
        stated = vars(each).get("__dataclass_fields__", {}).get(name)
        if stated is not None and CHECK in stated.metadata:
            found: Mapping[str, Any] = stated.metadata
            return found
    return {}


def _field(
    default: Any, one: Callable[[str, Any], Any], optional: bool = False, said: str = ""
) -> Any:
    def checked(name: str, given: Any) -> Any:
        return None if optional and given is None else one(name, given)

    said = f"{said}, or None" if said and optional else said
    return dataclasses.field(default=default, metadata={CHECK: checked, WORDS: said})
