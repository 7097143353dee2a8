"""What is in reach of a line: the arrays of the layers, the trace and the rule, and its own names.

An array is known by the memory it lies in, so that `delta` and `signal`, if they are one array, are
shown as one, and a change is shown once, at the innermost line that made it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

import numpy as np

from nofb.explain.running import Example
from nofb.layers import WeightedLayer
from nofb.trace import Trace
from nofb.types import Array

Place = tuple[int, tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True)
class Value:
    """An array, a number or a layer, as a line left it.

    Attributes
    ----------
    names
        What it is called; two names are two names of one array.
    content
        A copy of the array, the number, or what the layer is, in words.
    """

    names: tuple[str, ...]
    content: Array | float | str


class Memory:
    """Remembers what every array in reach held when it was last looked at.

    Parameters
    ----------
    small
        The network, the rule and the trace whose arrays are always in reach.
    """

    def __init__(self, small: Example) -> None:
        self.small = small
        self.seen: dict[Place, tuple[Array, Array]] = {}  # the array itself stays, and so its place

    def start(self) -> tuple[Value, ...]:
        """Return the batch and the arrays of the network, and take note of all that is in reach."""
        for _, array in self._reach():
            self._note(array)
        return tuple(_grouped([*self._of_batch(), *self._of_layers()]))

    def names(self, names: Mapping[str, Any]) -> dict[str, object]:
        """Return what the names of a function stand for as it begins, and take note of arrays."""
        for value in names.values():
            if _is_array(value):
                self._note(value)
        return {name: _identity(value) for name, value in names.items()}

    def changes(
        self, before: dict[str, object], names: Mapping[str, Any], whole: bool
    ) -> tuple[Value, ...]:
        """Return what a line made or changed; `before` is brought up to date.

        Parameters
        ----------
        before
            What the names of the function stood for before the line.
        names
            What they stand for now.
        whole
            Whether an array that only got one more name is shown in full, or by its other name.
        """
        new = {name for name, value in names.items() if before.get(name) != _identity(value)}
        before.update({name: _identity(value) for name, value in names.items()})
        own = {name: value for name, value in names.items() if _is_array(value)}
        reach = dict(self._reach())
        changed = {_place(each) for each in (*own.values(), *reach.values()) if self._differs(each)}
        others = {_place(value): name for name, value in (*own.items(), *reach.items())
                  if name not in new}  # fmt: skip
        found: list[tuple[str, Any]] = [
            (name, self._said(names[name])) for name in names if name in new - own.keys()
        ]
        for name, value in sorted(own.items(), key=lambda each: each[0] not in new):
            known = not whole and _place(value) in others
            if _place(value) in changed or (name in new and not known):
                found.append((name, value))
            elif name in new:
                found.append((name, others[_place(value)]))
        local = set(map(_place, own.values()))
        found += [each for each in reach.items() if _place(each[1]) in changed - local]
        for value in (*own.values(), *reach.values()):
            self._note(value)
        return tuple(_grouped((name, value) for name, value in found if value is not None))

    def _said(self, value: Any) -> float | str | None:
        """Return a number, or which layer it is; nothing of anything else."""
        weighted = self.small.net.weighted
        if isinstance(value, WeightedLayer) and value in weighted:
            sizes = f"{value.n_in} → {value.n_out}"
            return f"layer {weighted.index(value) + 1}: {sizes}, {value.activation.name}"
        return value if isinstance(value, float) else None

    def _differs(self, array: Array) -> bool:
        """Say whether an array holds something else than when it was last looked at."""
        if _place(array) not in self.seen:
            return bool(np.any(array))  # room that was just made holds nothing yet
        return not np.array_equal(self.seen[_place(array)][1], array, equal_nan=True)

    def _note(self, array: Array) -> None:
        self.seen[_place(array)] = array, array.copy()

    def _reach(self) -> Iterator[tuple[str, Array]]:
        """Give every array in reach, with its name and the number of its layer."""
        yield from self._of_batch()
        yield from self._of_layers()
        yield from self._of_trace(self.small.trace)
        if self.small.trace.second is not None:
            yield from self._of_trace(self.small.trace.second, "noisy.")
        for name, value in vars(self.small.rule).items():
            if _is_array(value):
                yield name, value

    def _of_batch(self) -> Iterator[tuple[str, Array]]:
        yield "x", self.small.x
        yield "y", self.small.target

    def _of_layers(self) -> Iterator[tuple[str, Array]]:
        for number, layer in enumerate(self.small.net.weighted, 1):
            arrays: dict[int, tuple[str, Array]] = {}
            inverse = {"c": layer.inverse.b} if layer.inverse else {}
            for part in (vars(layer), inverse, getattr(layer.rule_state, "__dict__", {})):
                for name, value in part.items():
                    if _is_array(value):
                        arrays.setdefault(id(value), (f"{name}_{number}", value))
            yield from arrays.values()

    def _of_trace(self, trace: Trace, prefix: str = "") -> Iterator[tuple[str, Array]]:
        for number, layer in enumerate(self.small.net.weighted, 1):
            for name, array in trace[layer].arrays.items():
                yield f"{prefix}{name}_{number}", array
            update = trace.update(layer)
            for name, array in vars(update).items():
                if array is not None:
                    yield f"{prefix}{name}_{number}", array


def given_arrays(given: Any) -> tuple[Value, ...]:
    """Return the arrays that a function gave back, alone or in a tuple."""
    parts = given if isinstance(given, tuple) else (given,)
    return tuple(Value(("given",), each.copy()) for each in parts if _is_array(each))


def _grouped(found: Iterable[tuple[str, Any]]) -> Iterator[Value]:
    """Bring together the names that stand for one array."""
    arrays: dict[object, tuple[list[str], Any]] = {}
    for name, value in found:
        array = _is_array(value)
        key, content = (_place(value), value.copy()) if array else (name, value)
        arrays.setdefault(key, ([], content))[0].append(name)
    yield from (Value(tuple(names), content) for names, content in arrays.values())


def _identity(value: Any) -> object:
    """Return what tells whether a name stands for something else than before."""
    if _is_array(value):
        return _place(value)
    return value if isinstance(value, float) else id(value)


def _is_array(value: Any) -> TypeGuard[Array]:
    """Say whether something is an array of real numbers, or of truth values."""
    return isinstance(value, np.ndarray) and value.dtype.kind in "biuf"


def _place(array: Array) -> Place:
    """Return where an array lies in memory, and how."""
    return array.ctypes.data, array.shape, array.strides
