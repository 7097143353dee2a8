"""Direct random target projection: what if hidden layers learned from the label alone?

Frenkel, Lefebvre & Bol 2021 (Frontiers in Neuroscience 15:629892; arXiv 1909.01311).

    δ_L  = ŷ - y                                    (1)   the output layer learns as usual
    δ_l  = (y D_l) ∘ f'(a_l)      for every hidden l (2)   no error: known before the pass ends
    ΔW_l = h_{l-1}ᵀ δ_l / N                         (3)

Symbols: y one-hot target (N, n_L); D_l direct feedback matrix (n_L, n_l).
Why it can work: outputs lie in (0, 1), so the label fixes the sign of the error, and y D = ½
    (sign(y - ŷ) D + 1 D), where 1 D is the same for every sample.
Uses: the labels, its own activations, D. Does not use: the error, W in the backward pass, other
    layers.
Released code: averages the output layer over batch and classes but sums the hidden layers, so their
    rate is N n_L times larger. Here both are means, so hidden layers need a larger rate or D.
"""

from dataclasses import dataclass

from nofb.kernels.jit import kernel
from nofb.rule import Array, Network, Signals, Trace, Uses
from nofb.rules.direct_feedback_alignment import DirectFeedbackAlignment


@kernel
def project(y: Array, D: Array) -> Array:
    """Every unit gets its entry of the row of D that belongs to the label."""
    return y @ D  # eq. 2  (N, n_l)


@dataclass(kw_only=True, repr=False, eq=False)
class DirectRandomTargetProjection(DirectFeedbackAlignment):
    """DRTP: a random projection of the one-hot target teaches every hidden layer."""

    name = "drtp"
    title = "direct random target projection"
    paper = "Frenkel, Lefebvre & Bol 2021"
    uses = Uses(labels=True, feedback=True)
    look = "orange", "solid", "p"
    remark = (
        "Rule drtp sends the label itself, which points against the error ŷ\u00a0−\u00a0y, so "
        "there the weights come to oppose the matrix: more than 90° is alignment."
    )

    def signals(self, net: Network, trace: Trace) -> Signals:
        yield net.weighted[-1], trace.error  # eq. 1  (N, n_L)
        for layer in net.weighted[:-1]:
            delta = trace.delta(layer, project(trace.target, layer.D))  # times the slope: eq. 2
            yield layer, delta
