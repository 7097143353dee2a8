"""Information alignment: what if the feedback learned to reconstruct the noise of the units below?

Kunin, Nayebi, Sagastuy-Brena, Ganguli, Bloom & Yamins 2020 (ICML; arXiv 2003.01513).

Engaged mode (eqs. 1 to 3) is that of the weight mirror; mirror mode has one more term:
    ξ_l     ~ mean 0, variance σ²                   (4)   noise in the units below, M samples
    z_l     = f(ξ_l W_l)                            (5)   the response of the units above, centred
    R_l     = mean(-ξ_l · z_l B_l + ½ν ‖z_l B_l‖²)  (6)   "amp" and "null"; ν = 1: ½‖ξ - zB‖²
    ΔB_l    = z_lᵀ (ξ_l - ν z_l B_l) / (M - 1)      (7)   -∂R/∂B; without ν the mirror's product
    B_l ← (1 - λ) B_l + η_B ΔB_l                    (8)   "decay"

Symbols: ξ_l noise (M, n_{l-1}); z_l response (M, n_l); B_l feedback (n_l, n_{l-1}); σ width, η_B
    mirror rate, λ decay, ν null. η_B and λ follow the schedule of the learning rate.
What it learns: for linear units and η_B = λ / σ², (1 + ν W_lᵀ W_l) B_l = W_lᵀ. So ν interpolates
    between the transpose and the pseudo-inverse: the singular vectors are those of Wᵀ, and a
    singular value s becomes s / (1 + ν s²), which is at most ½ / √ν.
Uses: the global error, its own activations, B, a second phase. Does not use: W in the backward
    pass.
Paper: "decay" includes ‖W‖² too. Here W does not change in mirror mode. The rates of the paper were
    not available: ν = 1 is our choice.
"""

from dataclasses import dataclass

from nofb import settings
from nofb.kernels.jit import kernel
from nofb.rule import Array
from nofb.rules.weight_mirror import WeightMirror


@kernel
def missing(xi: Array, z: Array, B: Array, null: float) -> Array:
    """The part of the noise below that the feedback does not reconstruct."""
    return xi - B.dtype.type(null) * (z @ B)  # -∂R/∂(z_l B_l): eqs. 6 and 7  (M, n_{l-1})


@kernel
def correlate(left: Array, z: Array, count: int) -> Array:
    """The correlation of the two ends of each feedback synapse, without the known part."""
    return z.T @ left / z.dtype.type(count)  # eq. 7  (n_l, n_{l-1})


@dataclass(kw_only=True, repr=False, eq=False)
class InformationAlignment(WeightMirror):
    """Information alignment: a weight mirror that stops where B reconstructs the noise.

    The other hyper-parameters are those of the weight mirror, except that the rate stays λ / σ²,
    the noise is Gaussian, and the responses are centred.

    Parameters
    ----------
    null
        ν, at least 0; with 0 the rule is the weight mirror.
    decay
        λ, greater than 0 and less than 1.

    Examples
    --------
    >>> import numpy as np
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
    look = "reddish purple", "dots", "H"
    compared = False

    null: float = settings.number(1.0, least=0)
    rate: float | None = settings.fixed(None)
    renormalise: bool = settings.fixed(False)
    noise: str = settings.fixed("gaussian")
    centred: bool = settings.fixed(True)
    bias: bool = settings.fixed(False)
    decay: float = settings.number(0.02, above=0, below=1)

    def estimate(self, xi: Array, z: Array, B: Array) -> Array:
        return correlate(missing(xi, z, B, self.null), z, self.samples - 1)  # centred
