"""PEPITA: what if the error changed the input, and a second forward pass gave the signals?

Dellaferrera & Kreiman 2022 (ICML; arXiv 2201.11665).

    δ_L  = e = ŷ - y                                (1)
    x̃    = x + e F                                  (2)   F fixed and random
A second forward pass from x̃, with the same dropout masks, gives h̃_l (and h̃_0 = x̃):
    δ_l  = h_l - h̃_l              for every hidden l (3)   change of each unit by the error
    ΔW_l = h̃_{l-1}ᵀ δ_l / N                         (4)   inputs of the second pass

Symbols: e output error (N, n_L); F projection of the error on the input (n_L, n_0); h_l, h̃_l
    activations of the two passes (N, n_l); δ_l teaching signal (N, n_l); N batch size.
Why it works: to first order h̃_1 - h_1 = (e F W_1) ∘ f'(a_1), so the first hidden layer learns as
    in direct feedback alignment with D_1 = -F W_1: this feedback changes with the weights. In
    higher layers the change passes through W, as in indirect feedback alignment.
Uses: the global error, its own activations, F, a second forward pass. Does not use: W in the
    backward pass, a second phase; there is no backward pass.
Paper: has no biases; here b learns from the mean of δ_l. Some write x - e F: this is the same rule
    with another draw of F.
Released code: δ_L is the error of the second pass; here it is the error of the first pass.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nofb import settings
from nofb.feedback import draw_matrix, state_of
from nofb.kernels.jit import kernel
from nofb.rule import Array, Initialiser, Network, Rule, Signals, Trace, Uses


@kernel
def modulate(x: Array, e: Array, F: Array) -> Array:
    """Every input changes by the errors of all outputs, each times a fixed random number."""
    return x + e @ F  # eq. 2  (N, n_0)


@kernel
def moved(h: Array, h_modulated: Array) -> Array:
    """The negative change of each unit by the error."""
    return h - h_modulated  # eq. 3  (N, n_l)


@dataclass
class Projection:
    """The projection F, stored as `layer.rule_state` of the first layer.

    Parameters
    ----------
    F
        Maps the output error to the input (n_L, n_0).
    """

    F: Array


@dataclass(kw_only=True, repr=False, eq=False)
class Pepita(Rule):
    """PEPITA: present the error to perturb the input, and modulate activity.

    Parameters
    ----------
    scale
        The factor of F. It is small, so that the second pass stays close to the first one; 0.05 √6
        in the released code.
    feedback_init
        How F (n_L, n_0) is drawn, before it is scaled; uniform on ±1/√n_0 by default.

    Examples
    --------
    >>> from nofb import Dense, Network
    >>> net = Network([Dense(4, 3, activation="relu"), Dense(3, 2)])
    >>> Pepita().attach(net)
    >>> net.layers[0].rule_state.F.shape
    (2, 4)
    """

    name = "pepita"
    title = "PEPITA"
    paper = "Dellaferrera & Kreiman 2022"
    family = "forward"
    uses = Uses(error=True, feedback=True, second_pass=True)
    look = "sky blue", "dots", "s"
    by_sample = False
    compared = False
    excused: ClassVar[dict[str, str]] = {
        "the output layer": "its error is multiplied with its input in the second pass",
        "the slope": "its signal is a difference of activities, which has no slope",
    }

    scale: float = settings.number(0.12, least=0)
    feedback_init: Initialiser = settings.initialiser("uniform_fan_out")

    def draw_feedback(self, net: Network, rng: np.random.Generator) -> None:
        F = draw_matrix(self.feedback_init, rng, net.n_outputs, net.inputs, net)
        F *= F.dtype.type(self.scale)
        net.weighted[0].rule_state = Projection(F)

    def signals(self, net: Network, trace: Trace) -> Signals:
        F = state_of(net.weighted[0], Projection).F
        x = modulate(trace.x.reshape(trace.samples, -1), trace.error, F)  # eqs. 1 and 2
        second = trace.again(x=x.reshape(trace.x.shape))
        for layer in net.weighted[:-1]:
            yield layer, moved(trace.activity(layer), second.activity(layer)), second  # eqs. 3, 4
        yield net.weighted[-1], trace.error, second  # eqs. 1 and 4
