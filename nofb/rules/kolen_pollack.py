"""Kolen-Pollack: what if W and B had the same update, and their initial values decayed?

Kolen & Pollack 1994 (IEEE ICNN); as a circuit: Akrout et al. 2019 (NeurIPS; arXiv 1904.05391).

    δ_L     = ŷ - y                                 (1)
    δ_{l-1} = (δ_l B_l) ∘ f'(a_{l-1})               (2)   as in feedback alignment
    ΔW_l    = h_{l-1}ᵀ δ_l / N                      (3)
    ΔB_l    = δ_lᵀ h_{l-1} / N                      (4)   the same product once more
    W_l ← (1 - λ)(W_l - η ΔW_l)                     (5)
    B_l ← (1 - λ)(B_l - η ΔB_l)                     (6)   so W - Bᵀ ← (1 - λ)(W - Bᵀ), exactly

Symbols: δ_l teaching signal at the pre-activation a_l (N, n_l); B_l feedback matrix (n_l, n_{l-1});
    h_{l-1} input of the layer (N, n_{l-1}); λ decay, per step; η learning rate; N batch size.
Why it works: eqs. 3 and 4 add the same to W and to Bᵀ, so the difference W - Bᵀ receives no update,
    and decay shrinks it to 0. This holds for every optimizer, since W and Bᵀ have equal gradients.
    Only max-norm breaks it, because it limits the columns of W and of B separately. λ follows the
    schedule of the learning rate; decay in the optimizer is added to it, for both W and B.
Uses: the global error, its own activations, B. Does not use: W in the backward pass, a second
    phase.
Paper: (1 - λ) W - η ΔW, which is eq. 5 with η / (1 - λ). The paper decays W of the first layer too;
    here it does not decay, because it has no B.
Released code: multiplies by a decay factor of 1, so W - Bᵀ never changes, and the angle falls only
    because W becomes larger (`kp_released`). It updates B with a transposed copy of the change of
    W; here every feedback synapse computes its own update.
"""

from dataclasses import dataclass

from nofb import settings
from nofb.kernels.jit import kernel
from nofb.rule import Array, Network, Signals, Trace, Uses
from nofb.rules.feedback_alignment import FeedbackAlignment


@kernel
def reciprocal_product(h_below: Array, delta: Array, samples: int) -> Array:
    """The product of the weight update, computed once more by the feedback synapses."""
    return (delta / delta.dtype.type(samples)).T @ h_below  # eq. 4  (n_l, n_{l-1})


@kernel
def decay_both(W: Array, B: Array, decay: float) -> None:
    """W and B decay by the same fraction, and so do their initial values."""
    keep = W.dtype.type(1 - decay)
    W *= keep  # eq. 5: the optimizer has subtracted η ΔW_l already  (n_{l-1}, n_l)
    B *= keep  # eq. 6: and η ΔB_l  (n_l, n_{l-1})


@dataclass(kw_only=True, repr=False, eq=False)
class KolenPollack(FeedbackAlignment):
    """Kolen-Pollack: W and B have the same local product and the same decay, so B becomes Wᵀ.

    Parameters
    ----------
    decay
        λ, per step, for every B and its W; from 0 to less than 1. With 0, W - Bᵀ never changes.

    Examples
    --------
    >>> import numpy as np
    >>> from nofb import Dense, Network
    >>> net = Network([Dense(4, 3, activation="tanh"), Dense(3, 2)])
    >>> rule = KolenPollack(decay=0.1)
    >>> rule.attach(net)
    >>> update = rule.updates(net, np.ones((5, 4)), np.array([0, 1, 1, 0, 1]))[1]
    >>> bool(np.allclose(update.dB, update.dW.T))
    True
    """

    name = "kp"
    title = "Kolen-Pollack"
    paper = "Akrout et al. 2019"
    family = "learned"
    uses = Uses(error=True, learned_feedback=True)
    look = "vermillion", "dashes", "h"

    decay: float = settings.number(1e-3, least=0, below=1)

    def feedback_updates(self, net: Network, trace: Trace) -> Signals:
        local = net.local_updates(trace)  # losses of the network's own, known to B's synapses too
        for layer in trace.deltas:
            if layer.B is not None and not layer.frozen:
                h_below, delta = trace.h_below(layer), trace.delta_rows(layer)
                dB = reciprocal_product(h_below, delta, trace.predictions)  # eq. 4  (n_l, n_{l-1})
                yield layer, dB + local[layer].T if layer in local else dB

    def after_step(self, net: Network) -> None:
        for layer in net.weighted:
            if layer.B is not None and not layer.frozen:
                decay_both(layer.W, layer.B, self.clock.factor * self.decay)  # eqs. 5 and 6


@dataclass(kw_only=True, repr=False, eq=False)
class KolenPollackReleased(KolenPollack):
    """Kolen-Pollack as in the authors' released runs: no decay, so W - Bᵀ never changes."""

    name = "kp_released"
    title = "Kolen-Pollack, as released"
    look = "vermillion", "dots", "v"
    compared = False

    decay: float = settings.fixed(0.0)
