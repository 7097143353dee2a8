"""Direct feedback to blocks: what if D sent the error to each block, and B inside the block?

Launay, Poli, Boniface & Krzakala 2020 (NeurIPS; arXiv 2006.12878), where it is called macro.

    δ_L     = ŷ - y                                 (1)
    s_k     = e D_k        for every block k but the last (2)   on the output of the block
    s_{l-1} = δ_l B_l                               (3)   inside a block, as in feedback alignment
    δ_l     = s_l ∘ f'(a_l)                         (4)
    ΔW_l    = h_{l-1}ᵀ δ_l / N                      (5)

Symbols: e output error (N, n_L); D_k direct feedback matrix of block k (n_L, n_k), where n_k counts
    the outputs of the block, after pooling (of one token, if every token has outputs); s_l signal
    on the output of a layer; δ_l teaching signal (N, n_l); B_l fixed feedback matrix
    (n_l, n_{l-1}).
What a block is: a part of the network's list, such as `Residual`, with the layers without weights
    that follow it. In a list of dense layers every layer is a block, and this is direct feedback
    alignment.
Uses: the global error, its own activations, D, B. Does not use: W in the backward pass, other
    blocks.
Paper: uses backprop inside a block, so there B_l is W_lᵀ, which is weight transport.
"""

from dataclasses import dataclass

import numpy as np

from nofb import settings
from nofb.feedback import draw_matrix
from nofb.kernels.jit import kernel
from nofb.rule import Array, Initialiser, Network, Rule, Signals, Trace, Uses


@kernel
def project(e: Array, D: Array) -> Array:
    """Every output of a block gets the errors of all outputs, times fixed random numbers."""
    return e @ D  # eq. 2  (N, n_k)


@kernel
def send_back(delta: Array, B: Array) -> Array:
    """Every unit inside the block gets the errors of the units above it."""
    return delta @ B  # eq. 3  (N, n_{l-1})


@dataclass(kw_only=True, repr=False, eq=False)
class DirectFeedbackToBlocks(Rule):
    """Direct feedback to blocks: D to each block of the network, B between the layers inside it.

    The D of a block is an attribute of its last layer with weights.

    Parameters
    ----------
    feedback_init
        How each D and each B is drawn.

    Examples
    --------
    >>> from nofb import Dense, Network, Residual
    >>> block = Residual([Dense(4, 3, "tanh"), Dense(3, 4)])
    >>> net = Network([block, Dense(4, 2)])
    >>> DirectFeedbackToBlocks().attach(net)
    >>> lower, upper = block.layers
    >>> upper.D.shape, upper.B.shape, lower.B is None
    ((2, 4), (4, 3), True)
    """

    name = "dfa_blocks"
    title = "direct feedback to blocks"
    paper = "Launay et al. 2020"
    family = "random"
    uses = Uses(error=True, feedback=True)
    look = "vermillion", "dots", "D"
    compared = False

    feedback_init: Initialiser = settings.initialiser("uniform_fan_out")

    def draw_feedback(self, net: Network, rng: np.random.Generator) -> None:
        for block in net.blocks()[:-1]:
            units = net.units_of(block.top)
            last = block.weighted[-1]
            last.D = draw_matrix(self.feedback_init, rng, net.n_outputs, units, net)
        for block in net.blocks():
            for layer in block.weighted:
                if net.teaches(layer, block.nodes):
                    layer.B = draw_matrix(self.feedback_init, rng, *layer.feedback_shape, net)

    def signals(self, net: Network, trace: Trace) -> Signals:
        sent = {
            block.top: project(trace.error, block.weighted[-1].D)  # eq. 2  (N, n_k)
            for block in net.blocks()[:-1]
        }
        for layer in trace.downward(sent):  # the output layer first, with e: eq. 1
            delta = trace.delta(layer)  # the sum of all signals, ∘ f'(a_l): eq. 4
            yield layer, delta
            if layer.B is not None:
                trace.arrive(layer, send_back(delta, layer.B))  # eq. 3
