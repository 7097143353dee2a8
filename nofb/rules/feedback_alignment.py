"""Feedback alignment: what if the error came back through fixed random weights?

Lillicrap, Cownden, Tweed & Akerman 2016 (Nature Communications 7:13276; arXiv 1411.0247).

    δ_L     = ŷ - y                                 (1)
    δ_{l-1} = (δ_l B_l) ∘ f'(a_{l-1})               (2)   B_l fixed and random; backprop has W_lᵀ
    ΔW_l    = h_{l-1}ᵀ δ_l / N                      (3)

Symbols: δ_l teaching signal at the pre-activation a_l (N, n_l); B_l feedback matrix (n_l, n_{l-1});
    h_{l-1} input of the layer (N, n_{l-1}); f' slope; N batch size.
Uses: the global error, its own activations, B. Does not use: W in the backward pass, a second
    phase.
Released code: Nøkland's code starts ReLU networks with B = Wᵀ, a copy of the initial weights; here
    B is always drawn independently. Akrout's code divides the bias update by N twice; here it is a
    mean.
"""

from dataclasses import dataclass

import numpy as np

from nofb import settings
from nofb.feedback import draw_matrix
from nofb.kernels.jit import kernel
from nofb.rule import Array, Initialiser, Network, Rule, Signals, Trace, Uses


@kernel
def send_back(delta: Array, B: Array) -> Array:
    """Every unit below gets the errors of all units above, each times a fixed random number."""
    return delta @ B  # eq. 2  (N, n_{l-1})


@dataclass(kw_only=True, repr=False, eq=False)
class FeedbackAlignment(Rule):
    """Feedback alignment: fixed random matrices replace the transposed weights.

    Parameters
    ----------
    feedback_init
        How each B (n_out, n_in) is drawn; Nøkland's choice, uniform on ±1/√n_in, by default.

    Examples
    --------
    >>> from nofb import Dense, Network
    >>> net = Network([Dense(4, 3, activation="tanh"), Dense(3, 2)])
    >>> FeedbackAlignment().attach(net)
    >>> net.layers[0].B is None, net.layers[1].B.shape
    (True, (2, 3))
    """

    name = "fa"
    title = "feedback alignment"
    paper = "Lillicrap et al. 2016"
    family = "random"
    uses = Uses(error=True, feedback=True)
    look = "blue", "solid", "o"

    feedback_init: Initialiser = settings.initialiser("uniform_fan_out")

    def draw_feedback(self, net: Network, rng: np.random.Generator) -> None:
        for layer in net.senders:
            layer.B = draw_matrix(self.feedback_init, rng, *layer.feedback_shape, net)

    def signals(self, net: Network, trace: Trace) -> Signals:
        for layer in trace.downward():  # the output layer first, with e: eq. 1
            delta = trace.delta(layer)  # the sum of all signals, ∘ f'(a_l): eq. 2
            yield layer, delta
            if layer.sends:
                trace.arrive(layer, send_back(delta, layer.B))
