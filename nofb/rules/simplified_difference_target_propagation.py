"""Simplified difference target propagation: what if even the top layer had no gradient?

Bartunov et al. 2018 (NeurIPS; arXiv 1807.04587).

    t_L     = y                                     (1)   the label itself: h_L = ŷ
    t_{l-1} = h_{l-1} + g_l(t_l) - g_l(h_l)         (2)   g_l(z) = s(z B_l + c_l), l = L too
    δ_l     = (h_l - t_l) ∘ f'(a_l) / η̂             (3)   δ_L = ŷ - y, η̂ = 1
    ΔW_l    = h_{l-1}ᵀ δ_l / N                      (4)

Inverses: learn with every batch to reconstruct the input of their layer, as in `tp`.
Symbols: t_l target (N, n_l); η̂ step size; g_l inverse of layer l, B_l (n_l, n_{l-1}), c_l bias, s
    activation of the layer below; h_l activation (N, n_l); δ_l teaching signal (N, n_l); for the
    output layer h_L = ŷ, with its output unit.
What is lost: all samples of a class have the same target. Ten outputs contain little information
    about the state below, so its targets hardly differ within a class. The paper adds auxiliary
    output units; nofb does not have them.
Uses: the global error, its own activations, an inverse that learns in a second phase, in which its
    units respond once more. Does not use: W in the backward pass.
Step size: η̂ = 1 reaches the label; a smaller one, t_L = ŷ - η̂ e, goes a part of the way, and δ_l
    is divided by η̂.
Released code: none was found. The paper's "parallel" is one inverse step with every batch, as here;
    its "alternating" is `inverse_steps=0, epochs_before=1, epochs_between=1`.
"""

from dataclasses import dataclass, replace

from nofb import settings
from nofb.activations import Activation
from nofb.losses import OUTPUT_UNITS
from nofb.rule import Array, Initialiser, Map, Network, Uses
from nofb.rules.targets import TargetRule, difference_target


@dataclass(kw_only=True, repr=False, eq=False)
class SimplifiedDifferenceTargetPropagation(TargetRule):
    """Simplified difference target propagation: the label is the target of the output."""

    name = "sdtp"
    title = "simplified difference target propagation"
    paper = "Bartunov et al. 2018"
    uses = Uses(error=True, learned_feedback=True, second_phase=True)
    look = "blue", "long", "D"

    step_size: float = 1.0
    inverse_init: Initialiser = settings.initialiser("orthogonal")

    def target_below(self, f: Map, g: Map, h_below: Array, h: Array, t: Array) -> Array:
        return difference_target(h_below, g(t), g(h))  # eq. 2  (N, n_{l-1})

    def unit(self, net: Network) -> list[Activation]:
        return [replace(OUTPUT_UNITS[net.head.name], f=net.head.unit)]  # eq. 1: h_L = ŷ
