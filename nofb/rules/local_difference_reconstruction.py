"""Local difference reconstruction: what if noise at both ends trained an inverse to become Wᵀ?

Ernoult et al. 2022 (ICML; arXiv 2201.13415), L-DRL.

    t_L     = a_L - η̂ e,  e = ŷ - y                 (1)
    t_{l-1} = h_{l-1} + g_l(t_l) - g_l(h_l)         (2)   g_l(z) = s(z B_l + c_l)
    δ_l     = (h_l - t_l) ∘ f'(a_l) / η̂             (3)   δ_L = e
    ΔW_l    = h_{l-1}ᵀ δ_l / N                      (4)
Noise below and noise above, several times with every batch:
    ξ ~ N(0, σ²) on h_{l-1},  ζ ~ N(0, σ²) on h_l   (5)
    p_l     = g_l(f_l(h_{l-1} + ξ)) - g_l(h_l)      (6)   noise below, after f and g
    q_l     = g_l(h_l + ζ) - g_l(h_l)               (7)   noise above, after g
    ΔB_l    gradient of -2 ξ·p_l + ‖q_l‖²           (8)   in B_l and c_l only

Symbols: t_l target (N, n_l); η̂ step size; f_l layer l; g_l its inverse, B_l (n_l, n_{l-1}), c_l
    bias, s activation of the layer below; h_l activation (N, n_l); δ_l teaching signal (N, n_l); ξ
    (N, n_{l-1}) and ζ (N, n_l) noise, σ its width.
Why it works: for linear layers eq. 8 is on average 2 σ² (B_l - W_lᵀ), so B_l becomes W_lᵀ and
    targets carry gradients. In general the Jacobian of g becomes the transposed Jacobian of f.
    Without the second term, B_l would grow without bound.
Uses: the global error, its own activations, inverses that learn in a second phase, in which its
    units respond once more. Does not use: W in the backward pass.
Released code: has step sizes and numbers of inverse steps for each layer, and σ between 0.08 and
    0.4; here each is one number.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nofb import settings
from nofb.layer_maps import LayerMaps
from nofb.layers.inverse import Use
from nofb.noise import Noise
from nofb.rule import Array, Map, Uses
from nofb.rules.targets import InverseUpdate, TargetRule, difference_target


@dataclass(kw_only=True, repr=False, eq=False)
class LocalDifferenceReconstruction(TargetRule):
    """Local difference reconstruction: inverses learn the transposed Jacobian of their layer."""

    name = "ldrl"
    title = "local difference reconstruction"
    paper = "Ernoult et al. 2022"
    uses = Uses(error=True, learned_feedback=True, second_phase=True)
    look = "orange", "long", "D"

    step_size: float = 0.7
    noise: float = settings.number(0.1, above=0)
    inverse_steps: int = 5
    inverse_activation: str | None = "identity"

    def target_below(self, f: Map, g: Map, h_below: Array, h: Array, t: Array) -> Array:
        return difference_target(h_below, g(t), g(h))  # eq. 2  (N, n_{l-1})

    def inverse_loss(self, layers: Sequence[LayerMaps], noise: Noise) -> InverseUpdate:
        own = layers[0]
        noisy_below, noisy = noise(own.h_below), noise(own.h)  # eq. 5
        z, g = own.f(noisy_below), own.g
        g_z, g_h, g_noisy = g(z), g(own.h), g(noisy)
        xi, q = noisy_below - own.h_below, g_noisy - g_h  # eq. 7  (N, n_{l-1})
        loss = float(np.vdot(q, q) - 2 * np.vdot(xi, g_z - g_h)) / len(xi)  # eq. 6
        uses = Use(z, g_z, -2 * xi), Use(noisy, g_noisy, 2 * q), Use(own.h, g_h, 2 * (xi - q))
        return InverseUpdate(loss, *g.gradient(uses))  # eq. 8
