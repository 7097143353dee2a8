"""Error-sign feedback alignment: what if a layer heard only *which way* each output is wrong?

Frenkel, Lefebvre & Bol 2021 (Frontiers in Neuroscience 15:629892; arXiv 1909.01311), as "sDFA".

    δ_L  = e = ŷ - y                                (1)   the output layer learns as ever
    δ_l  = (sign(e) D_l) ∘ f'(a_l)  for every hidden l (2)
    ΔW_l = h_{l-1}ᵀ δ_l / N                         (3)

Symbols: e output error (N, n_L); D_l direct feedback matrix (n_L, n_l).
Between direct feedback alignment, which hears how wrong each output is, and direct random target
    projection, for which the label tells the sign. The signal does not fade as errors shrink.
Uses: the sign of the global error, its own activations, D. Does not use: W on the way back.
Released code: sums the hidden layers but averages the output layer; here both are means.
"""

import numpy as np

from nofb.network import Network
from nofb.rules.base import Signals, Uses
from nofb.rules.direct_feedback_alignment import DirectFeedbackAlignment
from nofb.trace import Trace


class ErrorSignFeedbackAlignment(DirectFeedbackAlignment):
    """sDFA: the signs of the output error, projected at random, teach every hidden layer.

    Its parameters are those of `DirectFeedbackAlignment`, which draws its feedback.
    """

    name = "sdfa"
    title = "error-sign direct feedback alignment"
    paper = "Frenkel, Lefebvre & Bol 2021"
    uses = Uses(error=True, feedback=True)

    def signals(self, net: Network, trace: Trace) -> Signals:
        yield net.weighted[-1], trace.error  # eq. 1  (N, n_L)
        sign = np.sign(trace.error)  # (N, n_L)
        for layer in net.weighted[:-1]:
            signal = trace.project(layer, sign, layer.D)  # sign(e) D_l  (N, n_l)
            yield layer, trace.times_slope(layer, signal)  # eq. 2
