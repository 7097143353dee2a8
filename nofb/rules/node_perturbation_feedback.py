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
What is left: the change of the loss is one number, told to all units: each entry of λ has the
    variance ‖g‖², of all layers together, so that it drowns in that of the others. And B becomes
    Wᵀ only along the δ that come: what no error ever needs stays as it was drawn.
Uses: the global error, its own activations, B, each sample's loss, a second phase. Does not use: W
    on the way back.
Paper: η_B is of its own there; here B steps with the optimizer that W has.
Released code: adds up the losses of a batch before eq. 5, so that a sample hears of the noise of
    all others too. With one hidden layer it divides by σ, not σ², and δ is the noisy pass's. One
    of its deeper networks solves eq. 6 for all samples so far, in the place of stepping.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nofb import checks
from nofb.initialisers import Initialiser
from nofb.layers import Dropout, Record, WeightedLayer
from nofb.network import Network
from nofb.rules.base import Uses, state_of
from nofb.rules.feedback_alignment import FeedbackAlignment
from nofb.trace import Trace, Update
from nofb.types import Array


@dataclass
class Noise:
    """What a layer keeps, as `layer.rule_state`.

    Parameters
    ----------
    rng
        Draws the noise of all layers.
    """

    rng: np.random.Generator


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
    uses = Uses(error=True, learned_feedback=True, second_phase=True)

    def __init__(
        self, width: float = 0.01, feedback_init: str | Initialiser = "uniform_fan_out"
    ) -> None:
        super().__init__(feedback_init)
        self.width = checks.number("width", width, above=0)

    def draw_feedback(self, net: Network, rng: np.random.Generator) -> None:
        super().draw_feedback(net, rng)
        for layer in net.weighted[1:]:
            layer.rule_state = Noise(rng)

    def teach(self, net: Network, trace: Trace) -> list[Update]:
        signals = dict(self.signals(net, trace))  # eq. 1, eq. 2
        trace.weight_products(signals.items())  # eq. 3
        for layer, record, blame in self.blames(net, trace):
            if layer.B is not None:
                dB = trace.room_for_feedback(layer, layer.B)
                regress(layer, record, signals[layer], blame, layer.B, dB)
        return [trace.update(layer) for layer in net.weighted]

    def blames(self, net: Network, trace: Trace) -> Iterator[tuple[WeightedLayer, Record, Array]]:
        """Give each layer with feedback, its record of a noisy pass, and λ for what it received."""
        noisy = trace.second_pass()
        self.perturb(trace, noisy)
        change = losses(net, noisy, trace.target) - losses(net, trace, trace.target)
        worth = (change / self.width**2).astype(net.dtype)  # (N,)
        for layer in net.weighted[1:]:
            xi = noisy[layer].array("xi", layer.shape_in)
            xi *= worth.reshape(-1, *(1 for _ in layer.shape_in))  # eq. 5
            yield layer, noisy[layer], xi

    def perturb(self, trace: Trace, noisy: Trace) -> None:
        """Send the samples through once more, with noise in what each layer receives."""
        h = trace[trace.net.layers[0]].h_below
        for layer, record in noisy.records.items():
            layer.open(record, h)
            if isinstance(layer, Dropout):
                record.array("mask", h.shape[1:])[:] = trace[layer].array("mask", h.shape[1:])
            if isinstance(layer, WeightedLayer) and layer.B is not None:
                xi = record.array("xi", layer.shape_in)
                state_of(layer, Noise).rng.standard_normal(out=xi, dtype=xi.dtype)
                xi *= self.width
                record.h_below += xi  # eq. 4
            layer.forward(record)
            h = record.h


def regress(
    layer: WeightedLayer, record: Record, delta: Array, blame: Array, B: Array, dB: Array
) -> None:
    """dB = δᵀ (δ B - λ) / N; of a convolution's maps, every patch counts."""
    wrong = record.h_below  # which the noisy pass needs no more
    np.subtract(layer.back(record, delta, B), blame, out=wrong)
    layer.affine(record)  # so that `received` has the patches of it
    np.dot(delta.reshape(-1, layer.n_out).T, layer.received(record), out=dB)  # eq. 6
    dB /= len(delta)


def losses(net: Network, trace: Trace, target: Array) -> Array:
    """Return the loss of each sample (N,)."""
    a = trace[net.weighted[-1]].a
    samples = (slice(i, i + 1) for i in range(len(a)))
    return np.array([net.head.total(a[i], target[i]) for i in samples])
