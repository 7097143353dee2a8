"""One step of the page: lines of code, the arrays that they read, and those that they make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from nofb.explain.headers import Equation
from nofb.explain.reader import Function, Line
from nofb.explain.reads import SLOPE
from nofb.explain.values import Value, is_array
from nofb.types import Array

Content = Array | float | str


@dataclass(frozen=True)
class Call:
    """A function, and those of its lines that run."""

    function: Function
    lines: tuple[Line, ...]

    @property
    def equations(self) -> tuple[Equation, ...]:
        """The equations of these lines."""
        return tuple(dict.fromkeys(each for line in self.lines for each in line.equations))


@dataclass(frozen=True)
class Operand:
    """An array or a number in a step."""

    name: str  # in the code: "layer.B"
    same_as: str  # its name in the network: "B_2"; "" for none
    content: Content
    before: Content | None = None  # its content before the step, if it had one


@dataclass(frozen=True)
class Event:
    """One step of the page."""

    phase: str  # the part of the update that it belongs to
    title: str
    says: str = ""
    call: Call | None = None
    callers: tuple[Call, ...] = ()  # the lines that wait for it, outermost first
    reads: tuple[Operand, ...] = ()
    makes: tuple[Operand, ...] = ()
    sets: tuple[Value, ...] = ()  # the arrays of the network that are new or have changed
    layer: int = 0  # the layer that it is about; 0 for none

    @property
    def uses(self) -> list[str]:
        """The names in the network of all arrays that it reads, makes or changes."""
        operands = [each.same_as for each in (*self.reads, *self.makes) if each.same_as]
        if any(each.name == SLOPE for each in self.reads):
            operands.append(f"a_{self.layer}")
        return list(dict.fromkeys([*operands, *(each.name for each in self.sets)]))


class State:
    """The arrays of the network by name, as they are at one step."""

    def __init__(self) -> None:
        self.held: dict[str, Content] = {}

    def set(self, values: Iterable[Value]) -> None:
        """Change some arrays, or add them."""
        self.held |= {value.name: value.content for value in values}

    def name_of(self, content: Content) -> str:
        """Return the name of an array with this content, the last one that was added; or ""."""
        if not is_array(content) or content.size == 1 or not content.any():
            return ""  # there are too many equal ones
        names = (name for name, each in reversed(self.held.items()) if equal(each, content))
        return next(names, "")

    def reading(self, values: Iterable[Value]) -> tuple[Operand, ...]:
        """Return what a step reads, without layers in words, and each array once."""
        found = {each.name: each.content for each in values if not isinstance(each.content, str)}
        return tuple(Operand(name, self.name_of(each), each) for name, each in found.items())

    def changed(self, values: Iterable[Value]) -> tuple[Value, ...]:
        """Return the values that differ from what is held."""
        return tuple(each for each in values if not equal(self.held.get(each.name), each.content))

    def making(
        self, values: Iterable[Value], sets: Iterable[Value], old: Mapping[str, Content]
    ) -> tuple[Operand, ...]:
        """Return what a step makes, and then what else it changes in the network.

        Parameters
        ----------
        values
            The results by their names in the code.
        sets
            The arrays of the network that the step changes; they are not held yet.
        old
            The earlier contents of names in the code.
        """
        new = {each.name: each.content for each in sets}
        made = []
        for each in values:
            alias = alias_in(new, each)
            before = self.held.get(alias) if alias else _replaced(old.get(each.name), each.content)
            alias = alias or self.name_of(each.content)
            made.append(Operand(each.name, alias, each.content, before))
        known = {each.same_as for each in made}
        made += [Operand(name, name, content, self.held.get(name))
                 for name, content in new.items() if name not in known]  # fmt: skip
        return tuple(made)


def equal(one: Content | None, other: Content | None) -> bool:
    """Return whether two contents are the same."""
    if is_array(one) and is_array(other):
        return one.shape == other.shape and np.array_equal(one, other, equal_nan=True)
    return type(one) is type(other) and bool(one == other)


def alias_in(new: Mapping[str, Content], value: Value) -> str:
    """Return the name of a value among arrays that are set: its own, or that of an equal one."""
    if value.name in new:
        return value.name
    names = (name for name, each in new.items() if equal(each, value.content))
    return next(names, "")


def _replaced(old: Content | None, new: Content) -> Content | None:
    """Return the old content, if the new one is the same array after a change."""
    same = is_array(old) and is_array(new) and old.shape == new.shape
    return old if same and not equal(old, new) else None
