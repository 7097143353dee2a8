"""An activation as a separate layer, for networks that separate activations from weights.

`Dense(4, 3, "tanh")` has the same forward pass as `Dense(4, 3)` with `Activation("tanh")` above it.
The state of the dense layer differs: h = f(a) in the first network, and h = a in the second one.
Target propagation sends a target for this state.
"""

from nofb import activations
from nofb.layers.base import Record, WeightlessLayer
from nofb.types import Array, Shape


class Activation(WeightlessLayer):
    """h = f(h_below), unit by unit.

    Parameters
    ----------
    activation
        A name in `nofb.activations.ACTIVATIONS`.

    Raises
    ------
    ValueError
        If the name is not known.

    Examples
    --------
    >>> import numpy as np
    >>> from nofb import Dense, Network
    >>> net = Network([Dense(4, 3), Activation("tanh"), Dense(3, 2)])
    >>> fused = Network([Dense(4, 3, "tanh"), Dense(3, 2)])
    >>> x = np.eye(4)
    >>> bool((net.forward(x).output == fused.forward(x).output).all())
    True
    """

    keeps_shape = True

    def __init__(self, activation: str) -> None:
        self.activation = activations.get(activation)

    def infer_shapes(self, shape_in: Shape) -> None:
        """Accept any shape."""
        self.set_shapes(shape_in, shape_in)

    def forward(self, record: Record) -> None:
        self.activation.f(record.h_below, record.h)

    def back(self, record: Record, signal: Array) -> Array:
        signal = record.signal(self, signal, self.shape_out)
        return self.activation.times_jacobian(signal, record.h_below, record.h)  # signal ∘ f'

    def transport(self, record: Record, signal: Array) -> Array:
        return signal

    def relay(self, record: Record, signal: Array) -> Array:
        # A teaching signal was already multiplied by the slope in the backward pass.
        return record.signal(self, signal, self.shape_in)

    def __repr__(self) -> str:
        return f"Activation({self.activation.name!r})"
