"""Difference reconstruction: what if each inverse learned what the *whole* path back should do?

Meulemans, Carzaniga, Suykens, Sacramento & Grewe 2020 (NeurIPS; arXiv 2006.14331), DTP-DRL.

    t_L     = a_L - η̂ e,  e = ŷ - y                 (1)
    t_{l-1} = h_{l-1} + g_l(t_l) - g_l(h_l)         (2)   g_l(z) = s(z B_l + c_l)
    δ_l     = (h_l - t_l) ∘ f'(a_l) / η̂             (3)   δ_L = e
    ΔW_l    = h_{l-1}ᵀ δ_l / N                      (4)
Noise goes all the way up, and comes back as a target does:
    h̃_{l-1} = h_{l-1} + ξ,  ξ ~ N(0, σ²)            (5)
    ũ_L     = f_L(... f_l(h̃_{l-1}))                 (6)   the output, with noise in layer l - 1
    ũ_{m-1} = h_{m-1} + g_m(ũ_m) - g_m(h_m)         (7)   for m from L to l
    ΔB_l    gradient of ‖ũ_{l-1} - h̃_{l-1}‖² / 2 σ² (8)   in B_l, c_l alone, and λ B_l decays

Symbols: as in `dtp`. σ width of the noise; λ `inverse_decay`; J_l Jacobian of the output with
    respect to h_l.
Why it works: pseudo-inverses do not compose, (W₁ W₂)⁺ ≠ W₂⁺ W₁⁺: inverses that are right one by one
    send a part of the signal where the output cannot tell, into the null space of J_l. Eq. 8 asks
    of the whole path to be J_lᵀ (J_l J_lᵀ + c I)⁻¹, with c from λ: damped Gauss-Newton's.
Uses: the global error, its own activations, inverses that learn in a second phase, in which all
    units above the layer answer once more. Does not use: W on the way back.
Released code: the mean over all entries where eq. 8 has the sum over units and the mean over
    samples, which Adam hides; its decay is Adam's own, here it is decoupled.
"""

from dataclasses import dataclass

import numpy as np

from nofb import checks
from nofb.layers import WeightedLayer
from nofb.network import Network
from nofb.noise import add_noise
from nofb.rules.base import Uses
from nofb.rules.difference_target_propagation import (
    PerBatchDifferences,
    difference_target,
)
from nofb.rules.target_propagation import mean_square
from nofb.rules.targets import climb, inverse_of
from nofb.trace import Trace
from nofb.types import Array


@dataclass(kw_only=True, repr=False, eq=False)
class DifferenceReconstruction(PerBatchDifferences):
    """Difference reconstruction: inverses learn so that what comes back is what went up.

    Examples
    --------
    >>> from nofb import Dense, Network
    >>> net = Network([Dense(4, 3, "tanh"), Dense(3, 2)])
    >>> DifferenceReconstruction().attach(net)
    >>> net.weighted[1].inverse
    Inverse(2 -> 3, activation='tanh')
    """

    name = "dtp_drl"
    title = "difference reconstruction"
    paper = "Meulemans et al. 2020"
    uses = Uses(error=True, learned_feedback=True, second_phase=True)

    side_by_side = False  # each climbs through the layers above

    step_size: float = 0.0686
    noise: float = 0.0569
    epochs_before: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.number("noise", self.noise, above=0)
        if self.gradient_at_top:
            raise ValueError(
                f"gradient_at_top must be False in {self.name}, whose noise comes back through an "
                "inverse of the output layer"
            )

    def lesson(
        self, net: Network, trace: Trace, layer: WeightedLayer, rng: np.random.Generator
    ) -> float:
        record, inverse, below = trace[layer], inverse_of(layer), net.below(layer)
        noisy = record.array("noisy", layer.shape_in)
        add_noise(rng, self.noise, self.state(trace, below), noisy)  # eq. 5  (N, n_{l-1})
        back = climb(self, trace, layer, noisy)  # eq. 6  (N, n_L)
        for above in net.weighted[: net.weighted.index(layer) : -1]:
            back = self.come_back(trace, above, back)  # eq. 7  (N, n_{m-1})
        returned = self.come_back(trace, layer, back)
        wrong = np.subtract(returned, noisy, out=noisy)
        wrong /= self.noise  # (ũ - h̃) / σ  (N, n_{l-1})
        loss = mean_square(wrong)
        wrong /= self.noise
        minus = np.negative(wrong, out=record.array("minus", layer.shape_in))
        g_u, g_h = (record.array(name, layer.shape_in) for name in ("g_u", "g_h"))
        h = self.state(trace, layer)
        inverse.gradient((back, g_u, wrong), (h, g_h, minus))  # eq. 8
        return loss

    def come_back(self, trace: Trace, layer: WeightedLayer, u: Array) -> Array:
        """Return h_{m-1} + g_m(ũ_m) - g_m(h_m), in memory of the layer's own."""
        record, inverse = trace[layer], inverse_of(layer)
        g_u = inverse(u, record.array("g_u", layer.shape_in))
        g_h = inverse(self.state(trace, layer), record.array("g_h", layer.shape_in))
        back = record.array("back", layer.shape_in)
        difference_target(self.state(trace, trace.net.below(layer)), g_u, g_h, back)
        return back
