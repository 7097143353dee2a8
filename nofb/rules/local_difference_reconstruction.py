"""Local difference reconstruction: what if an inverse learned, from noise at both ends, to be Wᵀ?

Ernoult et al. 2022 (ICML; arXiv 2201.13415), L-DRL.

    t_L     = a_L - η̂ e,  e = ŷ - y                 (1)
    t_{l-1} = h_{l-1} + g_l(t_l) - g_l(h_l)         (2)   g_l(z) = s(z B_l + c_l)
    δ_l     = (h_l - t_l) ∘ f'(a_l) / η̂             (3)   δ_L = e
    ΔW_l    = h_{l-1}ᵀ δ_l / N                      (4)
Noise below and noise above, several times with every batch:
    ξ ~ N(0, σ²) on h_{l-1},  ζ ~ N(0, σ²) on h_l   (5)
    p_l     = g_l(f_l(h_{l-1} + ξ)) - g_l(h_l)      (6)   what comes back of noise below
    q_l     = g_l(h_l + ζ) - g_l(h_l)               (7)   what becomes of noise above
    ΔB_l    gradient of -2 ξ·p_l + ‖q_l‖²           (8)   in B_l, c_l alone

Symbols: as in `dtp`. ξ (N, n_{l-1}) and ζ (N, n_l) noise, σ its width.
Why it works: for linear layers eq. 8 is on average 2 σ² (B_l - W_lᵀ), so that B_l becomes W_lᵀ and
    targets carry gradients; in general g's Jacobian becomes f's, transposed. Without the second
    term nothing would bound B_l.
Uses: the global error, its own activations, inverses that learn in a second phase, in which its
    units answer once more. Does not use: W on the way back.
Released code: the step sizes and the number of inverse steps are chosen for every layer there, and
    σ is between 0.08 and 0.4; here they are one number each.
"""

from dataclasses import dataclass

import numpy as np

from nofb import checks
from nofb.layers import WeightedLayer
from nofb.network import Network
from nofb.noise import add_noise
from nofb.rules.base import Uses
from nofb.rules.difference_target_propagation import PerBatchDifferences
from nofb.rules.targets import inverse_of
from nofb.trace import Trace


@dataclass(kw_only=True, repr=False, eq=False)
class LocalDifferenceReconstruction(PerBatchDifferences):
    """Local difference reconstruction: inverses learn the transposed Jacobian of their layer.

    Examples
    --------
    >>> from nofb import Dense, Network
    >>> net = Network([Dense(4, 3, "tanh"), Dense(3, 2)])
    >>> LocalDifferenceReconstruction().attach(net)
    >>> net.weighted[1].inverse
    Inverse(2 -> 3, activation='identity')
    """

    name = "ldrl"
    title = "local difference reconstruction"
    paper = "Ernoult et al. 2022"
    uses = Uses(error=True, learned_feedback=True, second_phase=True)

    step_size: float = 0.7
    inverse_steps: int = 5
    inverse_activation: str | None = "identity"

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.number("noise", self.noise, above=0)

    def lesson(
        self, net: Network, trace: Trace, layer: WeightedLayer, rng: np.random.Generator
    ) -> float:
        record, g = trace[layer], inverse_of(layer)
        h, z = self.state(trace, net.below(layer)), self.state(trace, layer)
        noisy, noisy_z = record.array("noisy", layer.shape_in), record.array("z", layer.shape_out)
        add_noise(rng, self.noise, h, noisy)  # eq. 5  (N, n_{l-1})
        add_noise(rng, self.noise, z, noisy_z)  # (N, n_l)
        f_noisy = self.upward(net, layer)(noisy, record.array("answer", layer.shape_out))
        g_below, g_z, g_above = (
            g(each, record.array(name, layer.shape_in))
            for name, each in {"g_below": f_noisy, "g_z": z, "g_above": noisy_z}.items()
        )
        xi = np.subtract(noisy, h, out=noisy)
        p = np.subtract(g_below, g_z, out=record.array("p", layer.shape_in))  # eq. 6
        q = np.subtract(g_above, g_z, out=record.array("q", layer.shape_in))  # eq. 7
        loss = float(np.vdot(q, q) - 2 * np.vdot(xi, p)) / len(h)
        xi *= 2
        q *= 2
        minus = np.negative(xi, out=p)
        rest = np.subtract(xi, q, out=xi)
        g.gradient((f_noisy, g_below, minus), (noisy_z, g_above, q), (z, g_z, rest))  # eq. 8
        return loss
