"""Symmetric alignment: what if every step moved B towards Wᵀ?

Kunin, Nayebi, Sagastuy-Brena, Ganguli, Bloom & Yamins 2020 (ICML; arXiv 2003.01513).

    δ_L     = ŷ - y                                 (1)
    δ_{l-1} = (δ_l B_l) ∘ f'(a_{l-1})               (2)   as in feedback alignment
    ΔW_l    = h_{l-1}ᵀ δ_l / N                      (3)
    R_l     = α ‖B_l‖² - β tr(B_l W_l)              (4)   "decay" and "self"
    B_l ← B_l - η_B (2α B_l - β W_lᵀ)               (5)   η_B ∂R/∂B: converges to (β / 2α) W_lᵀ

Symbols: δ_l teaching signal at the pre-activation a_l (N, n_l); B_l feedback matrix (n_l, n_{l-1});
    h_{l-1} input of the layer (N, n_{l-1}); α decay, β pull, η_B rate, which follows the schedule
    of the learning rate; N batch size.
Why it is here: it is the limit of other rules with learned feedback, without their noise. The
    weight mirror has no access to W; the difference between the two rules shows what this costs.
Uses: the global error, its own activations, B, and Wᵀ in eq. 5. This is weight transport, only
    slower: B is an average of Wᵀ over the last 1 / (2α η_B) steps.
Paper: "decay" includes ‖W‖² too. Here W learns only from the error, as in the other rules. The
    rates of the paper were not available.
"""

from dataclasses import dataclass

from nofb import checks, settings
from nofb.kernels.jit import kernel
from nofb.rule import Array, Network, Uses
from nofb.rules.feedback_alignment import FeedbackAlignment


@kernel
def pull_together(W: Array, B: Array, rate: float, decay: float, pull: float) -> None:
    """One gradient step of B on R."""
    shrink, pull = B.dtype.type(2 * rate * decay), B.dtype.type(rate * pull)
    for i in range(B.shape[0]):
        for j in range(B.shape[1]):
            B[i, j] -= shrink * B[i, j] - pull * W[j, i]  # a step down ∂R/∂B: eqs. 4 and 5


@dataclass(kw_only=True, repr=False, eq=False)
class SymmetricAlignment(FeedbackAlignment):
    """Symmetric alignment: after each training step, B moves a little towards Wᵀ.

    Parameters
    ----------
    rate
        η_B; with `decay`, such that 2 η_B α is less than 1.
    decay
        α, greater than 0.
    pull
        β; with β = 2α, as by default, B converges to Wᵀ itself.
    """

    name = "sa"
    title = "symmetric alignment"
    paper = "Kunin et al. 2020"
    family = "learned"
    uses = Uses(error=True, transport=True, learned_feedback=True)
    look = "reddish purple", "dashes", "<"
    compared = False

    rate: float = settings.number(0.02, above=0)
    decay: float = settings.number(0.5, above=0)
    pull: float = settings.number(1.0, above=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.number("2 * rate * decay", 2 * self.rate * self.decay, below=1)

    def after_step(self, net: Network) -> None:
        rate = self.clock.factor * self.rate
        for layer in net.weighted:
            if layer.B is not None:
                pull_together(layer.W, layer.B, rate, self.decay, self.pull)  # eq. 5
