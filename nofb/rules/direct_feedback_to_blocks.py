"""Direct feedback to blocks: what if the error went straight to each block, and in steps inside it?

Launay, Poli, Boniface & Krzakala 2020 (NeurIPS; arXiv 2006.12878), who call it macro.

    δ_L     = ŷ - y                                 (1)
    s_k     = e D_k        for every block k but the last (2)   on what the block gives
    s_{l-1} = δ_l B_l                               (3)   inside a block, as in feedback alignment
    δ_l     = s_l ∘ f'(a_l)                         (4)
    ΔW_l    = h_{l-1}ᵀ δ_l / N                      (5)

Symbols: e output error (N, n_L); D_k direct feedback matrix of block k (n_L, n_k), where n_k counts
    what the block gives, after pooling, of one token if every token has outputs; s_l a signal on
    what a layer gives; δ_l teaching signal (N, n_l); B_l fixed feedback matrix (n_l, n_{l-1}).
What a block is: a part of the network's list, such as `Residual`, with the layers without weights
    that follow it. In a list of dense layers every layer is a block, and this is direct feedback
    alignment.
Uses: the global error, its own activations, D, B. Does not use: W on the way back, other blocks.
Paper: backprop inside a block, so that B_l is W_lᵀ there, which is weight transport.
"""

from dataclasses import dataclass

import numpy as np

from nofb import settings
from nofb.feedback import draw_matrix
from nofb.kernels.jit import kernel
from nofb.rule import Array, Initialiser, Network, Rule, Signals, Trace, Uses


@kernel
def project(e: Array, D: Array) -> Array:
    """Every unit that a block shows gets the errors of all outputs, times fixed random numbers."""
    return e @ D  # eq. 2  (N, n_k)


@kernel
def send_back(delta: Array, B: Array) -> Array:
    """Every unit inside the block gets the errors of the units that it feeds."""
    return delta @ B  # eq. 3  (N, n_{l-1})


@dataclass(kw_only=True, repr=False, eq=False)
class DirectFeedbackToBlocks(Rule):
    """Direct feedback to blocks: D to each block of the network, B between the layers inside it.

    The D of a block stands on its last layer with weights.

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
        for layer in trace.downward(sent):  # from the output, where e waits: eq. 1
            delta = trace.delta(layer)  # all that has arrived, ∘ f'(a_l): eq. 4
            yield layer, delta
            if layer.B is not None:
                trace.arrive(layer, send_back(delta, layer.B))  # eq. 3
