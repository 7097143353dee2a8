"""Iterated inverses: what if a target were sent down until the layer, going up, would reach it?

Bengio 2020 (arXiv 2007.15139): its theorems; it has no experiments.

    t_L     = a_L - η̂ e,  e = ŷ - y                 (1)
    h^(0)   = h_{l-1},  or g_l(t_l)                 (2)   and then, in latent space:
    h^(k+1) = h^(k) + α (g_l(t_l) - g_l(f_l(h^(k)))) (3)
    u^(0)   = t_l                                   (4)   or, in output space:
    u^(k+1) = u^(k) + α (t_l - f_l(g_l(u^(k))))     (5)   h^(k) = g_l(u^(k))
    t_{l-1} = h^(K)                                 (6)   f_l(t_{l-1}) = t_l, in the limit
    Δ_l     = h_l - t_l                             (7)   for small η̂ Gauss-Newton's: η̂ e J_l⁻¹
    δ_l     = Δ_l ∘ f'(a_l) · ‖Δ_L‖² / ‖Δ_l‖² / η̂   (8)   the layer-wise factor, where it is on
    ΔW_l    = h_{l-1}ᵀ δ_l / N                      (9)   over ‖h_{l-1}‖² + 1 for the minimum norm
The inverse learns to bring back what the layer received:
    h̃_{l-1} = h_{l-1} + ξ,  ξ ~ N(0, σ²)            (10)
    u_{l-1} = g_l(f_l(h̃_{l-1}))                     (11)
    ΔB_l    = f_l(h̃_{l-1})ᵀ ((u - h̃)_{l-1} ∘ s') / N (12)

Symbols: as in `dtp`. t_l target (N, n_l); K iterations; α damping; J_l the Jacobian of the output
    with respect to h_l; Δ_l the change that the target asks for (N, n_l).
Why it converges: with r = g ∘ f - id and f(h*) = t, eq. 3 for α = 1 is h^(k+1) - h* =
    r(h*) - r(h^(k)), so that ‖h^(k) - h*‖ ≤ Lip(r)^k ‖h^(0) - h*‖: each iteration helps if
    Lip(r) < 1, and may do harm if not. For eq. 5 it is f ∘ g - id that counts.
The family: K = 1 from h_{l-1} is `dtp`, K = 0 from g_l(t_l) is `tp`, and K = 0 from h_{l-1} is
    no target at all.
Why the factor: Gauss-Newton's change grows like 1 / ‖J_l‖ where a gradient shrinks like ‖J_l‖;
    ‖Δ_L‖² / ‖Δ_l‖² is about ‖J_l‖². For J_l = c Q with orthogonal Q eq. 8 is backprop's δ_l.
Minimum norm: h_{l-1}ᵀ Δ / (‖h_{l-1}‖² + 1), the 1 for the bias, is the smallest step that takes a
    sample's pre-activation all the way; exact where f is linear, or with `activation_first`.
Uses: the global error, its own activations, an inverse that learns in a second phase; its units
    answer once more, there and in every iteration. Does not use: W on the way back.
Released code: none by the author. An unofficial one starts from g_l(t_l), has `activation_first`
    without biases, both normalisations, and inverses that learn without noise.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from nofb import checks
from nofb.kernels.jit import kernel
from nofb.layers import WeightedLayer
from nofb.layers.base import Record
from nofb.layers.inverse import Inverse, Map
from nofb.network import Network
from nofb.rules.base import Uses
from nofb.rules.difference_target_propagation import PerBatchDifferences
from nofb.rules.targets import inverse_of
from nofb.trace import Trace
from nofb.types import Array

STARTS, SPACES = ("state", "inverse"), ("latent", "output")


@kernel
def improve(x: Array, wanted: Array, reached: Array, damping: Array) -> None:
    """x += α (wanted - reached), with an α for each sample."""
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            x[i, j] += damping[i] * (wanted[i, j] - reached[i, j])  # eq. 3, eq. 5


@dataclass(kw_only=True, repr=False, eq=False)
class IteratedInverses(PerBatchDifferences):
    """Iterated inverses: each target is improved until the layer would reach it.

    Parameters
    ----------
    iterations
        K, for each layer.
    damping
        α, how much of each iteration is taken.
    start
        "state" begins at h_{l-1}, "inverse" at g_l(t_l), as output space always does.
    space
        "latent" improves the target itself (eq. 3), "output" what is inverted (eq. 5).
    residual
        A sample is left alone once its ‖f(h) - t_l‖ is no more than this share of its ‖h_l - t_l‖;
        0 for never.
    layer_norm
        Whether each sample's δ_l is multiplied by ‖Δ_L‖² / ‖Δ_l‖².
    minimum_norm
        Whether each sample's weight step is divided by ‖h_{l-1}‖² + 1.

    Examples
    --------
    >>> from nofb import Dense, Network
    >>> net = Network([Dense(4, 3, "tanh"), Dense(3, 2)])
    >>> IteratedInverses(iterations=3).attach(net)
    >>> net.weighted[1].inverse
    Inverse(2 -> 3, activation='tanh')
    """

    name = "itp"
    title = "iterated inverses"
    paper = "Bengio 2020"
    uses = Uses(error=True, learned_feedback=True, second_phase=True)

    iterations: int = 3
    damping: float = 1.0
    start: str = "state"
    space: str = "latent"
    residual: float = 0.0
    layer_norm: bool = True
    minimum_norm: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.whole("iterations", self.iterations, least=0)
        checks.number("damping", self.damping, above=0)
        checks.choice("start", self.start, STARTS)
        checks.choice("space", self.space, SPACES)
        checks.number("residual", self.residual, least=0, below=1)

    def target_below(self, net: Network, trace: Trace, layer: WeightedLayer, t: Array) -> Array:
        below = net.below(layer)
        if self.gradient_at_top and layer is net.weighted[-1]:
            room = trace[below].array("t", below.shape_out)
            return self.gradient_target(trace, layer, below, room)
        h = self.start_of(trace, layer, t)
        enough = self.residual * distances(self.state(trace, layer), t)  # (N,)
        damping: Any = net.dtype(self.damping)
        iterate = in_output_space if self.space == "output" else in_latent_space
        search = Search(self.upward(net, layer), inverse_of(layer), t, trace[layer])
        iterate(search, h, self.iterations, damping, enough)
        return h  # eq. 6  (N, n_{l-1})

    def start_of(self, trace: Trace, layer: WeightedLayer, t: Array) -> Array:
        """Return h^(0), in memory of the layer's own."""
        h = trace[layer].array("h_k", layer.shape_in)
        if self.start == "inverse":
            return inverse_of(layer)(t, h)
        np.copyto(h, self.state(trace, trace.net.below(layer)))  # h^(0) = h_{l-1}
        return h  # eq. 2

    def teaching_signal(self, trace: Trace, layer: WeightedLayer, t: Array) -> Array:
        delta = super().teaching_signal(trace, layer, t)
        if self.layer_norm and layer is not trace.net.weighted[-1]:
            room = trace[layer].array("change", layer.shape_out)
            change = squares(np.subtract(self.state(trace, layer), t, out=room))  # eq. 7
            asked = self.step_size**2 * squares(trace.error)  # ‖Δ_L‖²  (N, 1)
            delta *= np.divide(asked, change, out=np.zeros_like(asked), where=change > 0)  # eq. 8
        if self.minimum_norm:  # of the output layer delta is the trace's own error, which stays
            room = trace[layer].array("delta", layer.shape_out)
            np.divide(delta, self.length(trace, layer), out=room)
            return room
        return delta

    def length(self, trace: Trace, layer: WeightedLayer) -> Array:
        """Return ‖h_{l-1}‖² + 1 of every sample (N, 1); no 1 without a bias."""
        return squares(layer.received(trace[layer])) + (layer.b is not None)


class Search(NamedTuple):
    """What an iteration works with: f(h) = t is to be solved for h, with the help of g."""

    f: Map
    g: Inverse
    t: Array
    record: Record

    def up(self, h: Array) -> Array:
        """Return f(h) (N, n_l)."""
        return self.f(h, self.record.array("f_h", self.t.shape[1:]))


def in_latent_space(
    search: Search, h: Array, iterations: int, damping: float, enough: Array | float
) -> None:
    """Improve h in place: h ← h + α (g(t) - g(f(h))), each sample until it is near enough."""
    g, t, record = search.g, search.t, search.record
    g_t = g(t, record.array("g_t", h.shape[1:]))
    for _ in range(iterations):
        z = search.up(h)
        alpha = damping_beyond(enough, z, t, damping)
        if not alpha.any():
            return
        improve(h, g_t, g(z, record.array("g_f_h", h.shape[1:])), alpha)  # eq. 3


def in_output_space(
    search: Search, h: Array, iterations: int, damping: float, enough: Array | float
) -> None:
    """Improve u, and write h = g(u): u ← u + α (t - f(g(u))), each sample until near enough."""
    g, t = search.g, search.t
    u = search.record.array("u", t.shape[1:])
    np.copyto(u, t)  # eq. 4
    g(u, h)
    for _ in range(iterations):
        z = search.up(h)
        alpha = damping_beyond(enough, z, t, damping)
        if not alpha.any():
            return
        improve(u, t, z, alpha)  # eq. 5
        g(u, h)


def squares(rows: Array) -> Array:
    """Return the squared length of every row (N, 1)."""
    return np.einsum("ij,ij->i", rows, rows)[:, None]


def distances(u: Array, v: Array) -> Array:
    """Return ‖u - v‖ of every sample (N,)."""
    lengths: Array = np.sqrt(squares(u - v))
    return lengths[:, 0]


def damping_beyond(enough: Array | float, z: Array, t: Array, damping: float) -> Array:
    """Return α for each sample that is farther from its target than `enough`, else 0 (N,)."""
    return np.where(distances(z, t) <= enough, 0 * damping, damping)
