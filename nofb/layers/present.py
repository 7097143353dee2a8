"""Which tokens are present: text of different lengths is padded to one, and padding says nothing.

A padded batch is a rectangle of whole numbers, in which one token, mostly 0, fills the ends of
short samples. Attention and means must leave it out, or a sentence would depend on its batch.
"""

import numpy as np

from nofb import checks
from nofb.layers.base import Layer, Record, WeightlessLayer, Wiring
from nofb.types import Array, Shape


class Present(WeightlessLayer):
    """1 for each token of the network's input that is present, and 0 for padding: (N, tokens, 1).

    It stands beside the chain of layers: what comes after it in a network's list receives what came
    before it. `Attention` and `MeanToken` take it as `present`.

    Parameters
    ----------
    padding
        The token that fills up a sample.

    Raises
    ------
    TypeError, ValueError
        If `padding` is no token: a whole number of at least 0.

    Examples
    --------
    >>> from nofb import Dense, Embedding, MeanToken, Network
    >>> present = Present()
    >>> words = [Embedding(5, 3), present, MeanToken(present), Dense(3, 2)]
    >>> net = Network(words, input_shape=(4,))
    >>> trace = net.forward(np.array([[2, 3, 0, 0]]))
    >>> trace[present].h[0, :, 0].tolist()
    [1.0, 1.0, 0.0, 0.0]
    """

    takes = "tokens"

    def __init__(self, padding: int = 0) -> None:
        self.padding = checks.whole("padding", padding, least=0)

    def wire(self, graph: Wiring, at: Layer | None) -> Layer:
        """Read the network's input, and leave the chain of layers as it is."""
        if at is None:
            raise ValueError(
                f"{self!r} is the first layer, but it stands beside others: put it after an "
                "Embedding"
            )
        graph.add(self, None)
        return at

    def infer_shapes(self, shape_in: Shape) -> None:
        """Accept a row of tokens."""
        if len(shape_in) != 1:
            raise ValueError(f"{self!r} takes tokens (N, tokens), but a sample has {shape_in}")
        self.set_shapes(shape_in, (*shape_in, 1))

    def forward(self, record: Record) -> None:
        record.h[...] = record.h_below[:, :, None] != self.padding

    def back(self, record: Record, signal: Array) -> Array:
        raise ValueError(f"{self!r} sends nothing down: tokens are numbers of words, not activity")

    def relay(self, record: Record, signal: Array) -> Array:
        return np.zeros_like(record.h)  # a word that changes stays a word

    def __repr__(self) -> str:
        return f"Present({self.padding})"


def present_layer(given: Layer | None) -> Layer | None:
    """Return a layer that says who is present, or refuse what is no layer."""
    if given is not None and not isinstance(given, Layer):
        raise TypeError(f"present must be a layer, such as Present(), but is {given!r}")
    return given


def refuse_other_present(layer: Layer, tokens: int, *shapes: Shape) -> None:
    """Refuse anything but one number for each token, from a source that says who is present."""
    for shape in shapes:
        if shape != (tokens, 1):
            raise ValueError(
                f"{layer!r} takes one number for each of its {tokens} tokens, which says whether "
                f"it is present, of shape ({tokens}, 1), but receives {shape}"
            )
