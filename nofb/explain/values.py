"""Arrays with their names, and what is shown of them and of functions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

import numpy as np

from nofb.explain.reader import Function, Line
from nofb.layers import Chain, Layer, WeightedLayer
from nofb.network import Network
from nofb.types import Array


@dataclass(frozen=True)
class Value:
    """A copy of an array, a number, or a layer in words, with its name."""

    name: str
    content: Array | float | str
    gives: Layer | None = None  # what will give the array, while a network is put together


@dataclass(frozen=True)
class Block:
    """A function, or arrays, as a terminal and a notebook show it."""

    rows: tuple[tuple[Line | None, tuple[Value, ...]], ...] = ()  # lines, and what is beside them
    heading: str = ""  # the name of a function
    says: str = ""
    title: str = ""  # where a new part begins
    depth: int = 0  # how many of the functions that are shown have called it


def of_function(function: Function, heading: str) -> Block:
    """Return what is shown of a function's source."""
    return Block(tuple((line, ()) for line in function.lines), heading, function.says)


def of_values(values: Iterable[Value], title: str, says: str = "") -> Block:
    """Return what is shown of arrays."""
    return Block(tuple((None, (each,)) for each in values), says=says, title=title)


def named(names: Mapping[str, Any], net: Network | None) -> tuple[Value, ...]:
    """Return those arrays, numbers and layers of the network that names stand for.

    While a network is put together there is none yet, and each layer stands for what it will give.
    """
    if net is None:
        return tuple(_to_come(name, value) for name, value in _one_by_one(names)
                     if isinstance(value, Layer))  # fmt: skip
    contents = ((name, _content(value, net)) for name, value in names.items())
    return tuple(Value(name, each) for name, each in contents if each is not None)


def returned(value: Any, net: Network | None) -> tuple[Value, ...]:
    """Return what a function gives back, one or several."""
    parts = value if isinstance(value, tuple | list) else (value,)
    return tuple(each for part in parts for each in named({"returned": part}, net))


def changed(before: Iterable[Value], after: Iterable[Value]) -> tuple[Value, ...]:
    """Return those values that are not what they were."""
    held = {each.name: each.content for each in before}
    return tuple(
        each
        for each in after
        if type(held.get(each.name)) is not type(each.content)
        or not np.array_equal(held[each.name], each.content, equal_nan=is_array(each.content))
    )


def layer_of(arguments: Iterable[Any], net: Network | None) -> str:
    """Say which layer a call is for: the first that it is given, alone, in maps or in a list."""
    for value in arguments if net else ():
        while isinstance(value, list | tuple) and value:  # of layers, the lowest; of maps, its own
            value = value[0]
        for part in value.parts if isinstance(value, Chain) else (value,):
            if net and isinstance(part, WeightedLayer) and part in net.weighted:
                return f", layer {net.weighted.index(part) + 1}"
    return ""


def is_array(value: Any) -> TypeGuard[Array]:
    """Return whether something is an array of real numbers, or of truth values."""
    return isinstance(value, np.ndarray) and value.dtype.kind in "biuf"


def _one_by_one(names: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Give names and what they stand for; of a list of layers, each one."""
    for name, value in names.items():
        if isinstance(value, list | tuple) and any(isinstance(each, Layer) for each in value):
            yield from ((f"{name}[{index}]", each) for index, each in enumerate(value))
        else:
            yield name, value


def _to_come(name: str, layer: Layer) -> Value:
    return Value(name, f"what layer {id(layer)} gives", layer)


def _content(value: Any, net: Network) -> Array | float | str | None:
    if isinstance(value, WeightedLayer) and value in net.weighted:
        sizes = f"{value.n_in} → {value.n_out}"
        return f"layer {net.weighted.index(value) + 1}: {sizes}, {value.activation.name}"
    return value.copy() if is_array(value) else value if isinstance(value, float) else None
