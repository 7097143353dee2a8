"""Arrays with their names, and the blocks that show them and functions."""

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
    gives: Layer | None = None  # the layer that will compute the array, while a network is built


@dataclass(frozen=True)
class Block:
    """A function, or arrays, to be shown in a terminal or a notebook."""

    rows: tuple[
        tuple[Line | None, tuple[Value, ...]], ...
    ] = ()  # lines, and the values beside them
    heading: str = ""  # the name of a function
    says: str = ""
    title: str = ""  # where a new part starts
    depth: int = 0  # the number of its callers among the shown functions


def of_function(function: Function, heading: str) -> Block:
    """Return the block of a function's source."""
    return Block(tuple((line, ()) for line in function.lines), heading, function.says)


def of_values(values: Iterable[Value], title: str, says: str = "") -> Block:
    """Return the block of arrays."""
    return Block(tuple((None, (each,)) for each in values), says=says, title=title)


def named(names: Mapping[str, Any], net: Network | None) -> tuple[Value, ...]:
    """Return the values of names that are arrays, numbers or layers of the network.

    While a network is built there are no arrays yet, and each layer represents its output.
    """
    if net is None:
        return tuple(_to_come(name, value) for name, value in _one_by_one(names)
                     if isinstance(value, Layer))  # fmt: skip
    contents = ((name, _content(value, net)) for name, value in names.items())
    return tuple(Value(name, each) for name, each in contents if each is not None)


def returned(value: Any, net: Network | None) -> tuple[Value, ...]:
    """Return the results of a function, one or several."""
    parts = value if isinstance(value, tuple | list) else (value,)
    return tuple(each for part in parts for each in named({"returned": part}, net))


def changed(before: Iterable[Value], after: Iterable[Value]) -> tuple[Value, ...]:
    """Return the values that have changed."""
    held = {each.name: each.content for each in before}
    return tuple(
        each
        for each in after
        if type(held.get(each.name)) is not type(each.content)
        or not np.array_equal(held[each.name], each.content, equal_nan=is_array(each.content))
    )


def layer_of(arguments: Iterable[Any], net: Network | None) -> str:
    """Return the layer of a call: the first layer in its arguments, also in maps or in a list."""
    for value in arguments if net else ():
        while isinstance(value, list | tuple) and value:  # of layers, the first; of maps, its layer
            value = value[0]
        for part in value.parts if isinstance(value, Chain) else (value,):
            if net and isinstance(part, WeightedLayer) and part in net.weighted:
                return f", layer {net.weighted.index(part) + 1}"
    return ""


def is_array(value: Any) -> TypeGuard[Array]:
    """Return whether an object is an array of real numbers or of truth values."""
    return isinstance(value, np.ndarray) and value.dtype.kind in "biuf"


def _one_by_one(names: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield names and their values; each layer of a list separately."""
    for name, value in names.items():
        if isinstance(value, list | tuple) and any(isinstance(each, Layer) for each in value):
            yield from ((f"{name}[{index}]", each) for index, each in enumerate(value))
        else:
            yield name, value


def _to_come(name: str, layer: Layer) -> Value:
    return Value(name, f"the output of layer {id(layer)}", layer)


def _content(value: Any, net: Network) -> Array | float | str | None:
    if isinstance(value, WeightedLayer) and value in net.weighted:
        sizes = f"{value.n_in} → {value.n_out}"
        return f"layer {net.weighted.index(value) + 1}: {sizes}, {value.activation.name}"
    return value.copy() if is_array(value) else value if isinstance(value, float) else None
