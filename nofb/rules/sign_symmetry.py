"""Sign-symmetry: how much of Wᵀ does the way back need, if it may know only the signs?

Liao, Leibo & Poggio 2016 (AAAI; arXiv 1510.05067); deeper: Xiao et al. 2019 (arXiv 1811.03567).

    δ_L     = ŷ - y                                 (1)
    B_l     = M_l ∘ sign(W_lᵀ)                      (2)   rebuilt from W_l at every step
    δ_{l-1} = (δ_l B_l) ∘ f'(a_{l-1})               (3)
    ΔW_l    = h_{l-1}ᵀ δ_l / N                      (4)

    uniform (uSF)            M_l = s                      one magnitude for all
    batchwise random (brSF)  M_l = |s ξ|, ξ ~ N(0, 1)     drawn again after every step
    fixed random (frSF)      M_l = |s ξ|, ξ ~ N(0, 1)     drawn once

Symbols: M_l magnitudes (n_l, n_{l-1}); s = √(2 / (n_{l-1} + n_l)), Xavier's standard deviation.
Uses: the global error, its own activations, the signs of Wᵀ: weight transport of one bit a weight;
    brSF and frSF random magnitudes too. Does not use: how large a weight is, a second phase.
Released code: the 2016 paper takes the random magnitude as it is drawn; later code takes its
    absolute value, without which signs would not agree, and so does nofb. The papers steady the
    rule with batch normalisation and by using only the sign of the gradient; nofb does neither.
"""

from abc import abstractmethod
from dataclasses import dataclass
from math import sqrt

import numpy as np

from nofb import checks
from nofb.kernels.jit import kernel
from nofb.layers import WeightedLayer
from nofb.network import Network
from nofb.rules.base import Rule, Signals, Uses, state_of
from nofb.trace import Trace
from nofb.types import Array


@kernel
def take_signs(W: Array, M: Array, B: Array) -> None:
    """B = M ∘ sign(Wᵀ); a weight of zero sends nothing back."""
    for i in range(B.shape[0]):
        for j in range(B.shape[1]):
            B[i, j] = M[i, j] * np.sign(W[j, i])  # eq. 2  (n_out, n_in)


@dataclass
class Magnitudes:
    """What a layer keeps, as `layer.rule_state`.

    Parameters
    ----------
    rng
        Draws the magnitudes of all layers.
    M
        The magnitudes (n_out, n_in).
    """

    rng: np.random.Generator
    M: Array


class SignSymmetry(Rule):
    """What the three forms share: signs from the forward weights, magnitudes from elsewhere.

    Parameters
    ----------
    scale
        Multiplies the magnitudes.
    """

    paper = "Liao, Leibo & Poggio 2016"
    uses = Uses(error=True, signs=True)

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = checks.number("scale", scale, above=0)

    @abstractmethod
    def draw_magnitudes(self, M: Array, rng: np.random.Generator) -> None:
        """Fill M with magnitudes around one."""

    def draw_feedback(self, net: Network, rng: np.random.Generator) -> None:
        for layer in net.weighted[1:]:
            layer.B = np.zeros(layer.feedback_shape)
            layer.rule_state = Magnitudes(rng, np.zeros_like(layer.B))
            self.draw(layer)
        self.take_signs(net)

    def draw(self, layer: WeightedLayer) -> None:
        """Draw the magnitudes of one layer: s times those of the form."""
        state = state_of(layer, Magnitudes)
        self.draw_magnitudes(state.M, state.rng)
        state.M *= self.scale * sqrt(2 / (layer.n_in + layer.n_out))

    def take_signs(self, net: Network) -> None:
        """Rebuild every B from the signs of the weights as they are now."""
        for layer in net.weighted[1:]:
            if layer.B is not None:
                take_signs(layer.W, state_of(layer, Magnitudes).M, layer.B)  # eq. 2

    def signals(self, net: Network, trace: Trace) -> Signals:
        # This changes nothing, unless somebody has moved W by hand.
        self.take_signs(net)
        delta = trace.error  # eq. 1  (N, n_L)
        yield net.weighted[-1], delta
        for layer, below in net.downward():
            signal = trace.back(layer, delta, layer.B)  # δ_l B_l  (N, n_{l-1})
            delta = trace.times_slope(below, signal)  # eq. 3
            yield below, delta

    def after_step(self, net: Network) -> None:
        self.take_signs(net)


class UniformSignSymmetry(SignSymmetry):
    """uSF: the signs of the weights, all with one magnitude.

    Examples
    --------
    >>> from nofb import Dense, Network
    >>> net = Network([Dense(4, 3, activation="tanh"), Dense(3, 2)])
    >>> UniformSignSymmetry().attach(net)
    >>> bool((np.sign(net.layers[1].B) == np.sign(net.layers[1].W.T)).all())
    True
    """

    name = "usf"
    title = "sign-symmetry, uniform"

    def draw_magnitudes(self, M: Array, rng: np.random.Generator) -> None:
        M[:] = 1


class FixedRandomSignSymmetry(SignSymmetry):
    """frSF: the signs of the weights, with random magnitudes that stay."""

    name = "frsf"
    title = "sign-symmetry, fixed random magnitudes"
    uses = Uses(error=True, signs=True, feedback=True)

    def draw_magnitudes(self, M: Array, rng: np.random.Generator) -> None:
        rng.standard_normal(out=M, dtype=M.dtype)
        np.abs(M, out=M)


class BatchwiseRandomSignSymmetry(FixedRandomSignSymmetry):
    """brSF: the signs of the weights, with random magnitudes that are drawn again every step."""

    name = "brsf"
    title = "sign-symmetry, batchwise random magnitudes"

    def after_step(self, net: Network) -> None:
        for layer in net.weighted[1:]:
            self.draw(layer)
        self.take_signs(net)
