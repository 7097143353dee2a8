"""Direct difference target propagation: what if one learned map led from the output to each layer?

Meulemans, Carzaniga, Suykens, Sacramento & Grewe 2020 (NeurIPS; arXiv 2006.14331), DDTP-linear.

    t_L = a_L - η̂ e,  e = ŷ - y                     (1)
    t_l = h_l + g_l(t_L) - g_l(a_L)                 (2)   g_l(z) = s(z D_l + c_l), here s(z) = z
    δ_l = (h_l - t_l) ∘ f'(a_l) / η̂                 (3)   δ_L = e
    ΔW_l = h_{l-1}ᵀ δ_l / N                         (4)
Noise goes all the way up, and comes back as a target does:
    h̃_l = h_l + ξ,  ξ ~ N(0, σ²)                    (5)
    ũ_L = f_L(... f_{l+1}(h̃_l))                     (6)   the output, with noise in layer l
    ũ_l = h_l + g_l(ũ_L) - g_l(a_L)                 (7)
    ΔD_l gradient of ‖ũ_l - h̃_l‖² / 2 σ²            (8)   in D_l, c_l alone, and λ D_l decays

Symbols: t_l target (N, n_l); η̂ step size; g_l direct inverse of layer l, D_l (n_L, n_l) its matrix;
    a_L output before its unit (N, n_L); J_l Jacobian of the output with respect to h_l (n_l, n_L
    for rows); σ width of the noise; λ `inverse_decay`.
Why it works: with linear g_l the bias cancels and eq. 3 is direct feedback alignment, δ_l =
    (e D_l) ∘ f', with a D_l that learns: to (J_lᵀ J_l + c I)⁻¹ J_lᵀ, damped Gauss-Newton's, as far
    as one D_l can serve all samples.
Uses: the global error, its own activations, direct inverses that learn in a second phase, in which
    all units above the layer answer once more. Does not use: W on the way back.
Released code: calls it DMLPDTP2; the mean over all entries where eq. 8 has the sum over units,
    which Adam hides; its decay is Adam's own, here it is decoupled.
"""

from dataclasses import dataclass

import numpy as np

from nofb import checks
from nofb.activations import ACTIVATIONS
from nofb.layers import Inverse, WeightedLayer
from nofb.network import Network
from nofb.noise import add_noise
from nofb.rules.base import Uses, draw_matrix
from nofb.rules.difference_target_propagation import difference_target
from nofb.rules.target_propagation import mean_square
from nofb.rules.targets import TargetRule, Targets, climb, inverse_of
from nofb.trace import Trace
from nofb.types import Array


@dataclass(kw_only=True, repr=False, eq=False)
class DirectDifferenceTargetPropagation(TargetRule):
    """Direct difference target propagation: every layer has an inverse of all that is above it.

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

    side_by_side = False  # each climbs through the layers above

    step_size: float = 0.0610
    noise: float = 0.0908
    epochs_before: int = 1
    inverse_activation: str | None = "identity"

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.number("noise", self.noise, above=0)

    def inverted(self, net: Network) -> list[WeightedLayer]:
        return net.weighted[:-1]

    def attach_inverse(self, net: Network, layer: WeightedLayer, rng: np.random.Generator) -> None:
        side = net.weighted[-1] if self.activation_first else layer
        activation = ACTIVATIONS[self.inverse_activation or side.activation.name]
        layer.D = draw_matrix(self.inverse_init, rng, net.n_outputs, layer.n_out, net)  # type: ignore[arg-type]
        layer.inverse = Inverse(layer.D, activation, self.activation_first)

    def targets(self, net: Network, trace: Trace) -> Targets:
        t = self.output_target(net, trace)  # eq. 1  (N, n_L)
        yield net.weighted[-1], t
        for layer in net.weighted[-2::-1]:
            yield layer, self.come_back(trace, layer, t)  # eq. 2  (N, n_l)

    def come_back(self, trace: Trace, layer: WeightedLayer, u: Array) -> Array:
        """Return h_l + g_l(u) - g_l(a_L), in memory of the layer's own."""
        record, inverse = trace[layer], inverse_of(layer)
        a = self.state(trace, trace.net.weighted[-1])
        g_u = inverse(u, record.array("g_u", layer.shape_out))
        g_a = inverse(a, record.array("g_a", layer.shape_out))
        back = record.array("back", layer.shape_out)
        difference_target(self.state(trace, layer), g_u, g_a, back)
        return back

    def lesson(
        self, net: Network, trace: Trace, layer: WeightedLayer, rng: np.random.Generator
    ) -> float:
        record, a = trace[layer], self.state(trace, net.weighted[-1])
        above = net.weighted[net.weighted.index(layer) + 1]
        noisy = record.array("noisy", layer.shape_out)
        add_noise(rng, self.noise, self.state(trace, layer), noisy)  # eq. 5  (N, n_l)
        u = climb(self, trace, above, noisy)  # eq. 6  (N, n_L)
        wrong = np.subtract(self.come_back(trace, layer, u), noisy, out=noisy)  # eq. 7
        wrong /= self.noise  # (ũ - h̃) / σ  (N, n_l)
        loss = mean_square(wrong)
        wrong /= self.noise
        minus = np.negative(wrong, out=record.array("minus", layer.shape_out))
        g_u, g_a = (record.array(name, layer.shape_out) for name in ("g_u", "g_a"))
        inverse_of(layer).gradient((u, g_u, wrong), (a, g_a, minus))  # eq. 8
        return loss
