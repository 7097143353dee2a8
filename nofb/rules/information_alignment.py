"""Information alignment: what if the feedback learned to say again what the units below had said?

Kunin, Nayebi, Sagastuy-Brena, Ganguli, Bloom & Yamins 2020 (ICML; arXiv 2003.01513).

Engaged mode, eqs. 1 to 3, is feedback alignment's. Mirror mode is the weight mirror's, with one
term more in its estimate:
    ξ_l     ~ mean 0, variance σ²                   (4)   the units below chatter, M samples
    z_l     = f(ξ_l W_l)                            (5)   the units above answer, means taken off
    R_l     = mean(-ξ_l · z_l B_l + ½ν ‖z_l B_l‖²)  (6)   "amp" and "null": for ν = 1, ½‖ξ - zB‖²
    ΔB_l    = z_lᵀ (ξ_l - ν z_l B_l) / (M - 1)      (7)   -∂R/∂B; without ν the mirror's product
    B_l ← (1 - λ) B_l + η_B ΔB_l                    (8)   "decay"

Symbols: ξ_l noise (M, n_{l-1}); z_l answer (M, n_l); B_l feedback (n_l, n_{l-1}); σ width,
    η_B mirror rate, λ decay, ν null. η_B and λ follow the schedule of the learning rate.
What it learns: for linear units and η_B = λ / σ², (1 + ν W_lᵀ W_l) B_l = W_lᵀ. So ν leads from the
    transpose towards the pseudo-inverse, which inverts where backprop transposes: the singular
    vectors are Wᵀ's, and a singular value s becomes s / (1 + ν s²), which is never above ½ / √ν.
Uses: the global error, its own activations, B, a second phase. Does not use: W on the way back.
Paper: "decay" counts ‖W‖² too. Here W rests in mirror mode, as under the weight mirror. The paper's
    rates were not read: ν = 1 is ours.
"""

from dataclasses import dataclass

import numpy as np

from nofb import checks
from nofb.initialisers import Initialiser
from nofb.kernels.jit import kernel
from nofb.layers import WeightedLayer
from nofb.network import Network
from nofb.rules.base import state_of
from nofb.rules.weight_mirror import Mirror, WeightMirror
from nofb.types import Array


@kernel
def missing(xi: Array, z: Array, B: Array, null: float, rest: Array) -> None:
    """rest = ξ - ν z B: the part of the noise below that the feedback does not reconstruct."""
    null = B.dtype.type(null)
    np.dot(z, B, rest)  # (M, n_in)
    for i in range(rest.shape[0]):
        for j in range(rest.shape[1]):
            rest[i, j] = xi[i, j] - null * rest[i, j]  # in eq. 7, down eq. 6


@dataclass
class InformedMirror(Mirror):
    """What a layer's last mirror step left behind, as `layer.rule_state`.

    Parameters
    ----------
    rest
        What was missing in it (M, n_in).
    rng, xi, a, z, dB
        As for the weight mirror.
    """

    rest: Array


class InformationAlignment(WeightMirror):
    """Information alignment: a weight mirror that stops where B says it all again.

    Parameters
    ----------
    null
        ν, at least 0; with 0 it is the weight mirror.
    decay, width, samples, steps_before, steps_between, feedback_init
        As for the weight mirror; its rate is left at λ / σ², its noise is Gaussian and its answers
        are centred.

    Examples
    --------
    >>> from nofb import Dense, Network
    >>> from nofb.diagnosis import angle
    >>> net = Network([Dense(4, 30, activation="tanh"), Dense(30, 10)])
    >>> rule, last = InformationAlignment(null=1.0, samples=500, steps_before=500), net.weighted[1]
    >>> rule.attach(net)
    >>> bool(angle(last.B, np.linalg.solve(np.eye(10) + last.W.T @ last.W, last.W.T)) < 5)
    True
    """

    name = "ia"
    title = "information alignment"
    paper = "Kunin et al. 2020"

    def __init__(
        self,
        null: float = 1.0,
        decay: float = 0.02,
        width: float = 0.1,
        samples: int = 64,
        steps_before: int = 200,
        steps_between: int = 1,
        feedback_init: str | Initialiser = "uniform_fan_out",
    ) -> None:
        super().__init__(
            decay=checks.number("decay", decay, above=0, below=1),
            width=width,
            samples=samples,
            steps_before=steps_before,
            steps_between=steps_between,
            feedback_init=feedback_init,
        )
        self.null = checks.number("null", null, least=0)

    def mirror_state(self, layer: WeightedLayer, rng: np.random.Generator) -> InformedMirror:
        mirror = super().mirror_state(layer, rng)
        return InformedMirror(**vars(mirror), rest=np.zeros_like(mirror.xi))

    def mirror_layer(self, net: Network, layer: WeightedLayer, B: Array) -> None:
        self.converse(net, layer)  # eq. 4, eq. 5
        state = state_of(layer, InformedMirror)
        missing(state.xi, state.z, B, self.null, state.rest)
        self.learn(net, layer, state.rest, B)  # eq. 7, eq. 8
