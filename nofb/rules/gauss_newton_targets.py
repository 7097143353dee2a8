"""Gauss-Newton targets: what would the targets be with the best possible inverses?

Meulemans et al. 2020 (NeurIPS; arXiv 2006.14331), GNT: the reference for all rules that send
    targets.

    e   = ŷ - y                                     (1)
    Δ_l = η̂ e (J_l J_lᵀ + c I)⁻¹ J_l                (2)   damped Gauss-Newton, sample by sample
    t_l = h_l - Δ_l                                 (3)   t_L = a_L - η̂ e
    δ_l = (h_l - t_l) ∘ f'(a_l) / η̂                 (4)   δ_L = e; η̂ cancels
    ΔW_l = h_{l-1}ᵀ δ_l / N                         (5)

Symbols: J_l Jacobian of a_L with respect to h_l (n_L, n_l), for every sample; c damping; t_l target
    (N, n_l); h_l activation (N, n_l); δ_l teaching signal (N, n_l); N batch size.
Damping: c = 0 gives the smallest change of h_l that moves the output by -η̂ e, to first order. For
    large c, Δ_l is η̂ e J_l / c, a gradient. Between these limits, c bounds the step along
    directions in which J_l is nearly 0: by 1 / (2 √c), for any J_l.
Uses: the global error, its own activations, all Wᵀ above a layer, several times. It is not a model
    of the brain; it shows what other rules approximate.
Released code: has c = 0 in its configurations, and computes Jacobians by automatic differentiation.
"""

from dataclasses import dataclass

import numpy as np

from nofb import settings
from nofb.jacobians import output_jacobians
from nofb.kernels.jit import kernel
from nofb.rule import Array, Network, Rule, Signals, Trace, Uses


@kernel
def gauss_newton(J: Array, e: Array, damping: float) -> Array:
    """The smallest change of h_l that moves the output by e, for damping 0."""
    N, n_L, n_l = J.shape
    change = np.empty((N, n_l), e.dtype)
    for i in range(N):
        J_i, e_i = J[i].astype(np.float64), e[i].astype(np.float64)  # (n_L, n_l), (n_L,)
        gram = J_i @ J_i.T + damping * np.eye(n_L)  # (n_L, n_L)
        if np.isfinite(gram).all() and np.isfinite(e_i).all():
            change[i] = np.linalg.solve(gram, e_i) @ J_i  # eq. 2, eq. 3: (h - t) / η̂
        else:
            change[i] = np.nan  # a LAPACK error would hide where the run diverged
    return change


@dataclass(kw_only=True, repr=False, eq=False)
class GaussNewtonTargets(Rule):
    """Gauss-Newton targets: exact and damped; each output costs one backward pass.

    Parameters
    ----------
    damping
        c, which is added to the eigenvalues of J Jᵀ.
    """

    name = "gnt"
    title = "Gauss-Newton targets"
    paper = "Meulemans et al. 2020"
    family = "targets"
    uses = Uses(error=True, transport=True)
    look = "reddish purple", "long", ">"
    compared = False

    damping: float = settings.number(0.01, least=0)

    def signals(self, net: Network, trace: Trace) -> Signals:
        yield net.weighted[-1], trace.error  # eq. 1  (N, n_L)
        for layer, J in output_jacobians(trace):  # (N, n_L, n_l)
            change = gauss_newton(J, trace.error, self.damping)  # (N, n_l)
            delta = trace.times_slope(layer, change)  # eq. 4  (N, n_l)
            yield layer, delta
