"""Direct Kolen-Pollack: what if the direct feedback matrices learned as in Kolen-Pollack?

Webster, Choi & Ahn 2021 (Learning the connections in direct feedback alignment; OpenReview).

    δ_L  = e = ŷ - y                                (1)
    δ_l  = (e D_l) ∘ f'(a_l)      for every hidden l (2)   as in direct feedback alignment
    ΔW_l = h_{l-1}ᵀ δ_l / N                         (3)
    ΔD_l = eᵀ h_l / N             for every hidden l (4)   the layer's output times the error
    W_L ← (1 - λ)(W_L - η ΔW_L)                     (5)
    D_l ← (1 - λ)(D_l - η ΔD_l)                     (6)

Symbols: e output error (N, n_L); D_l direct feedback matrix (n_L, n_l), where n_l counts the
    numbers that the next layer receives, h_l, after any pooling; λ decay, per step; η learning
    rate.
Why it works: for the last hidden layer, ΔD_{L-1} is ΔW_Lᵀ, so W_L - D_{L-1}ᵀ ← (1 - λ)(W_L -
    D_{L-1}ᵀ), exactly, as in Kolen-Pollack. In deeper layers D_l has no partner in the network. It
    becomes the transpose of the weights V_l that a direct path from h_l to the output would learn:
    their update is h_lᵀ e / N, so V_l - D_lᵀ shrinks in the same way.
What it is not: if the units are linear and W_{l+1} is fixed, ΔD_{l+1} = ΔD_l W_{l+1}, so D_{l+1} -
    D_l W_{l+1} shrinks by the factor 1 - λ per step. Backprop has D_l = D_{l+1} W_{l+1}ᵀ. Both are
    the same only if W_{l+1} W_{l+1}ᵀ is the identity for the signals of D_l. So two or more layers
    below the output the rule does not become backprop, however long it learns.
Uses: the global error, its own activations, D. Does not use: W in the backward pass, other layers,
    a second phase.
Paper: D has its own learning rate. Here D has the optimizer of W; otherwise the updates of W and D
    would not match. The paper decays every W; here only W_L decays, which has a D as partner.
Released code: has no decay, and starts with zeros or small random numbers.
"""

from dataclasses import dataclass

from nofb import settings
from nofb.kernels.jit import kernel
from nofb.rule import Array, Network, Signals, Trace, Uses
from nofb.rules.direct_feedback_alignment import DirectFeedbackAlignment


@kernel
def direct_product(e: Array, h: Array, samples: int) -> Array:
    """The update of a direct path from the layer to the output, computed for its feedback."""
    return (e / e.dtype.type(samples)).T @ h  # eq. 4  (n_L, n_l)


@kernel
def forget(matrix: Array, decay: float) -> None:
    """Let a matrix decay, and so its initial values too."""
    matrix *= matrix.dtype.type(1 - decay)  # eqs. 5 and 6, after the step of the optimizer


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
    shared: bool = settings.fixed(False)  # each D learns separately
    entries: int | None = settings.fixed(None)  # since learning would fill the zeros

    def feedback_updates(self, net: Network, trace: Trace) -> Signals:
        for layer in [layer for layer in net.weighted[:-1] if not layer.frozen]:
            dD = direct_product(trace.error, trace.h_shown(layer), trace.predictions)  # eq. 4
            yield layer, dD

    def after_step(self, net: Network) -> None:
        for layer in [layer for layer in net.weighted if not layer.frozen]:
            matrix = layer.W if layer is net.weighted[-1] else layer.D
            forget(matrix, self.clock.factor * self.decay)  # eqs. 5 and 6
