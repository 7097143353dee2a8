"""Direct Kolen-Pollack: what if the direct feedback matrices learned as Kolen-Pollack's do?

Webster, Choi & Ahn 2021 (Learning the connections in direct feedback alignment; OpenReview).

    δ_L  = e = ŷ - y                                (1)
    δ_l  = (e D_l) ∘ f'(a_l)      for every hidden l (2)   as in direct feedback alignment
    ΔW_l = h_{l-1}ᵀ δ_l / N                         (3)
    ΔD_l = eᵀ h_l / N             for every hidden l (4)   what the layer shows meets the error
    W_L ← (1 - λ)(W_L - η ΔW_L)                     (5)
    D_l ← (1 - λ)(D_l - η ΔD_l)                     (6)

Symbols: e output error (N, n_L); D_l direct feedback matrix (n_L, n_l), where n_l counts what the
    layer shows to the next one, h_l, after any pooling; λ decay, per step; η learning rate.
Why it works: below the output ΔD_{L-1} is ΔW_Lᵀ, so that W_L - D_{L-1}ᵀ ← (1 - λ)(W_L - D_{L-1}ᵀ),
    exactly, as in Kolen-Pollack. Deeper down D_l has no partner in the network: it becomes the
    transpose of the weights V_l that a direct path from h_l to the output would have learned,
    which take the step h_lᵀ e / N, since V_l - D_lᵀ shrinks likewise.
What it is not: where the units are linear and W_{l+1} rests, ΔD_{l+1} = ΔD_l W_{l+1}, so that
    D_{l+1} - D_l W_{l+1} shrinks by 1 - λ a step. Backprop has D_l = D_{l+1} W_{l+1}ᵀ, which is the
    same only if W_{l+1} W_{l+1}ᵀ is 1 for what D_l sends. Two layers below the output and deeper
    it is therefore no backprop, however long it learns.
Uses: the global error, its own activations, D. Does not use: W on the way back, other layers, a
    second phase.
Paper: has a rate of its own for D; here D steps with the optimizer that W has, without which eq. 5
    would have no partner. It decays every W; here W_L alone does, the only one with a D.
Released code: no decay, and zeros or small random numbers to begin with.
"""

from dataclasses import dataclass

from nofb import settings
from nofb.kernels.jit import kernel
from nofb.rule import Array, Network, Signals, Trace, Uses
from nofb.rules.direct_feedback_alignment import DirectFeedbackAlignment


@kernel
def direct_product(e: Array, h: Array, samples: int) -> Array:
    """The step of a direct path from the layer to the output, worked out by its feedback."""
    return (e / e.dtype.type(samples)).T @ h  # eq. 4  (n_L, n_l)


@kernel
def forget(matrix: Array, decay: float) -> None:
    """Forget a fraction, and so what there was at first."""
    matrix *= matrix.dtype.type(1 - decay)  # eqs. 5 and 6: the optimizer has been here already


@dataclass(kw_only=True, repr=False, eq=False)
class DirectKolenPollack(DirectFeedbackAlignment):
    """Direct Kolen-Pollack: each D learns what a direct path to the output would learn.

    Parameters
    ----------
    decay
        λ, per step, for every D and the W of the output layer; from 0 to less than 1.
    feedback_init
        How each D (n_L, n_l) is drawn, as in direct feedback alignment.
    zero_weights
        Whether `attach` sets all forward weights and biases to zero.

    Examples
    --------
    >>> import numpy as np
    >>> from nofb import Dense, Network
    >>> net = Network([Dense(4, 3, activation="tanh"), Dense(3, 2)])
    >>> rule = DirectKolenPollack(decay=0.1)
    >>> rule.attach(net)
    >>> below, last = rule.updates(net, np.ones((5, 4)), np.array([0, 1, 1, 0, 1]))
    >>> bool(np.allclose(below.dD, last.dW.T))
    True
    """

    name = "dkp"
    title = "direct Kolen-Pollack"
    paper = "Webster, Choi & Ahn 2021"
    family = "learned"
    uses = Uses(error=True, learned_feedback=True)
    look = "vermillion", "long", "p"
    compared = False

    decay: float = settings.number(1e-3, least=0, below=1)
    shared: bool = settings.fixed(False)  # each D learns on its own
    entries: int | None = settings.fixed(None)  # and fills what was drawn as zero

    def feedback_updates(self, net: Network, trace: Trace) -> Signals:
        for layer in [layer for layer in net.weighted[:-1] if not layer.frozen]:
            dD = direct_product(trace.error, trace.h_shown(layer), trace.predictions)  # eq. 4
            yield layer, dD

    def after_step(self, net: Network) -> None:
        for layer in [layer for layer in net.weighted if not layer.frozen]:
            matrix = layer.W if layer is net.weighted[-1] else layer.D
            forget(matrix, self.clock.factor * self.decay)  # eqs. 5 and 6
