"""The paths of a rule's signals, and the matrices on them.

Nothing here depends on the name of a rule. It is attached to a small network; its paths are found
from the arrays on the layers, from its `uses`, and from the response of its signals to the error.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nofb import Dense, Network
from nofb.layers import WeightedLayer
from nofb.rules import Rule, Uses
from nofb.rules.targets import TargetRule
from nofb.types import Array

UNITS = (3, 4, 4, 2)

KINDS = {  # of paths, as text for the legend
    "transport": "the forward weights, transposed",
    "signs": "their signs alone",
    "random": "fixed random matrices",
    "learned": "matrices, or inverses, that learn",
    "forward": "the forward weights, forward",
}


@dataclass(frozen=True)
class Way:
    """A path of a signal through a matrix, from one layer to another; layer 0 is the label.

    Attributes
    ----------
    kind
        One of `KINDS`.
    matrix
        Its name, or that of a learned inverse, with a subscript after an underscore.
    start, end
        Numbers of layers, 1 for the first one with weights; a start at 0 is the label.
    direct
        Whether it skips the layers between.
    """

    kind: str
    matrix: str
    start: int
    end: int
    direct: bool = False


@dataclass(frozen=True)
class Anatomy:
    """The signals of a rule in a network of three layers.

    Attributes
    ----------
    uses
        The `uses` of the rule.
    ways
        The paths of signals, from the output down.
    taught
        The numbers of the layers that receive a signal.
    uses_only_signs
        Whether the signals of hidden layers are the same for an error of twice the size.
    sends_targets
        Whether the rule sends targets, and not errors.
    """

    uses: Uses
    ways: tuple[Way, ...]
    taught: frozenset[int]
    uses_only_signs: bool
    sends_targets: bool


def dissect(rule: type[Rule]) -> Anatomy:
    """Return the anatomy of a rule that can be built without arguments."""
    below, first, second, last = UNITS
    layers = [Dense(below, first, "tanh"), Dense(first, second, "tanh"), Dense(second, last)]
    net, made = Network(layers), rule()
    made.attach(net)
    ways = (*sequential(made, net), *direct(made, net), *relayed(made, net))
    once, twice = (signals(made, net, size) for size in (1, 2))
    taught = frozenset(net.weighted.index(layer) + 1 for layer in once)
    hidden = [layer for layer in once if layer is not layers[-1] and once[layer].any()]
    same = [np.array_equal(once[layer], twice[layer]) for layer in hidden]
    uses_only_signs = made.uses.error and bool(same) and all(same)
    return Anatomy(made.uses, ways, taught, uses_only_signs, isinstance(made, TargetRule))


def sequential(rule: Rule, net: Network) -> Iterator[Way]:
    """Return the paths from each layer to the one below it."""
    for number in range(len(net.weighted), 1, -1):
        layer = net.weighted[number - 1]
        if layer.B is not None:
            yield Way(kind(rule), f"{letter(layer)}_{number}", number, number - 1)
        elif rule.uses.transport and not has_direct(net):
            yield Way("transport", f"W_{number}ᵀ", number, number - 1)


def direct(rule: Rule, net: Network) -> Iterator[Way]:
    """Return the paths from the output, or from the label, directly to hidden layers."""
    start = 0 if rule.uses.labels else len(net.weighted)
    for number in range(len(net.weighted) - 1, 0, -1):
        layer = net.weighted[number - 1]
        if layer.D is not None:
            yield Way(kind(rule), f"{letter(layer)}_{number}", start, number, direct=True)


def relayed(rule: Rule, net: Network) -> Iterator[Way]:
    """Return the paths upward, from hidden layer to hidden layer."""
    for number, layer in enumerate(net.weighted[1:-1], 2):
        if rule.uses.forward_weights and layer.D is None and has_direct(net):
            yield Way("forward", f"W_{number}", number - 1, number)


def kind(rule: Rule) -> str:
    """Return the kind of matrices through which a rule sends its signals."""
    if rule.uses.signs:
        return "signs"
    return "learned" if rule.uses.learned_feedback else "random"


def letter(layer: WeightedLayer) -> str:
    """Return the name of the path from or to a layer."""
    if layer.inverse is not None:
        return "g"
    return "B" if layer.D is None else "D"


def has_direct(net: Network) -> bool:
    """Return whether any layer has direct feedback."""
    return any(layer.D is not None for layer in net.weighted)


def signals(rule: Rule, net: Network, size: float) -> dict[WeightedLayer, Array]:
    """Return a copy of each layer's teaching signal for three samples, the error times `size`."""
    trace = net.forward(np.eye(UNITS[0])).set_target(net.as_target(np.array([0, 1, 1]), UNITS[0]))
    trace.error *= size
    return {layer: delta.copy() for layer, delta, *_ in rule.signals(net, trace)}
