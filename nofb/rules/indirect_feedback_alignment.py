"""Indirect feedback alignment: what if the error entered at the bottom and travelled *forward*?

Nøkland 2016 (NeurIPS; arXiv 1609.01596).

    δ_L = e = ŷ - y                                 (1)
    δ_1 = (e D_1) ∘ f'(a_1)                         (2)   one random path, to the first hidden layer
    δ_l = (δ_{l-1} W_l) ∘ f'(a_l)    1 < l < L      (3)   from there along the forward weights
    ΔW_l = h_{l-1}ᵀ δ_l / N                         (4)

Symbols: e output error (N, n_L); D_1 direct feedback matrix (n_L, n_1); W_l forward weights
    (n_{l-1}, n_l), or a fixed random matrix R_l of that shape in their place.
Uses: the global error, its own activations, D_1, its own W. Does not use: Wᵀ, the layers above.
Zero weights: W_l = 0 makes δ_l = 0 for all l > 1, and so W_2 never moves: h_1 wakes, but eq. 3
    relays nothing. The forward relay needs non-zero W_2 ... W_{L-1}; a random relay does not.
Released code: none. Two independent notes disagree on whether the relay is W_l or a fixed random
    matrix; `relay` chooses, and the forward weights are the default.
"""

from dataclasses import dataclass, replace

import numpy as np

from nofb import checks, initialisers
from nofb.initialisers import Initialiser
from nofb.network import Network
from nofb.rules.base import Rule, Signals, Uses, draw_matrix, state_of
from nofb.trace import Trace
from nofb.types import Array


@dataclass
class RandomRelay:
    """What a layer keeps, as `layer.rule_state`, where the relay is random.

    Parameters
    ----------
    R
        The fixed relay matrix (n_in, n_out).
    """

    R: Array


class IndirectFeedbackAlignment(Rule):
    """Indirect feedback alignment: the error goes to the first layer and is relayed upward.

    Parameters
    ----------
    relay
        "forward" relays through the forward weights, "random" through fixed random matrices.
    feedback_init
        How D_1, and each R of a random relay, is drawn.

    Examples
    --------
    >>> from nofb import Dense, Network
    >>> net = Network([Dense(4, 3, "tanh"), Dense(3, 5, "tanh"), Dense(5, 2)])
    >>> IndirectFeedbackAlignment().attach(net)
    >>> net.layers[0].D.shape, net.layers[1].D is None
    ((2, 3), True)
    """

    name = "ifa"
    title = "indirect feedback alignment"
    paper = "Nøkland 2016"
    uses = Uses(error=True, forward_weights=True, feedback=True)

    def __init__(
        self, relay: str = "forward", feedback_init: str | Initialiser = "uniform_fan_out"
    ) -> None:
        checks.choice("relay", relay, ["forward", "random"])
        self.relay = relay
        self.feedback_init = initialisers.get(feedback_init, "feedback_init")
        if relay == "random":
            self.uses = replace(self.uses, forward_weights=False)  # type: ignore[misc]

    def draw_feedback(self, net: Network, rng: np.random.Generator) -> None:
        first, *others = net.weighted
        if others:
            units = net.units_shown(first)
            first.D = draw_matrix(self.feedback_init, rng, net.n_outputs, units, net)
        if self.relay == "random":
            for layer in net.weighted[1:-1]:
                R = draw_matrix(self.feedback_init, rng, layer.n_in, layer.n_out, net)
                layer.rule_state = RandomRelay(R)

    def signals(self, net: Network, trace: Trace) -> Signals:
        *hidden, last = net.weighted
        delta = trace.error  # eq. 1  (N, n_L)
        yield last, delta
        for layer in hidden:
            if layer is hidden[0]:
                signal = trace.project(layer, trace.error, layer.D)  # eq. 2  (N, n_1)
            else:
                R = state_of(layer, RandomRelay).R if self.relay == "random" else layer.W
                signal = trace.relay(layer, delta, R)  # eq. 3  (N, n_l)
            delta = trace.times_slope(layer, signal)  # ∘ f'(a_l)  (N, n_l)
            yield layer, delta
