"""Difference reconstruction: what if each inverse learned from the *whole* path back?

Meulemans, Carzaniga, Suykens, Sacramento & Grewe 2020 (NeurIPS; arXiv 2006.14331), DTP-DRL.

    t_L     = a_L - η̂ e,  e = ŷ - y                 (1)
    t_{l-1} = h_{l-1} + g_l(t_l) - g_l(h_l)         (2)   g_l(z) = s(z B_l + c_l)
    δ_l     = (h_l - t_l) ∘ f'(a_l) / η̂             (3)   δ_L = e
    ΔW_l    = h_{l-1}ᵀ δ_l / N                      (4)
Noise passes up to the output, and comes back like a target:
    h̃_{l-1} = h_{l-1} + ξ,  ξ ~ N(0, σ²)            (5)
    ũ_L     = f_L(... f_l(h̃_{l-1}))                 (6)   the output, with noise in layer l - 1
    ũ_{m-1} = h_{m-1} + g_m(ũ_m) - g_m(h_m)         (7)   for m from L to l
    ΔB_l    gradient of ‖ũ_{l-1} - h̃_{l-1}‖² / (2σ²) (8)   in B_l and c_l only; λ decays B_l

Symbols: t_l target (N, n_l); η̂ step size; f_l layer l; g_l its inverse, B_l (n_l, n_{l-1}), c_l
    bias, s activation of the layer below; h_l activation (N, n_l); δ_l teaching signal (N, n_l); σ
    width of the noise; λ `inverse_decay`; J_l Jacobian of the output with respect to h_l.
Why it works: pseudo-inverses do not compose, (W₁ W₂)⁺ ≠ W₂⁺ W₁⁺: inverses that are each exact send
    a part of the signal into the null space of J_l, on which the output does not depend. Eq. 8
    trains the whole path towards J_lᵀ (J_l J_lᵀ + c I)⁻¹, with c from λ: damped Gauss-Newton.
Uses: the global error, its own activations, inverses that learn in a second phase, in which all
    units above the layer respond once more. Does not use: W in the backward pass.
Released code: takes the mean over all entries; eq. 8 has a sum over units and a mean over samples.
    With Adam this makes no difference. Its decay is part of Adam's gradient; here it is decoupled.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from nofb import settings
from nofb.layer_maps import LayerMaps
from nofb.noise import Noise
from nofb.rule import Array, Map, Uses
from nofb.rules.targets import (
    InverseUpdate,
    TargetRule,
    difference_reconstruction,
    difference_target,
)


@dataclass(kw_only=True, repr=False, eq=False)
class DifferenceReconstruction(TargetRule):
    """Difference reconstruction: inverses learn to bring noise back from the output."""

    name = "dtp_drl"
    title = "difference reconstruction"
    paper = "Meulemans et al. 2020"
    uses = Uses(error=True, learned_feedback=True, second_phase=True)
    look = "bluish green", "long", "X"

    step_size: float = 0.0686
    noise: float = settings.number(0.0569, above=0)
    epochs_before: int = 1

    def target_below(self, f: Map, g: Map, h_below: Array, h: Array, t: Array) -> Array:
        return difference_target(h_below, g(t), g(h))  # eq. 2  (N, n_{l-1})

    def inverse_loss(self, layers: Sequence[LayerMaps], noise: Noise) -> InverseUpdate:
        return difference_reconstruction(layers, noise)  # eqs. 5, 6, 7 and 8
