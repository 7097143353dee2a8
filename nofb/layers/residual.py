"""A residual block: a branch is added to its own input (He et al. 2016, arXiv 1512.03385)."""

from __future__ import annotations

from collections.abc import Sequence

from nofb.layers.activation import Activation
from nofb.layers.base import Layer, Wiring
from nofb.layers.block import Block, Part, listed
from nofb.layers.sum import Sum


class Residual(Block):
    """h = f(branch(h_below) + shortcut(h_below)).

    A signal on h goes back through both paths, and the two signals at h_below are added.

    Parameters
    ----------
    layers
        The layers of the branch, first to last.
    shortcut
        The other path: a layer, a list of layers, or `None` for h_below itself.
    activation
        f, a name in `nofb.activations.ACTIVATIONS`; `None` for the identity.

    Raises
    ------
    TypeError, ValueError
        If the branch is empty, or holds something that is not a layer.

    Examples
    --------
    >>> import numpy as np
    >>> from nofb import Dense, Network
    >>> net = Network([Residual([Dense(3, 3, "tanh")]), Dense(3, 2)])
    >>> block, last = net.layers
    >>> net.weighted[0].W[:] = 0
    >>> x = np.ones((1, 3), np.float32)
    >>> net.forward(x)[last].h_below.tolist()
    [[1.0, 1.0, 1.0]]
    """

    def __init__(
        self,
        layers: Sequence[Part],
        shortcut: Part | Sequence[Part] | None = None,
        activation: str | None = None,
    ) -> None:
        self.layers = listed("layers", layers)
        if not self.layers:
            raise ValueError("layers of Residual is empty, but a branch needs at least one layer")
        one = isinstance(shortcut, Layer | Block)
        self.shortcut = listed("shortcut", [shortcut] if one else shortcut or [])  # type: ignore[list-item,arg-type]
        self.sum = Sum()
        self.activation = None if activation is None else Activation(activation)

    def wire(self, graph: Wiring, at: Layer | None) -> Layer:
        branch = shortcut = at
        for layer in self.layers:
            branch = layer.wire(graph, branch)
        for layer in self.shortcut:
            shortcut = layer.wire(graph, shortcut)
        top = graph.add(self.sum, branch, shortcut)
        return top if self.activation is None else self.activation.wire(graph, top)

    def __repr__(self) -> str:
        shortcut = f", shortcut={self.shortcut}" if self.shortcut else ""
        f = f", activation={self.activation.activation.name!r}" if self.activation else ""
        return f"Residual({self.layers}{shortcut}{f})"
