"""Node-perturbation feedback: what if B learned from the effect of small noise on the loss?

Lansdell, Prakash & Kording 2020 (ICLR; arXiv 1906.00889).

    δ_L     = ŷ - y                                 (1)
    δ_{l-1} = (δ_l B_l) ∘ f'(a_{l-1})               (2)   as in feedback alignment
    ΔW_l    = h_{l-1}ᵀ δ_l / N                      (3)
A second forward pass of the same samples, with noise:
    h̃_{l-1} = h_{l-1} + ξ_l, ξ_l ~ N(0, σ²)         (4)   in the input of every layer but the first
    λ_l     = (loss(h̃) - loss(h)) ξ_l / σ²          (5)   for each sample
    ΔB_l    = δ_lᵀ (δ_l B_l - λ_l) / N              (6)   gradient of ½‖δ_l B_l - λ_l‖²

Symbols: δ_l teaching signal at the pre-activation a_l (N, n_l); B_l feedback matrix (n_l, n_{l-1});
    h_{l-1} input of the layer (N, n_{l-1}); ξ_l, λ_l shaped like it; σ width; N batch size.
Why it works: to first order the loss changes by Σ_l ξ_l · g_l, with g_l the gradient at h_{l-1}, so
    E[λ_l] = g_l: noise in other layers only adds variance. At the top g = e W_Lᵀ, so the solution
    of the regression is B_L = W_Lᵀ. When δ_l is right, the solution of the layer below is right
    too.
Remaining error: the change of the loss is one number for all units, so each entry of λ has the
    variance ‖g‖² of all layers together, which hides its own part. And B becomes Wᵀ only along the
    δ that occur; in other directions it keeps its initial values.
Uses: the global error, its own activations, B, each sample's loss, a second forward pass.
    Does not use: W in the backward pass, a second phase.
Paper: B has its own rate η_B; here B has the optimizer of W.
Released code: adds up the losses of a batch before eq. 5, so a sample gets the noise of all others
    too. With one hidden layer it divides by σ, not σ², and δ is that of the noisy pass. One of its
    deeper networks solves eq. 6 for all samples so far, instead of taking a step.
"""

from dataclasses import dataclass

import numpy as np

from nofb import settings
from nofb.feedback import state_of
from nofb.kernels.jit import kernel
from nofb.rule import Array, Network, Signals, Trace, Uses, WeightedLayer
from nofb.rules.feedback_alignment import FeedbackAlignment, send_back


@kernel
def credit(change: Array, xi: Array, width: float) -> Array:
    """The estimate of each unit's gradient: the change of the loss times the noise of the unit."""
    return (change / change.dtype.type(width**2)).reshape(-1, 1) * xi  # eq. 5  (N, n_{l-1})


@kernel
def regression(delta: Array, wrong: Array, samples: int) -> Array:
    """The gradient in B of ½‖wrong‖², for wrong = δ B - λ."""
    return delta.T @ wrong / delta.dtype.type(samples)  # eq. 6  (n_l, n_{l-1})


@dataclass
class Noise:
    """The random generator of the noise, stored as `layer.rule_state`."""

    rng: np.random.Generator  # draws the noise of all layers


@dataclass(kw_only=True, repr=False, eq=False)
class NodePerturbationFeedback(FeedbackAlignment):
    """Node-perturbation feedback: B learns how the loss depends on each unit.

    Parameters
    ----------
    width
        σ, the standard deviation of the noise; small, so that the loss is nearly linear in it.
    """

    name = "np_feedback"
    title = "node-perturbation feedback"
    paper = "Lansdell et al. 2020"
    family = "learned"
    uses = Uses(error=True, learned_feedback=True, second_pass=True)
    look = "sky blue", "dashes", "d"
    compared = False

    width: float = settings.number(0.01, above=0)

    def draw_feedback(self, net: Network, rng: np.random.Generator) -> None:
        super().draw_feedback(net, rng)
        for layer in net.senders:
            layer.rule_state = Noise(rng)

    def feedback_updates(self, net: Network, trace: Trace) -> Signals:
        learning = [layer for layer in net.weighted if layer.B is not None]
        noise = {layer: self.noise(layer, trace.samples) for layer in learning}
        noisy = trace.again(noise)  # eq. 4
        change = (noisy.losses() - trace.losses()).astype(net.dtype)  # (N,)
        for layer, xi in noise.items():
            target = credit(change, xi.reshape(trace.samples, -1), self.width)  # eq. 5
            dB = self.regress(trace, layer, target.reshape(xi.shape), layer.B)
            yield layer, dB

    def noise(self, layer: WeightedLayer, samples: int) -> Array:
        """Return noise for the input of a layer (N, ...)."""
        rng = state_of(layer, Noise).rng
        return self.width * rng.standard_normal((samples, *layer.shape_in), layer.dtype)

    def regress(self, trace: Trace, layer: WeightedLayer, target: Array, B: Array) -> Array:
        """Return dB of a layer, given λ for each unit below (N, ...)."""
        delta = trace.delta_rows(layer)
        predicted = trace.on_input(layer, send_back(delta, B))  # δ_l B_l, on h_{l-1}  (N, ...)
        wrong = trace.input_rows(layer, predicted - target)
        return regression(delta, wrong, trace.predictions)  # eq. 6
