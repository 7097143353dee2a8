"""Difference target propagation: what if only the *change* went down, and not the target itself?

Lee, Zhang, Fischer & Bengio 2015 (ECML; arXiv 1412.7525).

    t_{L-1} = h_{L-1} - η̂ e W_Lᵀ                    (1)   gradient through one layer only
    t_{l-1} = h_{l-1} + g_l(t_l) - g_l(h_l)         (2)   g_l(z) = s(z B_l + c_l)
    δ_l     = (h_l - t_l) ∘ f'(a_l) / η̂             (3)   δ_L = e
    ΔW_l    = h_{l-1}ᵀ δ_l / N                      (4)

Inverses: learn in separate epochs to reconstruct the input of their layer, as in `tp`.
Symbols: t_l target (N, n_l); e = ŷ - y output error (N, n_L); η̂ step size; g_l inverse of layer l,
    B_l (n_l, n_{l-1}), c_l bias, s activation of the layer below; h_l activation (N, n_l); δ_l
    teaching signal (N, n_l); N batch size.
Why the difference: t_l = h_l gives t_{l-1} = h_{l-1} for any inverse: its error cancels to first
    order, and only its slope matters. So t - h is sent back like a gradient, with the Jacobian of g
    instead of Wᵀ. With exact inverses it is target propagation.
Uses: the global error, W_Lᵀ of the output layer alone (not with `gradient_at_top=False`), its own
    activations, an inverse that learns in a second phase, in which its units respond once more.
Released code: does not train the sixth matrix and the fifth bias; here all are trained. Its η̂,
    0.3277, multiplies the gradient of a mean over 100 samples, so it is 0.003277 here. It has the
    factor 2 of ‖h - t‖² and no 1/η̂, which makes no difference with its centred RMSprop with
    momentum; here the inverses have a plain RMSprop. All its matrices are drawn orthogonal.
Meulemans et al. 2020 (arXiv 2006.14331): eq. 1 is t_L = a_L - η̂ e, with an inverse for the output
    layer too (`gradient_at_top=False`), and Adam updates the inverses with every batch.
"""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from nofb import settings
from nofb.kernels.jit import kernel
from nofb.layer_maps import LayerMaps
from nofb.rule import Array, Initialiser, Map, Network, Uses, WeightedLayer
from nofb.rules.targets import TargetRule, difference_target


@kernel
def gradient_target(h_below: Array, e: Array, W: Array, slope: Array, step_size: float) -> Array:
    """The first step of the gradient; `slope` is 1, or that of an activation between layers."""
    return h_below - h_below.dtype.type(step_size) * (e @ W.T) * slope  # eq. 1  (N, n_{L-1})


@dataclass(kw_only=True, repr=False, eq=False)
class DifferenceTargetPropagation(TargetRule):
    """Difference target propagation: the error of an inverse is subtracted.

    The defaults are those of Lee et al. 2015. `rules.make("dtp", preset="meulemans2020")` builds
    the form of Meulemans et al. 2020, with its settings.

    Parameters
    ----------
    gradient_at_top
        Whether the layer below the output gets its target from the gradient, or from an inverse.
    """

    name = "dtp"
    title = "difference target propagation"
    paper = "Lee et al. 2015"
    uses = Uses(error=True, transport=True, learned_feedback=True, second_phase=True)
    look = "blue", "long", "s"
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "meulemans2020": {
            "gradient_at_top": False, "step_size": 0.2195, "noise": 0.0837, "inverse_lr": 1.96e-3,
            "inverse_optimizer": "adam", "inverse_init": "xavier", "inverse_steps": 1,
            "epochs_before": 0, "epochs_between": 0,
        }
    }  # fmt: skip

    step_size: float = 0.003277
    noise: float = 0.3598
    inverse_lr: float = 0.005011
    inverse_optimizer: str = "rmsprop"
    inverse_steps: int = 0
    epochs_before: int = 1
    epochs_between: int = 1
    inverse_init: Initialiser = settings.initialiser("orthogonal")
    gradient_at_top: bool = settings.switch(True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.uses.transport != self.gradient_at_top:
            self.uses = replace(self.uses, transport=self.gradient_at_top)  # type: ignore[misc]

    def inverted(self, net: Network) -> list[WeightedLayer]:
        return net.weighted[1:-1] if self.gradient_at_top else net.weighted[1:]

    def target_below(self, f: Map, g: Map, h_below: Array, h: Array, t: Array) -> Array:
        return difference_target(h_below, g(t), g(h))  # eq. 2  (N, n_{l-1})

    def send_down(self, own: LayerMaps, t: Array, e: Array) -> Array:
        if not self.gradient_at_top or own.layer.inverse is not None:
            return super().send_down(own, t, e)
        W, slope = own.layer.W, own.slope_below  # of the output layer, which has no inverse
        return gradient_target(own.h_below, e, W, slope, self.step_size)  # eq. 1
