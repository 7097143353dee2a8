"""Inside attention: tokens take from each other what softmax(Q Kᵀ / √d) says.

Vaswani et al. 2017. There is no weight here, so there is nothing to transport: the derivative needs
activations only. The matrices that make Q, K and V, and the one after them, are dense layers.
"""

import numpy as np

from nofb import checks
from nofb.kernels import attention
from nofb.layers.base import Record, WeightlessLayer
from nofb.layers.present import refuse_other_present
from nofb.types import Array, Shape


class Attend(WeightlessLayer):
    """h = A V with A = softmax(Q Kᵀ / √d), for each head by itself.

    Q, K and V (N, T, units) are three sources of the layer. Each head has d = units / heads units
    of every token. A fourth source (N, T, 1) is optional, for text that is padded to one length: it
    is 1 for each token that is present and 0 for padding (the border is 1/2), and no token takes
    anything from padding. A sample without any token present gives zeros.

    Parameters
    ----------
    heads
        How many heads share the units.
    causal
        Whether a token takes from itself and from earlier tokens only.

    Raises
    ------
    TypeError, ValueError
        If `heads` is not a positive whole number or does not divide the units, or Q, K and V differ
        in shape, or a fourth source has not one number for each token.

    Examples
    --------
    >>> attend = Attend(2)
    >>> attend.infer_shapes((5, 8), (5, 8), (5, 8))
    >>> attend.shape_out
    (5, 8)
    >>> padded = Attend(2)
    >>> padded.infer_shapes((5, 8), (5, 8), (5, 8), (5, 1))
    """

    SIZES = (*WeightlessLayer.SIZES, "heads", "causal")

    def __init__(self, heads: int, causal: bool = False) -> None:
        self.heads = checks.whole("heads", heads)
        self.causal = checks.switch("causal", causal)

    def infer_shapes(self, shape_in: Shape, *others: Shape) -> None:
        """Accept Q, K and V of one shape (T, units) whose units can be divided among the heads.

        A fourth shape must be (T, 1).
        """
        shapes_in = shape_in, *others
        present = shapes_in[3:]
        if len(shape_in) != 2 or shapes_in[:3] != (shape_in,) * 3 or len(present) > 1:
            raise ValueError(
                f"{self!r} takes queries, keys and values of one shape (tokens, units), but "
                f"receives {', '.join(map(str, shapes_in))}"
            )
        refuse_other_present(self, shape_in[0], *present)
        if shape_in[1] % self.heads:
            raise ValueError(
                f"{self!r} cannot share {shape_in[1]} units among {self.heads} heads: take a "
                "number of heads that divides the units"
            )
        self.set_shapes(shape_in, shape_in)

    def weights(self, record: Record) -> Array:
        """Return A (N, heads, T, T): in row i, how much token i takes from each token."""
        tokens = self.shape_in[0]
        return record.array("weights", (self.heads, tokens, tokens))

    def forward(self, record: Record) -> None:
        Q, K, V = map(self._split, record.received[:3])  # (N, heads, T, d)
        A = self.weights(record)
        np.matmul(Q, K.swapaxes(2, 3), out=A)  # A = softmax(Q Kᵀ / √d)
        for present in record.received[3:]:
            attention.hide(A, present.reshape(len(A), -1))  # (N, T)
        attention.shift(A, self._scale, self.causal)
        np.exp(A, out=A)
        attention.normalise(A)
        np.matmul(A, V, out=self._split(record.h))  # h = A V

    def back(self, record: Record, signal: Array) -> tuple[Array, ...]:
        """Return the signals on Q, K and V; who is present does not depend on anything."""
        signal = record.signal(self, signal, self.shape_out)
        Q, K, V = map(self._split, record.received[:3])
        A, s = self.weights(record), self._split(signal)
        below = tuple(np.empty_like(signal) for _ in range(3))
        dQ, dK, dV = map(self._split, below)
        np.matmul(A.swapaxes(2, 3), s, out=dV)  # Aᵀ s
        dA = s @ V.swapaxes(2, 3)
        attention.softmax_back(A, dA, self._scale)  # on Q Kᵀ: A ∘ (dA - Σ dA ∘ A) / √d
        np.matmul(dA, K, out=dQ)
        np.matmul(dA.swapaxes(2, 3), Q, out=dK)
        return *below, *map(np.zeros_like, record.received[3:])

    def relay(self, record: Record, signal: Array, *others: Array) -> Array:
        """Return how h changes if Q, K and V change a little, by the signals."""
        signals = [record.signal(self, each, self.shape_in) for each in (signal, *others[:2])]
        Q, K, V = map(self._split, record.received[:3])
        q, k, v = map(self._split, signals)
        A = self.weights(record)
        dA = q @ K.swapaxes(2, 3) + Q @ k.swapaxes(2, 3)
        attention.softmax_back(A, dA, self._scale)  # the Jacobian of a softmax is symmetric
        relayed = np.empty_like(signals[0])
        np.add(dA @ V, A @ v, out=self._split(relayed))
        return relayed

    @property
    def _scale(self) -> float:
        """1 / √d."""
        return float((self.shape_in[1] // self.heads) ** -0.5)

    def _split(self, x: Array) -> Array:
        """Return a view (N, heads, T, d) of x (N, T, units)."""
        tokens, units = self.shape_in
        return x.reshape(-1, tokens, self.heads, units // self.heads).swapaxes(1, 2)

    def __repr__(self) -> str:
        return f"Attend({self.heads}, causal={self.causal})"
