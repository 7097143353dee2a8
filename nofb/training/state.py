"""Everything that changes while a run goes on, taken apart into JSON and arrays, and put back.

`Collector` walks from attribute to attribute and knows no rule and no optimizer, so one that learns
needs no code of its own to be resumed. `Restorer` goes the same way and fills in place what is
there, since others may hold the same arrays.

In the JSON, numbers, strings, true and null are themselves; the rest are objects with one entry,
which says what it is: {"array": "weighted/0/W"}.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from nofb.layers import Layer
from nofb.network import Network
from nofb.training import kinds
from nofb.training.description import describe, is_fixed, is_plain
from nofb.types import Array

Mapping = dict[Any, Any]

KINDS = ("array", "generator", "list", "object", "dict", "table")  # what a `Restorer` can fill
BIT_GENERATORS: dict[str, type[np.random.BitGenerator]] = {
    kind.__name__: kind
    for kind in (
        np.random.PCG64, np.random.PCG64DXSM, np.random.MT19937, np.random.Philox, np.random.SFC64,
    )
}  # fmt: skip


class Collector:
    """Takes things apart.

    Parameters
    ----------
    net
        A network that other things may refer to.

    Attributes
    ----------
    arrays
        The arrays by their places, such as "optimizer/state/0.W/v".
    fixed
        By their places, the things that no file can bring back: functions, and objects as such.

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
        """Return the JSON of a value, and note its arrays.

        Raises
        ------
        TypeError
            If a part could not be put back.
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
        self._met[id(value)] = place, value  # held: its id must not be given to another object
        return self._take_apart(value, place)

    def _take_apart(self, value: Any, place: str) -> dict[str, Any]:
        """Return the JSON of something that may change."""
        if type(value) is np.ndarray and not value.dtype.hasobject:
            return {"array": self._note(value, place)}
        if isinstance(value, np.random.Generator) and _kind(value) in BIT_GENERATORS:
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


class Restorer:
    """Puts things together again.

    Parameters
    ----------
    net
        The network that other things may refer to.
    arrays
        Those of a `Collector`.

    Examples
    --------
    >>> from nofb import Dense
    >>> net, mine = Network([Dense(4, 2)]), np.zeros(2)
    >>> Restorer(net, {"v": np.ones(2)}).put({"array": "v"}, mine, "v") is mine, mine.tolist()
    (True, [1.0, 1.0])
    """

    def __init__(self, net: Network | None, arrays: dict[str, Array]) -> None:
        self.arrays = arrays
        self._there: dict[str, Any] = {"network": net}
        self._filled: dict[int, object] = {}

    def put_parts(self, saved: dict[str, Any], parts: dict[str, Any]) -> dict[str, Any]:
        """Return what each part became; lists and objects are filled where they are.

        Raises
        ------
        ValueError
            As for `put`; and if a list or an object in the file is not the one to be filled.
        """
        before = kinds.in_place(parts)
        filled = {name: self.put(saved[name], part, name) for name, part in parts.items()}
        kinds.check_in_place(before, kinds.in_place(filled))
        return filled

    def put(self, saved: Any, now: Any, place: str) -> Any:
        """Return what `Collector.take` was given, made of `now` as far as it can be filled.

        Raises
        ------
        ValueError
            If a part is none that this nofb writes, or an array of a layer has another shape.
        """
        if not isinstance(saved, dict):
            return saved
        ((kind, held),) = saved.items()
        if kind == "float":
            return float(held)
        if kind == "scalar":
            return self.arrays[held][()]
        if kind == "fixed":
            if not is_fixed(now):
                raise ValueError(
                    f"{place} is {held} in the checkpoint, which no file can bring back"
                )
            return now
        if kind == "same":
            return self._there[held]
        if kind == "tuple":
            return tuple(self._parts(held, now, place))
        if id(now) in self._filled:
            now = None  # two things that were one when they were made have parted since
        self._filled[id(now)] = now
        return self._fill(kind, held, now, place)

    def _fill(self, kind: str, held: Any, now: Any, place: str) -> Any:
        if kind not in KINDS:
            raise ValueError(
                f"the checkpoint holds {place} as {kind!r}, which this nofb does not know: it was "
                "written by another version"
            )
        if kind == "array":
            self._there[place] = _fill_array(self.arrays[held], now, place)
        elif kind == "generator":
            self._there[place] = fill_generator(self.put(held, None, f"{place}/state"), now)
        elif kind == "list":
            self._there[place] = now if type(now) is list else []
            self._there[place][:] = self._parts(held, now, place)
        elif kind == "object":
            self._there[place] = now
            self._fill_object(held, now, place)
        else:
            self._there[place] = now if type(now) is dict else {}
            entries = held.items() if kind == "dict" else held
            self._fill_mapping(entries, self._there[place], place)
        return self._there[place]

    def _fill_object(self, held: dict[str, Any], now: Any, place: str) -> None:
        if not is_plain(now):
            raise ValueError(f"the checkpoint holds an object at {place}, where there is {now!r}")
        ours, attributes, names = kinds.is_ours(now), vars(now), set(vars(now))
        for name, part in held.items():
            was = attributes.get(name, getattr(type(now), name, None) if ours else None)
            filled = self.put(part, was, f"{place}/{name}")
            if ours:
                kinds.check_like(now, name, was, filled, f"{place}/{name}")
            if isinstance(now, Layer):
                setattr(now, name, filled)  # a layer checks its arrays and its sizes
            else:
                attributes[name] = filled
        if ours:
            kinds.check_names(now, names, held, place)
            kinds.check_made(now)

    def _fill_mapping(self, entries: Any, now: Mapping, place: str) -> None:
        parts = {}
        for saved, part in entries:
            key = self.put(saved, None, place)
            parts[key] = self.put(part, now.get(key), f"{place}/{label(saved)}")
        now.clear()
        now.update(parts)

    def _parts(self, held: list[Any], now: Any, place: str) -> list[Any]:
        there = now if type(now) in (list, tuple) else ()
        pairs = zip(held, [*there, *[None] * len(held)], strict=False)
        return [self.put(part, it, f"{place}/{index}") for index, (part, it) in enumerate(pairs)]


def _fill_array(saved: Array, now: Any, place: str) -> Array:
    if type(now) is not np.ndarray:
        return saved.copy()  # what was read may be put together more than once
    if (now.shape, now.dtype) != (saved.shape, saved.dtype):
        if place.startswith(("weighted/", "layers/")):  # what kernels trust
            raise ValueError(
                f"the checkpoint holds {place} as {saved.dtype} {saved.shape}, but the network has "
                f"{now.dtype} {now.shape}"
            )
        return saved.copy()
    now[...] = saved
    return now


def fill_generator(state: dict[str, Any], now: Any) -> np.random.Generator:
    kind = state["bit_generator"]
    if not isinstance(now, np.random.Generator) or _kind(now) != kind:
        now = np.random.Generator(BIT_GENERATORS[kind]())
    now.bit_generator.state = state
    return now


def _kind(generator: np.random.Generator) -> str:
    return type(generator.bit_generator).__name__


def label(key: Any) -> str:
    """Return what a key is called in a place: a layer by its index in `net.weighted`."""
    if not isinstance(key, dict):
        return str(key)
    ((kind, held),) = key.items()
    return held.rsplit("/", 1)[-1] if kind == "same" else ",".join(map(label, held))
