"""Self-attention: every token reads from the other tokens (Vaswani et al. 2017).

It has four dense layers, each with its own W and B, and between them `Attend`, which has no
weights. The derivative of `Attend` needs activations only, so no weights have to be transported.
"""

from __future__ import annotations

from nofb import checks
from nofb.initialisers import Initialiser
from nofb.layers.attend import Attend
from nofb.layers.base import Layer, Wiring
from nofb.layers.block import Block
from nofb.layers.dense import Dense
from nofb.layers.present import present_layer


class Attention(Block):
    """h = attend(x W_q, x W_k, x W_v) W_o, each product with its bias.

    Parameters
    ----------
    units
        The number of units of a token, in the input and in the output.
    heads
        The number of heads: the units are divided into this many parts, each with its own attention
        weights.
    causal
        Whether a token reads only from itself and earlier tokens.
    init, bias
        As for `Dense`.
    present
        A layer of the same network that gives (N, tokens, 1), such as `Present`: no token takes
        anything from those for which it is below 1/2. `None` if all tokens are present.

    Attributes
    ----------
    query, key, value, output
        The four dense layers.
    attend
        The weightless layer between them, see `Attend`.

    Raises
    ------
    TypeError, ValueError
        If a size is not a positive whole number, or the heads do not divide the units.

    Examples
    --------
    >>> import numpy as np
    >>> from nofb import Network
    >>> attention = Attention(6, heads=2)
    >>> net = Network([attention, Dense(6, 3)], input_shape=(5, 6))
    >>> trace = net.forward(np.ones((7, 5, 6)))
    >>> trace[attention.output].h.shape, trace.output.shape
    ((7, 5, 6), (35, 3))
    """

    def __init__(
        self,
        units: int,
        heads: int,
        causal: bool = False,
        init: str | Initialiser = "xavier",
        bias: bool = True,
        present: Layer | None = None,
    ) -> None:
        units, heads = checks.whole("units", units), checks.whole("heads", heads)
        if units % heads:
            raise ValueError(f"heads is {heads}, but must divide the {units} units")
        self.query, self.key, self.value, self.output = (
            Dense(units, units, init=init, bias=bias) for _ in range(4)
        )
        self.attend = Attend(heads, causal)
        self.present = present_layer(present)

    def wire(self, graph: Wiring, at: Layer | None) -> Layer:
        received = [graph.add(layer, at) for layer in (self.query, self.key, self.value)]
        received += [] if self.present is None else [self.present]
        return graph.add(self.output, graph.add(self.attend, *received))

    def __repr__(self) -> str:
        causal = ", causal=True" if self.attend.causal else ""
        present = "" if self.present is None else f", present={self.present!r}"
        return f"Attention({self.output.n_in}, heads={self.attend.heads}{causal}{present})"
