"""Error-sign feedback alignment: what if a layer received only the *signs* of the output errors?

Frenkel, Lefebvre & Bol 2021 (Frontiers in Neuroscience 15:629892; arXiv 1909.01311), as "sDFA".

    δ_L  = e = ŷ - y                                (1)   the output layer learns as usual
    δ_l  = (sign(e) D_l) ∘ f'(a_l)  for every hidden l (2)
    ΔW_l = h_{l-1}ᵀ δ_l / N                         (3)

Symbols: e output error (N, n_L); D_l direct feedback matrix (n_L, n_l).
It lies between direct feedback alignment, which sends the whole error, and direct random target
    projection, where the label gives the sign. The signal does not become smaller with the error.
Uses: the sign of the global error, its own activations, D. Does not use: W in the backward pass.
Released code: sums the hidden layers but averages the output layer; here both are means.
"""

from dataclasses import dataclass

import numpy as np

from nofb.kernels.jit import kernel
from nofb.rule import Array, Network, Signals, Trace, Uses
from nofb.rules.direct_feedback_alignment import DirectFeedbackAlignment


@kernel
def project_sign(e: Array, D: Array) -> Array:
    """Every unit gets the signs of all output errors, each times a fixed random number."""
    return np.sign(e) @ D  # eq. 2  (N, n_l)


@dataclass(kw_only=True, repr=False, eq=False)
class ErrorSignFeedbackAlignment(DirectFeedbackAlignment):
    """sDFA: a random projection of the signs of the output error teaches every hidden layer."""

    name = "sdfa"
    title = "error-sign direct feedback alignment"
    paper = "Frenkel, Lefebvre & Bol 2021"
    uses = Uses(error=True, feedback=True)
    look = "sky blue", "solid", "X"

    def signals(self, net: Network, trace: Trace) -> Signals:
        yield net.weighted[-1], trace.error  # eq. 1  (N, n_L)
        for layer in net.weighted[:-1]:
            delta = trace.delta(layer, project_sign(trace.error, layer.D))  # times the slope: eq. 2
            yield layer, delta
