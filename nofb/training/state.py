"""Splits everything that changes during a run into JSON and arrays.

`Collector` visits all attributes and does not depend on a rule or an optimizer. So a custom rule
needs no extra code to be resumed. `Restorer`, in `restorer`, does the reverse.

In the JSON, numbers, strings, true and null are unchanged; all other values are objects with one
entry, whose key is the kind: {"array": "weighted/0/W"}.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from nofb.network import Network
from nofb.training.description import describe, is_fixed, is_plain
from nofb.types import Array

Mapping = dict[Any, Any]

BIT_GENERATORS: dict[str, type[np.random.BitGenerator]] = {
    kind.__name__: kind
    for kind in (
        np.random.PCG64, np.random.PCG64DXSM, np.random.MT19937, np.random.Philox, np.random.SFC64,
    )
}  # fmt: skip


class Collector:
    """Splits objects into JSON and arrays.

    Parameters
    ----------
    net
        A network to which other objects may refer.

    Attributes
    ----------
    arrays
        The arrays by their places, such as "optimizer/state/0.W/v".
    fixed
        By their places, the values that no file can restore: functions and plain objects.

    Examples
    --------
    >>> from nofb import Dense
    >>> collector = Collector(Network([Dense(4, 2)]))
    >>> collector.take({"lr": 0.1, "v": np.zeros(2)}, "mine")
    {'dict': {'lr': 0.1, 'v': {'array': 'mine/v'}}}
    >>> list(collector.arrays)
    ['mine/v']
    """

    def __init__(self, net: Network) -> None:
        self.arrays: dict[str, Array] = {}
        self.fixed: dict[str, str] = {}
        self._places = {"network"}
        self._met: dict[int, tuple[str, object]] = {id(net): ("network", net)}

    def take(self, value: Any, place: str) -> Any:
        """Return the JSON of a value, and keep its arrays.

        Raises
        ------
        TypeError
            If a part could not be restored.
        """
        if value is None or type(value) in (bool, int, str):
            return value
        if type(value) is float:  # JSON has no infinity, and no NaN
            return value if math.isfinite(value) else {"float": str(value)}
        if type(value) is tuple:
            return {"tuple": self._parts(value, place)}
        if id(value) in self._met:
            return {"same": self._met[id(value)][0]}
        if place in self._places:
            raise TypeError(f"two keys of one dictionary are called {place} in a checkpoint")
        self._places.add(place)
        if isinstance(value, np.generic):
            return {"scalar": self._note(np.asarray(value), place)}
        if is_fixed(value):
            self.fixed[place] = str(describe(place, value))
            return {"fixed": self.fixed[place]}
        self._met[id(value)] = place, value  # kept: its id must not be reused
        return self._take_apart(value, place)

    def _take_apart(self, value: Any, place: str) -> dict[str, Any]:
        """Return the JSON of a mutable value."""
        if type(value) is np.ndarray and not value.dtype.hasobject:
            return {"array": self._note(value, place)}
        if isinstance(value, np.random.Generator) and kind_of(value) in BIT_GENERATORS:
            return {"generator": self.take(value.bit_generator.state, f"{place}/state")}
        if type(value) is list:
            return {"list": self._parts(value, place)}
        if type(value) is dict and all(type(key) is str for key in value):
            return {"dict": self._named(value, place)}
        if type(value) is dict:
            return {"table": self._entries(value, place)}
        if is_plain(value):
            self.fixed[place] = type(value).__qualname__
            return {"object": self._named(vars(value), place)}
        raise TypeError(
            f"a checkpoint cannot hold {place}, a {type(value).__qualname__}: it holds arrays, "
            "numbers, strings, generators of numpy.random, lists, tuples, dictionaries, and "
            "objects with such attributes"
        )

    def _note(self, array: Array, place: str) -> str:
        self.arrays[place] = array
        return place

    def _parts(self, parts: Iterable[Any], place: str) -> list[Any]:
        return [self.take(part, f"{place}/{index}") for index, part in enumerate(parts)]

    def _named(self, parts: dict[str, Any], place: str) -> dict[str, Any]:
        return {name: self.take(part, f"{place}/{name}") for name, part in parts.items()}

    def _entries(self, mapping: Mapping, place: str) -> list[list[Any]]:
        entries = []
        for key, part in mapping.items():
            saved = self._key(key, place)
            entries.append([saved, self.take(part, f"{place}/{label(saved)}")])
        return entries

    def _key(self, key: Any, place: str) -> Any:
        if type(key) is tuple:
            return {"tuple": [self._key(part, place) for part in key]}
        if id(key) in self._met:
            return {"same": self._met[id(key)][0]}
        if type(key) in (bool, int, str):
            return key
        kinds = "a string, a whole number or a layer of the network"
        raise TypeError(f"a checkpoint cannot hold {place}: its key {key!r} must be {kinds}")


def kind_of(generator: np.random.Generator) -> str:
    """Return the name of the bit generator, such as "PCG64"."""
    return type(generator.bit_generator).__name__


def label(key: Any) -> str:
    """Return the name of a key in a place: of a layer, its index in `net.weighted`."""
    if not isinstance(key, dict):
        return str(key)
    ((kind, held),) = key.items()
    return held.rsplit("/", 1)[-1] if kind == "same" else ",".join(map(label, held))
