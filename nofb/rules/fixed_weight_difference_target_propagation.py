"""Fixed-weight difference target propagation: what if the inverses never learned at all?

Shibuya, Inoue, Kawakami & Sato 2023 (AAAI; arXiv 2212.10352).

    t_L     = a_L - η̂ e,  e = ŷ - y                 (1)
    t_{l-1} = h_{l-1} + g_l(t_l) - g_l(h_l)         (2)   g_l(z) = s(z B_l + c_l), drawn once
    δ_l     = (h_l - t_l) ∘ f'(a_l) / η̂             (3)   δ_L = e
    ΔW_l    = h_{l-1}ᵀ δ_l / N                      (4)

Symbols: t_l target (N, n_l); η̂ step size; g_l random map of layer l, B_l (n_l, n_{l-1}), c_l bias,
    s activation of the layer below; h_l activation (N, n_l); δ_l teaching signal (N, n_l).
What it shows: for small η̂ eq. 2 sends e down through B_l ∘ s'. This is feedback alignment with one
    more slope. So the inverse may be only a small part of what makes difference target propagation
    learn.
Uses: the global error, its own activations, B. Does not use: W in the backward pass, a second
    phase.
Released code: finds the size of B by a search; here `inverse_init` sets it.
"""

from dataclasses import dataclass

from nofb.rule import Array, Map, Network, Trace, Uses
from nofb.rules.targets import TargetRule, difference_target


@dataclass(kw_only=True, repr=False, eq=False)
class FixedWeightDifferenceTargetPropagation(TargetRule):
    """Fixed-weight difference target propagation: random maps replace the inverses."""

    name = "fwdtp"
    title = "fixed-weight difference target propagation"
    paper = "Shibuya et al. 2023"
    uses = Uses(error=True, feedback=True)
    look = "blue", "long", "^"

    inverse_steps: int = 0

    def target_below(self, f: Map, g: Map, h_below: Array, h: Array, t: Array) -> Array:
        return difference_target(h_below, g(t), g(h))  # eq. 2  (N, n_{l-1})

    def step_inverses(self, net: Network, trace: Trace) -> None:
        """Do nothing: the inverses are fixed."""
