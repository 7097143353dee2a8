"""Difference target propagation: what if a target kept only what it *changes* on its way down?

Lee, Zhang, Fischer & Bengio 2015 (ECML; arXiv 1412.7525).

    t_{L-1} = h_{L-1} - η̂ e W_Lᵀ                    (1)   gradient through one layer, no further
    t_{l-1} = h_{l-1} + g_l(t_l) - g_l(h_l)         (2)   g_l(z) = s(z B_l + c_l)
    δ_l     = (h_l - t_l) ∘ f'(a_l) / η̂             (3)   δ_L = e
    ΔW_l    = h_{l-1}ᵀ δ_l / N                      (4)
The inverse learns to bring back what the layer received, in epochs of its own:
    h̃_{l-1} = h_{l-1} + ξ,  ξ ~ N(0, σ²)            (5)
    u_{l-1} = g_l(f_l(h̃_{l-1}))                     (6)
    ΔB_l    = f_l(h̃_{l-1})ᵀ ((u - h̃)_{l-1} ∘ s') / N (7)

Symbols: as in `tp`. t_l target (N, n_l); e = ŷ - y output error (N, n_L); η̂ step size; g_l inverse
    of layer l with B_l (n_l, n_{l-1}); h_l activation (N, n_l); δ_l teaching signal (N, n_l).
Why the difference: t_l = h_l gives t_{l-1} = h_{l-1} whatever the inverse is, so that what it gets
    wrong cancels to first order, and only its slope matters: t - h travels as a gradient does, with
    the Jacobian of g in the place of Wᵀ. With exact inverses it is target propagation.
Uses: the global error, W_Lᵀ of the output layer alone (not with `gradient_at_top=False`), its own
    activations, an inverse that learns in a second phase, in which its units answer once more.
Released code: leaves the sixth matrix and the fifth bias untrained; all are trained here. Its η̂,
    0.3277, multiplies the gradient of a mean over 100 samples, hence 0.003277 here; it trains with
    the factor 2 of ‖h - t‖² and without 1/η̂, which a centred RMSprop with momentum hides; here the
    inverses have a plain RMSprop. Its matrices are all drawn orthogonal.
Meulemans et al. 2020 (arXiv 2006.14331): eq. 1 is t_L = a_L - η̂ e, with an inverse for the output
    layer too (`gradient_at_top=False`), and inverses step with every batch, with Adam.
"""

from dataclasses import dataclass, replace

import numpy as np

from nofb.initialisers import Initialiser
from nofb.layers import WeightedLayer
from nofb.network import Network
from nofb.rules.base import Uses
from nofb.rules.target_propagation import TargetPropagation
from nofb.rules.targets import inverse_of
from nofb.trace import Trace
from nofb.types import Array


def difference_target(h: Array, g_t: Array, g_h: Array, t: Array) -> None:
    """t = h + (g(t_above) - g(h_above)), in this order: a kernel might not let it cancel to 0."""
    np.subtract(g_t, g_h, out=t)
    t += h  # eq. 2


@dataclass(kw_only=True, repr=False, eq=False)
class DifferenceTargetPropagation(TargetPropagation):
    """Difference target propagation: what an inverse gets wrong is taken off again.

    Parameters
    ----------
    gradient_at_top
        Whether the layer below the output gets its target from the gradient, or from an inverse.

    Examples
    --------
    >>> from nofb import Dense, Network
    >>> net = Network([Dense(4, 3, "tanh"), Dense(3, 5, "tanh"), Dense(5, 2)])
    >>> DifferenceTargetPropagation().attach(net)
    >>> [layer.inverse for layer in net.weighted]
    [None, Inverse(5 -> 3, activation='tanh'), None]
    """

    name = "dtp"
    title = "difference target propagation"
    paper = "Lee et al. 2015"
    uses = Uses(error=True, transport=True, learned_feedback=True, second_phase=True)

    step_size: float = 0.003277
    noise: float = 0.3598
    inverse_lr: float = 0.005011
    inverse_optimizer: str = "rmsprop"
    inverse_steps: int = 0
    epochs_before: int = 1
    epochs_between: int = 1
    inverse_init: str | Initialiser = "orthogonal"
    gradient_at_top: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.uses.transport != self.gradient_at_top:
            self.uses = replace(self.uses, transport=self.gradient_at_top)  # type: ignore[misc]

    def inverted(self, net: Network) -> list[WeightedLayer]:
        return net.weighted[1:-1] if self.gradient_at_top else net.weighted[1:]

    def target_below(self, net: Network, trace: Trace, layer: WeightedLayer, t: Array) -> Array:
        below = net.below(layer)
        room = trace[below].array("t", below.shape_out)
        if self.gradient_at_top and layer is net.weighted[-1]:
            return self.gradient_target(trace, layer, below, room)  # eq. 1
        inverse, record = inverse_of(layer), trace[layer]
        g_t = inverse(t, record.array("g_t", layer.shape_in))  # (N, n_{l-1})
        g_h = inverse(self.state(trace, layer), record.array("g_h", layer.shape_in))
        difference_target(self.state(trace, below), g_t, g_h, room)  # eq. 2
        return room

    def gradient_target(
        self, trace: Trace, last: WeightedLayer, below: WeightedLayer, room: Array
    ) -> Array:
        """Return h - η̂ e W_Lᵀ, the last step that a gradient takes."""
        gradient = trace.back(last, trace.error, last.W.T)
        if self.activation_first:
            gradient = trace.times_slope(below, gradient)
        np.multiply(gradient, -self.step_size, out=room)
        room += self.state(trace, below)
        return room


@dataclass(kw_only=True, repr=False, eq=False)
class PerBatchDifferences(DifferenceTargetPropagation):
    """Meulemans et al.'s form, on which later rules build: an inverse learns with every batch."""

    uses = Uses(error=True, learned_feedback=True, second_phase=True)

    step_size: float = 0.1
    noise: float = 0.1
    inverse_lr: float = 1e-3
    inverse_optimizer: str = "adam"
    inverse_steps: int = 1
    epochs_before: int = 0
    epochs_between: int = 0
    inverse_init: str | Initialiser = "xavier"
    gradient_at_top: bool = False
