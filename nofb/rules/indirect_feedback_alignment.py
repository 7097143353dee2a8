"""Indirect feedback alignment: what if the error entered the first layer and went *forward*?

Nøkland 2016 (NeurIPS; arXiv 1609.01596).

    δ_L = e = ŷ - y                                 (1)
    δ_1 = (e D_1) ∘ f'(a_1)                         (2)   one random path, to the first hidden layer
    δ_l = (δ_{l-1} W_l) ∘ f'(a_l)    1 < l < L      (3)   then along the forward weights
    ΔW_l = h_{l-1}ᵀ δ_l / N                         (4)

Symbols: e output error (N, n_L); D_1 direct feedback matrix (n_L, n_1); W_l forward weights
    (n_{l-1}, n_l), or a fixed random matrix R_l of that shape instead.
In a network with branches: the signal is relayed along every branch, and added where branches join.
Uses: the global error, its own activations, D_1, its own W. Does not use: Wᵀ, the layers above.
Zero weights: W_l = 0 makes δ_l = 0 for all l > 1, so W_2 never changes: h_1 changes, but eq. 3
    relays zero. The forward relay needs non-zero W_2 ... W_{L-1}; a random relay does not.
Released code: none. Two independent notes disagree whether the relay is W_l or a fixed random
    matrix. `IndirectFeedbackAlignment` uses the weights, `RandomRelay` random matrices.
"""

from dataclasses import dataclass

import numpy as np

from nofb import settings
from nofb.feedback import draw_matrix, state_of
from nofb.kernels.jit import kernel
from nofb.rule import Array, Initialiser, Network, Rule, Signals, Trace, Uses, WeightedLayer


@kernel
def project(e: Array, D: Array) -> Array:
    """The first hidden layer gets the errors of all outputs, times fixed random numbers."""
    return e @ D  # eq. 2  (N, n_1)


@kernel
def relay(delta_below: Array, R: Array) -> Array:
    """Every unit gets the signals of all units below it."""
    return delta_below @ R  # eq. 3  (N, n_l)


@dataclass
class Relay:
    """The random relay of a layer, stored as `layer.rule_state`."""

    R: Array  # fixed (n_in, n_out)


@dataclass(kw_only=True, repr=False, eq=False)
class IndirectFeedbackAlignment(Rule):
    """Indirect feedback alignment: the error goes to the first layer and is relayed upward.

    Parameters
    ----------
    feedback_init
        How D_1, and each R of a random relay, is drawn.
    """

    name = "ifa"
    title = "indirect feedback alignment"
    paper = "Nøkland 2016"
    family = "random"
    uses = Uses(error=True, forward_weights=True, feedback=True)
    look = "reddish purple", "solid", "<"

    feedback_init: Initialiser = settings.initialiser("uniform_fan_out")

    def draw_feedback(self, net: Network, rng: np.random.Generator) -> None:
        for layer in net.weighted[:-1]:
            if not net.has_weights_below(layer):
                units = net.units_shown(layer)
                layer.D = draw_matrix(self.feedback_init, rng, net.n_outputs, units, net)

    def relay_of(self, layer: WeightedLayer) -> Array:
        """Return the matrix for signals upward (n_in, n_out)."""
        return layer.W

    def signals(self, net: Network, trace: Trace) -> Signals:
        for layer in trace.upward():
            if layer is net.last:
                delta = trace.error  # eq. 1  (N, n_L)
            elif not net.has_weights_below(layer):
                delta = trace.delta(layer, project(trace.error, layer.D))  # times the slope: eq. 2
            else:
                signal = relay(trace.from_below(layer), self.relay_of(layer))
                delta = trace.delta(layer, trace.shown(layer, signal))  # times the slope: eq. 3
            yield layer, delta
            trace.relay(layer, delta)


@dataclass(kw_only=True, repr=False, eq=False)
class RandomRelay(IndirectFeedbackAlignment):
    """Indirect feedback alignment that relays through fixed random matrices."""

    name = "ifa_random"
    title = "indirect feedback alignment, random relay"
    uses = Uses(error=True, feedback=True)
    listed = False

    def draw_feedback(self, net: Network, rng: np.random.Generator) -> None:
        super().draw_feedback(net, rng)
        for layer in filter(net.has_weights_below, net.weighted[:-1]):
            R = draw_matrix(self.feedback_init, rng, layer.n_in, layer.n_out, net)
            layer.rule_state = Relay(R)

    def relay_of(self, layer: WeightedLayer) -> Array:
        return state_of(layer, Relay).R
