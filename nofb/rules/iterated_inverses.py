"""Iterated inverses: what if a target were improved until the layer maps it to the target above?

Bengio 2020 (arXiv 2007.15139): its theorems; the paper has no experiments.

    t_L     = a_L - η̂ e,  e = ŷ - y                 (1)
    h^(0)   = h_{l-1},  or g_l(t_l)                 (2)   and then, in latent space:
    h^(k+1) = h^(k) + α (g_l(t_l) - g_l(f_l(h^(k)))) (3)
    u^(0)   = t_l                                   (4)   or, in output space:
    u^(k+1) = u^(k) + α (t_l - f_l(g_l(u^(k))))     (5)   h^(k) = g_l(u^(k))
    t_{l-1} = h^(K)                                 (6)   f_l(t_{l-1}) = t_l, in the limit
    Δ_l     = h_l - t_l                             (7)   for small η̂ Gauss-Newton: η̂ e J_l⁻¹
    δ_l     = Δ_l ∘ f'(a_l) · ‖Δ_L‖² / ‖Δ_l‖² / η̂   (8)   the layer-wise factor, if it is used
    ΔW_l    = h_{l-1}ᵀ δ_l / N                      (9)   minimum norm: over ‖h_{l-1}‖² + 1

Inverses: learn with every batch to reconstruct the input of their layer, as in `tp`.
Symbols: t_l target (N, n_l); η̂ step size; f_l layer l, g_l its inverse; h_l activation (N, n_l),
    for the last layer a_L; K iterations; α damping; J_l Jacobian of the output with respect to h_l;
    Δ_l the change to the target (N, n_l); δ_l teaching signal (N, n_l); N batch size.
Why it converges: with r = g ∘ f - id and f(h*) = t, eq. 3 for α = 1 is h^(k+1) - h* = r(h*) -
    r(h^(k)), so ‖h^(k) - h*‖ ≤ Lip(r)^k ‖h^(0) - h*‖: each iteration helps if Lip(r) < 1, and may
    do harm otherwise. For eq. 5 the condition is on f ∘ g - id.
The family: K = 1 from h_{l-1} is `dtp`, K = 0 from g_l(t_l) is `tp`, and K = 0 from h_{l-1} has no
    target.
Why the factor: the change of Gauss-Newton grows like 1 / ‖J_l‖, but a gradient shrinks like ‖J_l‖;
    ‖Δ_L‖² / ‖Δ_l‖² is about ‖J_l‖². For J_l = c Q with orthogonal Q eq. 8 is backprop's δ_l.
Minimum norm: h_{l-1}ᵀ Δ / (‖h_{l-1}‖² + 1), with the 1 for the bias, is the smallest step for which
    the pre-activation of a sample reaches its target. This is exact if targets are for
    pre-activations: if f is linear, or if activations are separate layers (`Activation`).
Uses: the global error, its own activations, an inverse that learns in a second phase; its units
    respond once more, there and in every iteration. Does not use: W in the backward pass.
Released code: none by the author. Unofficial code starts from g_l(t_l), has activations before the
    matrices (`Activation` layers), no biases, both normalisations, and no noise.
"""

from dataclasses import dataclass

import numpy as np

from nofb import settings
from nofb.kernels.jit import kernel
from nofb.layer_maps import LayerMaps
from nofb.rule import Array, Map, Uses
from nofb.rules.targets import TargetRule


@kernel
def improve(x: Array, wanted: Array, reached: Array, damping: Array) -> Array:
    """One iteration, with an α for each sample (N, 1)."""
    return x + damping * (wanted - reached)  # eq. 3, eq. 5


@kernel
def layer_factor(output_change: Array, change: Array) -> Array:
    """The layer-wise factor of each sample (N, 1), 0 if the target equals the state."""
    factor = np.zeros((len(change), 1), change.dtype)
    for i in range(len(change)):
        length = (change[i] ** 2).sum()
        if length > 0:
            factor[i, 0] = (output_change[i] ** 2).sum() / length  # ‖Δ_L‖² / ‖Δ_l‖²: eq. 8
    return factor


@kernel
def minimum_norm(delta: Array, h_below: Array, bias: bool) -> Array:
    """Divide the step of each sample by ‖h_{l-1}‖² + 1; no 1 if there is no bias (N, n_l)."""
    shorter = np.empty_like(delta)
    for i in range(len(delta)):
        shorter[i] = delta[i] / ((h_below[i] ** 2).sum() + h_below.dtype.type(bias))  # eq. 9
    return shorter


@dataclass(kw_only=True, repr=False, eq=False)
class IteratedInverses(TargetRule):
    """Iterated inverses: each target is improved until the layer maps it to the target above.

    The iteration begins at h_{l-1} and improves the target itself. `IteratedFromInverse` begins at
    g_l(t_l), and `IteratedInOutputSpace` improves the argument of the inverse.

    Parameters
    ----------
    iterations
        K, for each layer.
    damping
        α, the fraction of each iteration's change that is applied.
    residual
        The iteration of a sample stops when ‖f(h) - t_l‖ is at most this fraction of ‖h_l - t_l‖;
        0 for never.
    layer_norm
        Whether each sample's δ_l is multiplied by ‖Δ_L‖² / ‖Δ_l‖².
    minimum_norm
        Whether each sample's weight step is divided by ‖h_{l-1}‖² + 1.
    """

    name = "itp"
    title = "iterated inverses"
    paper = "Bengio 2020"
    uses = Uses(error=True, learned_feedback=True, second_phase=True)
    look = "vermillion", "long", "*"

    iterations: int = settings.whole(3, least=0)
    damping: float = settings.number(1.0, above=0)
    residual: float = settings.number(0.0, least=0, below=1)
    layer_norm: bool = settings.switch(True)
    minimum_norm: bool = settings.switch(False)

    def target_below(self, f: Map, g: Map, h_below: Array, h: Array, t: Array) -> Array:
        x, g_t = self.start(g, h_below, t), g(t)  # eq. 2  (N, n_{l-1})
        for _ in range(self.iterations):
            z = f(x)
            x = improve(x, g_t, g(z), self.alpha(z, h, t))  # eq. 3
        return x  # eq. 6  (N, n_{l-1})

    def start(self, g: Map, h_below: Array, t: Array) -> Array:
        """Return the start of the iteration."""
        return h_below  # h^(0) = h_{l-1}

    def alpha(self, z: Array, h: Array, t: Array) -> Array:
        """Return α for each sample, 0 if z = f(x) is close enough to its target (N, 1)."""
        missed, way = (np.linalg.norm(each - t, axis=1, keepdims=True) for each in (z, h))
        return np.where(missed <= self.residual * way, 0, self.damping).astype(z.dtype)

    def teaching_signal(self, own: LayerMaps, t: Array, e: Array) -> Array:
        delta = super().teaching_signal(own, t, e)
        if self.layer_norm:
            change = own.h - t  # eq. 7  (N, n_l)
            delta *= layer_factor(self.step_size * e, change)  # eq. 8
        return delta

    def weight_signal(self, own: LayerMaps, delta: Array) -> Array:
        if not self.minimum_norm:
            return delta
        return minimum_norm(delta, own.received, own.layer.b is not None)  # eq. 9


@dataclass(kw_only=True, repr=False, eq=False)
class IteratedFromInverse(IteratedInverses):
    """Iterated inverses that begin at the target of target propagation."""

    name = "itp_from_inverse"
    title = "iterated inverses, from the inverse"
    listed = False

    def start(self, g: Map, h_below: Array, t: Array) -> Array:
        return g(t)  # eq. 2


@dataclass(kw_only=True, repr=False, eq=False)
class IteratedInOutputSpace(IteratedInverses):
    """Iterated inverses that improve the argument of the inverse, and invert it at the end."""

    name = "itp_in_output_space"
    title = "iterated inverses, in output space"
    listed = False

    def target_below(self, f: Map, g: Map, h_below: Array, h: Array, t: Array) -> Array:
        u = t  # eq. 4
        for _ in range(self.iterations):
            z = f(g(u))
            u = improve(u, t, z, self.alpha(z, h, t))  # eq. 5
        return g(u)  # eq. 6  (N, n_{l-1})
