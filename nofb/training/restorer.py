"""Restores the state that a `Collector` has written.

It visits the values in the same order as the collector and fills existing arrays in place, because
other objects may hold the same arrays.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nofb.layers import Layer
from nofb.network import Network
from nofb.training import kinds
from nofb.training.description import is_fixed, is_plain
from nofb.training.state import BIT_GENERATORS, Mapping, kind_of, label
from nofb.types import Array

KINDS = ("array", "generator", "list", "object", "dict", "table")  # what can be filled


class Restorer:
    """Fills objects with their saved state.

    Parameters
    ----------
    net
        The network to which other objects may refer.
    arrays
        The arrays of a `Collector`.

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
        """Return each part, restored; lists and objects are filled in place.

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
        """Return the saved value; `now` is filled in place where this is possible.

        Raises
        ------
        ValueError
            If this version of nofb does not write such a part, or an array of a layer has another
            shape.
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
            now = None  # one object when the run was made, but two in the file
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
            if isinstance(now, Layer):
                setattr(now, name, filled)  # a layer checks its arrays and its sizes
            else:
                attributes[name] = filled
            if ours:
                kinds.check_like(now, name, was, filled, f"{place}/{name}")
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
        return saved.copy()  # the arrays may be used more than once
    if (now.shape, now.dtype) != (saved.shape, saved.dtype):
        if place.startswith(("weighted/", "layers/")):  # kernels do not check these
            raise ValueError(
                f"the checkpoint holds {place} as {saved.dtype} {saved.shape}, but the network has "
                f"{now.dtype} {now.shape}"
            )
        return saved.copy()
    now[...] = saved
    return now


def fill_generator(state: dict[str, Any], now: Any) -> np.random.Generator:
    kind = state["bit_generator"]
    if not isinstance(now, np.random.Generator) or kind_of(now) != kind:
        now = np.random.Generator(BIT_GENERATORS[kind]())
    now.bit_generator.state = state
    return now
