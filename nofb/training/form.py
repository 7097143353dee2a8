"""Checks that the state in a checkpoint has the form that a `Collector` writes, before it is used.

A file made by hand may hold anything. A state that is refused here never reaches a network.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nofb.strict_json import canonical
from nofb.training.restorer import Restorer, fill_generator
from nofb.training.state import label
from nofb.types import Array

PLAIN = (bool, int, float, str)
NOT_FINITE = ("nan", "inf", "-inf")


def check(saved: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    """Refuse a state that could not be restored.

    Raises
    ------
    ValueError
        With the place of the first value that a checkpoint cannot have.

    Examples
    --------
    >>> check({"optimizer": {"dict": {"v": {"array": "optimizer/v"}}}}, {})
    Traceback (most recent call last):
    ...
    ValueError: optimizer/v is no value of a checkpoint
    """
    form = _Form(arrays)
    for name, part in saved.items():
        form.check(part, name)


class _Form:
    """Visits the same values as a `Restorer`, and changes nothing."""

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        self.arrays = arrays
        self.met = {"network"}

    def check(self, saved: Any, place: str) -> None:
        if saved is None or type(saved) in PLAIN:
            return
        if type(saved) is not dict or len(saved) != 1:
            raise _refusal(place)
        ((kind, held),) = saved.items()
        if kind not in ("float", "scalar", "fixed", "same", "tuple"):
            self.met.add(place)  # other places may refer to the same object
        if not self._holds(kind, held, place):
            raise _refusal(place)

    def _holds(self, kind: str, held: Any, place: str) -> bool:
        """Check the parts of a value, and return whether it is a value at all."""
        if kind == "float":
            return held in NOT_FINITE
        if kind == "fixed":
            return type(held) is str
        if kind == "same":
            return type(held) is str and held in self.met
        if kind == "scalar":
            return type(held) is str and held in self.arrays and not self.arrays[held].shape
        if kind == "array":
            return type(held) is str and held in self.arrays
        if kind == "generator":
            return self._is_generator(held, place)
        if kind in ("list", "tuple") and type(held) is list:
            parts = [(part, str(index)) for index, part in enumerate(held)]
        elif kind in ("dict", "object") and type(held) is dict:
            parts = [(part, name) for name, part in held.items()]
        elif kind in ("table", "weak") and type(held) is list and all(map(self._is_entry, held)):
            parts = [(part, label(key)) for key, part in held]
        else:
            return False
        for part, name in parts:
            self.check(part, f"{place}/{name}")
        return True

    def _is_generator(self, held: Any, place: str) -> bool:
        self.check(held, f"{place}/state")
        try:
            given = Restorer(None, dict(self.arrays)).put(held, None, "")
            made = fill_generator(given, None)
        except (KeyError, OverflowError, TypeError, ValueError):
            return False
        return canonical(made.bit_generator.state) == canonical(given)  # NumPy cuts 1.5 to 1

    def _is_entry(self, entry: Any) -> bool:
        return type(entry) is list and len(entry) == 2 and self._is_key(entry[0])

    def _is_key(self, key: Any) -> bool:
        if type(key) is not dict:
            return type(key) in (bool, int, str)
        ((kind, held),) = key.items() if len(key) == 1 else (("", None),)
        if kind == "tuple":
            return type(held) is list and all(map(self._is_key, held))
        return kind == "same" and type(held) is str and held in self.met


def _refusal(place: str) -> ValueError:
    return ValueError(f"{place} is no value of a checkpoint")
