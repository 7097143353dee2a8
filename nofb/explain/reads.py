"""The arrays that a line reads, by the names in its code: `delta`, `layer.B`, `trace.error`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nofb.explain.reader import Line
from nofb.explain.values import Value, is_array, named
from nofb.layers import WeightedLayer
from nofb.layers.base import Record
from nofb.network import Network
from nofb.trace import Trace

NAME = re.compile(r"(?<![\w.\"'])[^\W\d]\w*(?:\.[^\W\d]\w*)*")
MADE = re.compile(r"\s*(?:for (?P<each>[\w, ()]+?) in |[\w.,\[\]: ]+? = )")  # not read, but set
DELTA = re.compile(r"(?P<trace>\w+)\.delta\((?P<layer>\w+)(?P<only>\))?")
SLOPE = "f'(a)"
OF_NOFB = WeightedLayer, Trace, Record  # whose attributes do nothing but return an array


def read_by(
    lines: Sequence[Line], names: Mapping[str, Any], net: Network | None
) -> tuple[Value, ...]:
    """Return the arrays and numbers that lines of code will read, before they run.

    Parameters
    ----------
    lines
        A statement, or the head of one.
    names
        The local names of its function, with their values.
    net
        The network; `None` while it is built, when there are no arrays.
    """
    if net is None:
        return ()
    code = "\n".join(line.code for line in lines)
    found = dict(_found(MADE.sub("", code, count=1), names)) | dict(_of_delta(code, names))
    return named({name: each for name, each in found.items() if _is_data(each)}, net)


def _found(code: str, names: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield each name in the code, as far as its attributes lead to an array, and its value."""
    for match in NAME.finditer(code):
        first, *rest = match[0].split(".")
        value, name = names.get(first), first
        for attribute in rest:
            if _is_data(value):
                break
            value, name = _attribute(value, attribute), f"{name}.{attribute}"
        yield name, value


def _of_delta(code: str, names: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield what `trace.delta(layer)` multiplies: the signal that has arrived, and the slope."""
    found = DELTA.search(code)
    trace, layer = (names.get(found["trace"]), names.get(found["layer"])) if found else (0, 0)
    if not (found and isinstance(trace, Trace) and isinstance(layer, WeightedLayer)):
        return
    if found["only"] and trace.reached(layer):
        yield "signal", trace.arrived(layer)
    if layer is not trace.net.last:
        yield SLOPE, layer.activation.slope(trace[layer].a)


def _attribute(value: Any, name: str) -> Any:
    """Return an attribute; of a user's object only one that it stores, so that no code runs."""
    if isinstance(value, OF_NOFB):
        return getattr(value, name, None)
    return getattr(value, "__dict__", {}).get(name)


def _is_data(value: Any) -> bool:
    return is_array(value) or isinstance(value, float)
