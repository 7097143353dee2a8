"""What the page draws of a network: its units and matrices, or the arrays of a method in boxes.

A part has the name of its array in the network, so that a step can light it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from nofb.explain.stepper.events import Content
from nofb.explain.values import is_array
from nofb.explain.walk import Walk
from nofb.rules import Rule

DRAWN = re.compile(r"(?:d?[Wb]|[ahBDF]|δ)_\d+|[xye]")
PLACE = re.compile(r"(?:block |_)(\d+)\b")


def drawing(walk: Walk, held: Mapping[str, Content]) -> dict[str, Any]:
    """Return the picture of a rule's network, or of a method's arrays.

    Parameters
    ----------
    walk
        The walk.
    held
        All arrays of the network by name, after the last step.
    """
    if not issubclass(walk.reader.kind, Rule):
        return {"kind": "boxes", "columns": list(boxes(held))}
    units = [net_layer.n_in for net_layer in walk.ran.trace.net.weighted]
    units.append(walk.ran.trace.net.weighted[-1].n_out)
    return {
        "kind": "units",
        "units": units,
        "forward": [f"W_{number}" for number in range(1, len(units))],
        "back": list(feedback(walk.reader.kind, len(units) - 1, held)),
        "others": others(len(units) - 1, held),
    }


def feedback(rule: type[Rule], last: int, held: Mapping[str, Content]) -> Iterator[dict[str, Any]]:
    """Yield the matrices through which signals travel back: the layers at their ends, the style."""
    direct = any(f"D_{number}" in held for number in range(1, last))
    for number in range(last, 0, -1):
        if f"B_{number}" in held:
            yield {"name": f"B_{number}", "from": number, "to": number - 1}
        elif rule.uses.transport and number > 1 and not direct:
            yield {"name": f"W_{number}", "from": number, "to": number - 1, "transposed": True}
        if f"D_{number}" in held:
            yield {"name": f"D_{number}", "from": last, "to": number}
        if f"F_{number}" in held:
            yield {"name": f"F_{number}", "from": last, "to": number - 1}


def others(last: int, held: Mapping[str, Content]) -> list[list[str]]:
    """Return the names of the other arrays of each layer, in lists from the first layer on."""
    names = [name for name in held if not DRAWN.fullmatch(name)]
    return [[name for name in names if name.endswith(f"_{number}") and name != f"db_{number}"]
            for number in range(1, last + 1)]  # fmt: skip


def boxes(held: Mapping[str, Content]) -> Iterator[dict[str, Any]]:
    """Yield columns of boxes: the input, each block, and what is above all blocks."""
    names = [name for name, content in held.items() if is_array(content)]
    names = [name for name in names if not re.match(r"d(?:[Wb] of |ξ)", name)]
    places = {name: PLACE.search(name) for name in names}
    blocks = sorted({int(found[1]) for found in places.values() if found})
    below = [name for name in ("x",) if name in names]
    yield _column("input", below)
    for number in blocks:
        inside = (name for name, found in places.items() if found and int(found[1]) == number)
        yield _column(f"block {number}", inside)
    yield _column("above", (name for name in names if not places[name] and name not in below))


def _column(title: str, names: Iterable[str]) -> dict[str, Any]:
    return {"title": title, "names": list(names)}
