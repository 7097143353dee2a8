"""Iterated difference reconstruction: what if targets that affect the output were iterated?

Bengio 2020's iteration (arXiv 2007.15139) with the inverses of Meulemans et al. 2020
(arXiv 2006.14331); neither paper combines them.

    t_L     = a_L - η̂ e,  e = ŷ - y                 (1)
    h^(0)   = h_{l-1}                               (2)
    h^(k+1) = h^(k) + α (g_l(t_l) - g_l(f_l(h^(k)))) (3)
    t_{l-1} = h^(K)                                 (4)
    δ_l     = (h_l - t_l) ∘ f'(a_l) / η̂             (5)   δ_L = e
    ΔW_l    = h_{l-1}ᵀ δ_l / N                      (6)

Inverses: learn as in `dtp_drl`, from zero.
Symbols: t_l target (N, n_l); η̂ step size; f_l layer l, g_l its inverse; h_l activation (N, n_l);
    h^(k) target below after k of K steps (N, n_{l-1}); α damping; δ_l teaching signal (N, n_l).
Both parts alone: the iteration in `itp`, the loss of the inverses in `dtp_drl`.
Why: an exact inverse of one layer reaches *all* of its target, but the output does not depend on
    most of this change. Each layer on the way down enlarges this part by one over its small
    singular values, until the change is mostly noise (`nofb reproduce bengio2020` shows it). Eq. 3
    changes h only within the range of g_l. Inverses that start from zero and learn from noise at
    the output have mostly directions in their range that affect the output.
How far: the limit of the iteration still reaches all of t_l. So two damped iterations help, and
    many do not: early stopping acts as regularisation.
Uses: the global error, its own activations, inverses that learn in a second phase, in which all
    units above the layer respond once more; its own units also in every iteration. Does not use: W
    in the backward pass.
Released code: none.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from nofb import settings
from nofb.kernels.jit import kernel
from nofb.layer_maps import LayerMaps
from nofb.noise import Noise
from nofb.rule import Array, Initialiser, Map, Uses
from nofb.rules.targets import InverseUpdate, TargetRule, difference_reconstruction


@kernel
def improve(h: Array, g_t: Array, g_z: Array, damping: float) -> Array:
    """One iteration: the inverse maps the remaining error of the layer to a change of h."""
    return h + h.dtype.type(damping) * (g_t - g_z)  # eq. 3  (N, n_{l-1})


@dataclass(kw_only=True, repr=False, eq=False)
class IteratedDifferenceReconstruction(TargetRule):
    """Iterated difference reconstruction: iterated inverses that learn from noise at the output.

    Parameters
    ----------
    iterations
        K, for each layer.
    damping
        α, the fraction of each iteration's change that is applied.
    """

    name = "itp_drl"
    title = "iterated difference reconstruction"
    paper = "Bengio 2020, Meulemans et al. 2020"
    uses = Uses(error=True, learned_feedback=True, second_phase=True)
    look = "vermillion", "long", "P"

    step_size: float = 0.0686
    noise: float = settings.number(0.0569, above=0)
    epochs_before: int = 1
    inverse_init: Initialiser = settings.initialiser("zeros")
    iterations: int = settings.whole(2, least=0)
    damping: float = settings.number(0.5, above=0)

    def target_below(self, f: Map, g: Map, h_below: Array, h: Array, t: Array) -> Array:
        x, g_t = h_below, g(t)  # eq. 2  (N, n_{l-1})
        for _ in range(self.iterations):
            x = improve(x, g_t, g(f(x)), self.damping)  # eq. 3
        return x  # eq. 4  (N, n_{l-1})

    def inverse_loss(self, layers: Sequence[LayerMaps], noise: Noise) -> InverseUpdate:
        return difference_reconstruction(layers, noise)
