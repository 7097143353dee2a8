"""Target propagation: what if each layer received a target for its output, instead of an error?

Bengio 2014 (arXiv 1407.7906); the form here is that of Lee et al. 2015, without the difference.

    t_L     = a_L - η̂ e,  e = ŷ - y                 (1)   a small step down the loss
    t_{l-1} = g_l(t_l)                              (2)   g_l(z) = s(z B_l + c_l)
    δ_l     = (h_l - t_l) ∘ f'(a_l) / η̂             (3)   δ_L = e
    ΔW_l    = h_{l-1}ᵀ δ_l / N                      (4)   of ‖h_l - t_l‖² / (2η̂), in W_l only
The inverse learns to reconstruct the input of the layer:
    h̃_{l-1} = h_{l-1} + ξ,  ξ ~ N(0, σ²)            (5)
    u_{l-1} = g_l(f_l(h̃_{l-1}))                     (6)
    ΔB_l    = f_l(h̃_{l-1})ᵀ ((u - h̃)_{l-1} ∘ s') / N (7)   of ½‖u - h̃‖², in B_l and c_l only

Symbols: t_l target (N, n_l); η̂ step size; f_l(h) = f(h W_l + b_l) the layer, for the last one its
    pre-activation; g_l its inverse, B_l (n_l, n_{l-1}), c_l bias, s activation of the layer below;
    δ_l teaching signal (N, n_l); h_{l-1} input of the layer (N, n_{l-1}); N batch size.
Uses: the global error, its own activations, an inverse that learns in a second phase, in which its
    units respond once more. Does not use: W in the backward pass.
Networks: dense layers and activations in sequence; a sum of two branches has no inverse.
Why it fails: even for t_L = a_L, g_l(h_l) is not h_{l-1}: each inverse adds its own error. Divided
    by a small η̂, this error is nearly all of δ_l. `dtp` subtracts it.
"""

from dataclasses import dataclass
from typing import ClassVar

from nofb.rule import Array, Map, Uses
from nofb.rules.targets import TargetRule


@dataclass(kw_only=True, repr=False, eq=False)
class TargetPropagation(TargetRule):
    """Target propagation: learned inverses send targets down.

    Examples
    --------
    >>> from nofb import Dense, Network
    >>> net = Network([Dense(4, 3, activation="tanh"), Dense(3, 2)])
    >>> rule = TargetPropagation()
    >>> rule.attach(net)
    >>> net.weighted[1].inverse
    Inverse(2 -> 3, activation='tanh')
    >>> net.weighted[1].inverse.B is net.weighted[1].B
    True
    """

    name = "tp"
    title = "target propagation"
    paper = "Bengio 2014"
    excused: ClassVar[dict[str, str]] = {
        "learns": "the errors of its inverses add up, see its file"
    }
    uses = Uses(error=True, learned_feedback=True, second_phase=True)
    look = "sky blue", "long", "v"

    def target_below(self, f: Map, g: Map, h_below: Array, h: Array, t: Array) -> Array:
        return g(t)  # eq. 2  (N, n_{l-1})
