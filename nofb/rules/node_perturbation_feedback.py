"""Node-perturbation feedback: what if B learned from what a little noise does to the loss?

Lansdell, Prakash & Kording 2020 (ICLR; arXiv 1906.00889).

    δ_L     = ŷ - y                                 (1)
    δ_{l-1} = (δ_l B_l) ∘ f'(a_{l-1})               (2)   as in feedback alignment
    ΔW_l    = h_{l-1}ᵀ δ_l / N                      (3)
Once more with noise, the same samples:
    h̃_{l-1} = h_{l-1} + ξ_l, ξ_l ~ N(0, σ²)         (4)   in what every layer but the first receives
    λ_l     = (loss(h̃) - loss(h)) ξ_l / σ²          (5)   for each sample; who moved is to blame
    ΔB_l    = δ_lᵀ (δ_l B_l - λ_l) / N              (6)   gradient of ½‖δ_l B_l - λ_l‖²

Symbols: δ_l teaching signal at the pre-activation a_l (N, n_l); B_l feedback matrix (n_l, n_{l-1});
    h_{l-1} what the layer received (N, n_{l-1}); ξ_l, λ_l shaped like it; σ width; N batch size.
Why it works: to first order the loss moves by Σ_l ξ_l · g_l, with g_l the gradient at h_{l-1}, so
    E[λ_l] = g_l: noise elsewhere only blurs it. At the top g = e W_Lᵀ, which makes B_L = W_Lᵀ the
    regression's solution; once δ_l is right, so is the solution one layer down.
Remaining error: the change of the loss is one number, told to all units: each entry of λ has the
    variance ‖g‖², of all layers together, so that it drowns in that of the others. And B becomes
    Wᵀ only along the δ that come: what no error ever needs stays as it was drawn.
Uses: the global error, its own activations, B, each sample's loss, a second forward pass. Does not
    use: W on the way back, a second phase.
Paper: η_B is of its own there; here B steps with the optimizer that W has.
Released code: adds up the losses of a batch before eq. 5, so that a sample gets the noise of
    all others too. With one hidden layer it divides by σ, not σ², and δ is the noisy pass's. One
    of its deeper networks solves eq. 6 for all samples so far, instead of stepping.
"""

from dataclasses import dataclass

import numpy as np

from nofb import settings
from nofb.kernels.jit import kernel
from nofb.layers import WeightedLayer
from nofb.network import Network
from nofb.rules.base import Uses, state_of
from nofb.rules.feedback_alignment import FeedbackAlignment, send_back
from nofb.trace import Trace
from nofb.types import Array
from nofb.updates import Signals


@kernel
def credit(change: Array, xi: Array, width: float) -> Array:
    """What each unit's noise says of it: the loss has changed, and this is how it had moved."""
    return (change / change.dtype.type(width**2)).reshape(-1, 1) * xi  # eq. 5  (N, n_{l-1})


@kernel
def regression(delta: Array, wrong: Array, samples: int) -> Array:
    """The slope in B of ½‖wrong‖², for wrong = δ B - λ."""
    return delta.T @ wrong / delta.dtype.type(samples)  # eq. 6  (n_l, n_{l-1})


@dataclass
class Noise:
    """What a layer keeps, as `layer.rule_state`.

    Parameters
    ----------
    rng
        Draws the noise of all layers.
    """

    rng: np.random.Generator


@dataclass(kw_only=True, repr=False, eq=False)
class NodePerturbationFeedback(FeedbackAlignment):
    """Node-perturbation feedback: B predicts what noise shows each unit to be worth.

    Parameters
    ----------
    width
        σ, the standard deviation of the noise; small, so that the loss is nearly linear in it.
    feedback_init
        How each B (n_out, n_in) is drawn, as in feedback alignment.

    Examples
    --------
    >>> import numpy as np
    >>> from nofb import Dense, Network
    >>> net = Network([Dense(4, 3, activation="tanh"), Dense(3, 2)])
    >>> rule = NodePerturbationFeedback()
    >>> rule.attach(net)
    >>> update = rule.updates(net, np.ones((5, 4)), np.array([0, 1, 1, 0, 1]))[1]
    >>> update.dB.shape
    (2, 3)
    """

    name = "np_feedback"
    title = "node-perturbation feedback"
    paper = "Lansdell et al. 2020"
    uses = Uses(error=True, learned_feedback=True, second_pass=True)
    by_sample = True

    width: float = settings.number(0.01, above=0)

    def draw_feedback(self, net: Network, rng: np.random.Generator) -> None:
        super().draw_feedback(net, rng)
        for layer in net.weighted[1:]:
            layer.rule_state = Noise(rng)

    def feedback_updates(self, net: Network, trace: Trace) -> Signals:
        learning = [layer for layer in net.weighted if layer.B is not None]
        noise = {layer: self.noise(layer, trace.samples) for layer in learning}
        noisy = trace.again(noise)  # eq. 4
        change = (noisy.losses() - trace.losses()).astype(net.dtype)  # (N,)
        for layer, xi in noise.items():
            told = credit(change, xi.reshape(trace.samples, -1), self.width)  # eq. 5
            dB = self.regress(trace, layer, told.reshape(xi.shape), layer.B)
            yield layer, dB

    def noise(self, layer: WeightedLayer, samples: int) -> Array:
        """Return noise for what a layer receives (N, ...)."""
        rng = state_of(layer, Noise).rng
        return self.width * rng.standard_normal((samples, *layer.shape_in), layer.dtype)

    def regress(self, trace: Trace, layer: WeightedLayer, told: Array, B: Array) -> Array:
        """Return dB of a layer, from what it was told each unit below is worth (N, ...)."""
        delta = trace.delta_rows(layer)
        predicted = trace.on_input(layer, send_back(delta, B))  # δ_l B_l, on h_{l-1}  (N, ...)
        return regression(
            delta, trace.input_rows(layer, predicted - told), trace.predictions
        )  # eq. 6
