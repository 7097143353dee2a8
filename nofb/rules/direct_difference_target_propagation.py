"""Direct difference target propagation: what if one learned map sent targets to each layer?

Meulemans, Carzaniga, Suykens, Sacramento & Grewe 2020 (NeurIPS; arXiv 2006.14331), DDTP-linear.

    t_L = a_L - η̂ e,  e = ŷ - y                     (1)
    t_l = h_l + g_l(t_L) - g_l(a_L)                 (2)   g_l(z) = s(z D_l + c_l), here s(z) = z
    δ_l = (h_l - t_l) ∘ f'(a_l) / η̂                 (3)   δ_L = e
    ΔW_l = h_{l-1}ᵀ δ_l / N                         (4)
Noise passes up to the output, and comes back like a target:
    h̃_l = h_l + ξ,  ξ ~ N(0, σ²)                    (5)
    ũ_L = f_L(... f_{l+1}(h̃_l))                     (6)   the output, with noise in layer l
    ũ_l = h_l + g_l(ũ_L) - g_l(a_L)                 (7)
    ΔD_l gradient of ‖ũ_l - h̃_l‖² / (2σ²)           (8)   in D_l and c_l only; λ decays D_l

Symbols: t_l target (N, n_l); η̂ step size; g_l direct inverse of layer l, D_l (n_L, n_l) its
    matrix; a_L output before its unit (N, n_L); J_l Jacobian of the output with respect to h_l, for
    rows (n_l, n_L); σ width of the noise; λ `inverse_decay`.
Why it works: with linear g_l the bias cancels and eq. 3 is direct feedback alignment, δ_l = (e D_l)
    ∘ f', with a D_l that learns. It approaches (J_lᵀ J_l + c I)⁻¹ J_lᵀ (damped Gauss-Newton) as
    well as one D_l can do for all samples.
Uses: the global error, its own activations, direct inverses that learn in a second phase, in which
    all units above the layer respond once more. Does not use: W in the backward pass.
Released code: calls it DMLPDTP2. It takes the mean over all entries; eq. 8 has a sum over units,
    which makes no difference with Adam. Its decay is part of Adam's gradient; here it is decoupled.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from nofb import settings
from nofb.feedback import draw_matrix
from nofb.layer_maps import LayerMaps, inverse_map
from nofb.noise import Noise
from nofb.rule import Array, Map, Network, Uses, WeightedLayer
from nofb.rules.targets import (
    InverseUpdate,
    TargetRule,
    difference_loss,
    difference_target,
    output_target,
)


@dataclass(kw_only=True, repr=False, eq=False)
class DirectDifferenceTargetPropagation(TargetRule):
    """Direct difference target propagation: every layer has an inverse of all layers above it.

    Examples
    --------
    >>> from nofb import Dense, Network
    >>> net = Network([Dense(4, 3, "tanh"), Dense(3, 5, "tanh"), Dense(5, 2)])
    >>> DirectDifferenceTargetPropagation().attach(net)
    >>> [layer.inverse for layer in net.weighted]
    [Inverse(2 -> 3, activation='identity'), Inverse(2 -> 5, activation='identity'), None]
    """

    name = "ddtp"
    title = "direct difference target propagation"
    paper = "Meulemans et al. 2020"
    uses = Uses(error=True, learned_feedback=True, second_phase=True)
    look = "bluish green", "long", "<"

    step_size: float = 0.0610
    noise: float = settings.number(0.0908, above=0)
    epochs_before: int = 1
    inverse_activation: str | None = "identity"

    def inverted(self, net: Network) -> list[WeightedLayer]:
        return net.weighted[:-1]

    def attach_inverse(self, net: Network, layer: WeightedLayer, rng: np.random.Generator) -> None:
        layer.D = draw_matrix(self.inverse_init, rng, net.n_outputs, layer.n_out, net)
        last, given = net.weighted[-1], self.inverse_activation
        layer.inverse = inverse_map(net, layer.D, last, layer, given)

    def targets_of(self, layers: Sequence[LayerMaps], e: Array) -> Iterator[Array]:
        *hidden, last = layers
        t = output_target(last.h, e, self.step_size)  # eq. 1  (N, n_L)
        yield t
        for own in reversed(hidden):
            yield self.target_below(own.f, own.g, own.h, last.h, t)

    def target_below(self, f: Map, g: Map, h_below: Array, h: Array, t: Array) -> Array:
        """Here "below" is any hidden layer, and h and t belong to the output."""
        return difference_target(h_below, g(t), g(h))  # eq. 2  (N, n_l)

    def inverse_loss(self, layers: Sequence[LayerMaps], noise: Noise) -> InverseUpdate:
        own, *above = layers
        a = above[-1].h
        noisy = noise(own.h)  # eq. 5  (N, n_l)
        u = noisy
        for each in above:
            u = each.f(u)  # eq. 6  (N, n_L)
        g_u, g_a = own.g(u), own.g(a)
        back = difference_target(own.h, g_u, g_a)  # eq. 7  (N, n_l)
        return difference_loss(own.g, back, noisy, noise.width, (u, g_u), (a, g_a))  # eq. 8
