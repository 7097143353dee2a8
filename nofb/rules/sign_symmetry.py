"""Sign-symmetry: is it enough if the feedback path has the signs of Wᵀ?

Liao, Leibo & Poggio 2016 (AAAI; arXiv 1510.05067); deeper: Xiao et al. 2019 (arXiv 1811.03567).

    δ_L     = ŷ - y                                 (1)
    B_l     = M_l ∘ sign(W_lᵀ)                      (2)   rebuilt from W_l at every step
    δ_{l-1} = (δ_l B_l) ∘ f'(a_{l-1})               (3)
    ΔW_l    = h_{l-1}ᵀ δ_l / N                      (4)

    uniform (uSF)            M_l = s                      one magnitude for all
    batchwise random (brSF)  M_l = |s ξ|, ξ ~ N(0, 1)     drawn again after every step
    fixed random (frSF)      M_l = |s ξ|, ξ ~ N(0, 1)     drawn once

Symbols: M_l magnitudes (n_l, n_{l-1}); s = √(2 / (n_{l-1} + n_l)), Xavier's standard deviation.
Uses: the global error, its own activations, the signs of Wᵀ, which is weight transport of one bit
    per weight; brSF and frSF use random magnitudes too. Does not use: the magnitude of weights, a
    second phase.
Released code: the 2016 paper uses the random number as drawn. Later code, and nofb, use its
    absolute value; otherwise the signs would not agree. The papers stabilise the rule with batch
    normalisation and by using only the sign of the gradient; nofb does neither.
"""

from abc import abstractmethod
from dataclasses import dataclass
from math import sqrt

import numpy as np

from nofb import settings
from nofb.feedback import state_of
from nofb.kernels.jit import kernel
from nofb.rule import Array, Network, Rule, Signals, Trace, Uses, WeightedLayer


@kernel
def take_signs(W: Array, M: Array) -> Array:
    """A weight of zero sends nothing back."""
    return M * np.sign(W.T)  # eq. 2  (n_l, n_{l-1})


@kernel
def send_back(delta: Array, B: Array) -> Array:
    """Every unit below gets the errors of all units above, each with the sign of its weight."""
    return delta @ B  # eq. 3  (N, n_{l-1})


@dataclass
class Magnitudes:
    """The state of the rule for one layer, stored as `layer.rule_state`."""

    rng: np.random.Generator  # draws the magnitudes of all layers
    M: Array  # (n_out, n_in)


@dataclass(kw_only=True, repr=False, eq=False)
class SignSymmetry(Rule):
    """The base of the three forms: signs of the forward weights, with other magnitudes.

    Parameters
    ----------
    scale
        Multiplies the magnitudes.
    """

    paper = "Liao, Leibo & Poggio 2016"
    family = "signs"
    uses = Uses(error=True, signs=True)

    scale: float = settings.number(1.0, above=0)

    @abstractmethod
    def magnitudes(self, layer: WeightedLayer, rng: np.random.Generator) -> Array:
        """Return magnitudes around one, shaped like B."""

    def draw_feedback(self, net: Network, rng: np.random.Generator) -> None:
        for layer in net.senders:
            layer.rule_state = Magnitudes(rng, np.zeros(layer.feedback_shape, net.dtype))
            self.draw(layer)
            layer.B = take_signs(layer.W, state_of(layer, Magnitudes).M)

    def draw(self, layer: WeightedLayer) -> None:
        """Draw the magnitudes of one layer: s times the draw of the form."""
        state = state_of(layer, Magnitudes)
        s = self.scale * sqrt(2 / (layer.n_in + layer.n_out))
        state.M[:] = s * self.magnitudes(layer, state.rng)

    def signals(self, net: Network, trace: Trace) -> Signals:
        for layer in trace.downward():  # the output layer first, with e: eq. 1
            delta = trace.delta(layer)  # the sum of all signals, ∘ f'(a_l): eq. 3
            yield layer, delta
            if layer.sends:
                B = take_signs(layer.W, state_of(layer, Magnitudes).M)  # of the present W: eq. 2
                trace.arrive(layer, send_back(delta, B))

    def after_step(self, net: Network) -> None:
        for layer in net.weighted:
            if layer.B is not None:
                layer.B[:] = take_signs(layer.W, state_of(layer, Magnitudes).M)


@dataclass(kw_only=True, repr=False, eq=False)
class UniformSignSymmetry(SignSymmetry):
    """uSF: the signs of the weights, all with the same magnitude."""

    name = "usf"
    title = "sign-symmetry, uniform"
    look = "bluish green", "solid", "^"

    def magnitudes(self, layer: WeightedLayer, rng: np.random.Generator) -> Array:
        return np.ones(layer.feedback_shape)


@dataclass(kw_only=True, repr=False, eq=False)
class FixedRandomSignSymmetry(SignSymmetry):
    """frSF: the signs of the weights, with fixed random magnitudes."""

    name = "frsf"
    title = "sign-symmetry, fixed random magnitudes"
    look = "bluish green", "dots", ">"
    uses = Uses(error=True, signs=True, feedback=True)

    def magnitudes(self, layer: WeightedLayer, rng: np.random.Generator) -> Array:
        return np.abs(rng.standard_normal(layer.feedback_shape, layer.dtype))


@dataclass(kw_only=True, repr=False, eq=False)
class BatchwiseRandomSignSymmetry(FixedRandomSignSymmetry):
    """brSF: the signs of the weights, with random magnitudes that are drawn again every step."""

    name = "brsf"
    title = "sign-symmetry, batchwise random magnitudes"
    look = "bluish green", "dashes", "v"

    def after_step(self, net: Network) -> None:
        for layer in net.senders:
            self.draw(layer)
        super().after_step(net)
