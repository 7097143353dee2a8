"""The feedback matrices of layers: how they are drawn, and the error if one is missing."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from nofb.initialisers import Initialiser
from nofb.layers import WeightedLayer
from nofb.layers.owned_arrays import owned
from nofb.network import Network
from nofb.types import Array

State = TypeVar("State")
MATRICES = {"B": "feedback matrix", "D": "direct feedback matrix"}


def draw_matrix(
    draw: Initialiser, rng: np.random.Generator, senders: int, receivers: int, net: Network
) -> Array:
    """Return a new feedback matrix (senders, receivers) of the network's type."""
    drawn = draw(rng, senders, receivers)
    return owned("a feedback matrix", net, drawn, (senders, receivers), net.dtype)


def state_of(layer: WeightedLayer, kind: type[State]) -> State:
    """Return what the attached rule keeps for a layer; raise if the rule is not attached."""
    if not isinstance(layer.rule_state, kind):
        raise ValueError(
            f"{layer!r} keeps no {kind.__name__} of this rule: attach the rule to the network first"
        )
    return layer.rule_state


def has_none(net: Network) -> bool:
    """Return whether no layer has a feedback matrix."""
    return all(layer.B is None and layer.D is None for layer in net.weighted)


def check_drawn(net: Network, drawn: Network, cause: Exception) -> None:
    """Raise an error if a feedback matrix is missing, or does not have the shape it was drawn in.

    Parameters
    ----------
    net
        The network on which a rule failed.
    drawn
        A copy of it, with feedback matrices that the rule has just drawn.
    cause
        The error of the kernel, which has no more detail.
    """
    for layer, twin in zip(net.weighted, drawn.weighted, strict=True):
        for name, what in MATRICES.items():
            found, expected = getattr(layer, name), getattr(twin, name)
            if expected is None:
                continue
            if found is None:
                cure = "attach the rule to the network first" if net.rule is None else (
                    "a rule draws it only where a layer below may learn; attach the rule while "
                    "such a layer is not frozen yet, and freeze it afterwards"
                )  # fmt: skip
                raise ValueError(f"{layer!r} has no {what}: {cure}") from cause
            if found.shape != expected.shape:
                raise ValueError(
                    f"the {what} of {layer!r} has shape {found.shape}, but needs {expected.shape}"
                ) from cause
