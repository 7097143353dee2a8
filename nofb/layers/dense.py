"""A dense layer: every unit above hears every unit below."""

from nofb import checks
from nofb.initialisers import Initialiser
from nofb.kernels import dense
from nofb.layers.base import Record, WeightedLayer
from nofb.types import Array, Shape


class Dense(WeightedLayer):
    """h = f(h_below W + b).

    Parameters
    ----------
    n_in, n_out
        Units below and units of this layer.
    activation
        A name in `nofb.activations.ACTIVATIONS`. The last layer of a network has none: the loss
        brings its output unit.
    init
        How W is drawn: a name in `nofb.initialisers.INITIALISERS`, or a function.
    bias
        Whether there is a b.

    Raises
    ------
    TypeError, ValueError
        If a size is not a positive whole number, or a name is not known.

    Examples
    --------
    >>> from nofb import Network
    >>> net = Network([Dense(4, 3, activation="tanh"), Dense(3, 2)], loss="cross_entropy", seed=0)
    >>> [layer.W.shape for layer in net.weighted]
    [(4, 3), (3, 2)]
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        activation: str | None = None,
        init: str | Initialiser = "xavier",
        bias: bool = True,
    ) -> None:
        n_in, n_out = checks.whole("n_in", n_in), checks.whole("n_out", n_out)
        super().__init__(n_in, n_out, activation, init, bias)
        self.shape_in, self.shape_out = (n_in,), (n_out,)
        self.work = n_in * n_out

    def settle(self, shape_in: Shape) -> None:
        """Refuse anything but (n_in,)."""
        if shape_in != self.shape_in:
            hint = "; put Flatten() before it" if len(shape_in) > 1 else ""
            raise ValueError(
                f"{self!r} takes samples of shape {self.shape_in}, but receives {shape_in}{hint}"
            )

    def affine(self, record: Record) -> None:
        dense.affine(record.h_below, self.W, self.b, record.a)  # (N, n_out)

    def scatter(self, record: Record, rows: Array) -> Array:
        return record.as_rows(self, rows)  # (N, n_in)

    def gather(self, record: Record, h_below: Array) -> Array:
        return record.signal(self, h_below, self.shape_in)  # (N, n_in)

    def received(self, record: Record) -> Array:
        return record.h_below  # (N, n_in)

    def __repr__(self) -> str:
        return f"Dense({self.n_in}, {self.n_out}, activation={self.activation.name!r})"
