"""Weight mirror: what if the feedback path learned Wᵀ by itself, from noise, while nobody teaches?

Akrout, Wilson, Humphreys, Lillicrap & Tweed 2019 (NeurIPS; arXiv 1904.05391).

Engaged mode, with data and error; the feedback rests:
    δ_L     = ŷ - y                                 (1)
    δ_{l-1} = (δ_l B_l) ∘ f'(a_{l-1})               (2)   as in feedback alignment
    ΔW_l    = h_{l-1}ᵀ δ_l / N                      (3)
Mirror mode, with neither; the weights rest, and every layer is on its own:
    ξ_l     ~ mean 0, variance σ²                   (4)   the units below chatter, M samples
    z_l     = f(ξ_l W_l)                            (5)   the units above answer
    ΔB_l    = (z_l - z̄_l)ᵀ ξ_l / (M - 1)            (6)   on average σ² diag(f') W_lᵀ
    B_l ← (1 - λ) B_l + η_B ΔB_l                    (7)   settles at (η_B σ² / λ) diag(f') W_lᵀ

Symbols: δ_l teaching signal (N, n_l); h_{l-1} what the layer received (N, n_{l-1}); ξ_l noise
    (M, n_{l-1}); z_l answer (M, n_l), z̄_l its mean over samples; B_l feedback (n_l, n_{l-1});
    σ width, η_B mirror rate, λ decay. η_B and λ follow the schedule of the learning rate.
Why it works: noise that is independent from unit to unit arrives above through W alone, so what
    the two ends of a feedback synapse share is the forward weight. With Gaussian noise
    E[ξ f(ξ w)] = σ² E[f'] w for every f and σ (Stein's lemma); a wide σ only makes rows unequal.
    Noise must be fresh for each layer: once it has gone through a layer its units are correlated,
    and the next layer would learn Cov(h) W.
What is left: W's motion within the 1 / λ steps that B remembers, and the estimates' own noise,
    tan² of the angle = F (n_{l-1} + 1) λ / ((2 - λ) (M - 1)), F = Var f(a) / (Var a E[f'(a)]²):
    1 for linear units, 2 - 2/π = 1.36 for ReLU. If it is renormalised, λ = κ / (κ + cos of the
    angle), κ = η_B σ² E[f'] ‖W‖ / ‖B‖. `nofb reproduce learned_feedback` measures all of these.
A convolution is mirrored as the dense layer that it is for one patch, with M patches of noise.
Uses: the global error, its own activations, B, a second phase. Does not use: W on the way back.
Gaps to the released code, each of them an attribute, all of them `wm_released`:
    its answers are not centred: right on average, but logistic units answer ½, and ½ ξ is noise;
    biases stay on: rows of B are weighted by f'(b), and a ReLU unit with b < 0 hardly answers;
    its noise is uniform, where paper and docstring say Gaussian: harmless while σ is small;
    its normalisation changes a copy: nothing bounds B, and the hidden layers' steps grow with it;
    it sums over M = 128 at η_B = 0.01, so η_B = 1.28 here; it mirrors B_1 as well, which is inert;
    its output units answer through their logistic; here the last layer answers with its a.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nofb import checks
from nofb.initialisers import Initialiser
from nofb.kernels.jit import kernel
from nofb.kernels.products import affine
from nofb.layers import WeightedLayer
from nofb.network import Network
from nofb.rules.base import Uses, state_of
from nofb.rules.feedback_alignment import FeedbackAlignment
from nofb.types import Array


@kernel
def mirror(xi: Array, z: Array, count: int, rate: float, decay: float, dB: Array, B: Array) -> None:
    """ΔB = zᵀ ξ / count, then B ← (1 - λ) B + η_B ΔB."""
    np.dot(z.T, xi, dB)  # eq. 6  (n_out, n_in)
    share = dB.dtype.type(1) / dB.dtype.type(count)
    rate, decay = B.dtype.type(rate), B.dtype.type(decay)
    for i in range(B.shape[0]):
        for j in range(B.shape[1]):
            dB[i, j] *= share
            B[i, j] += rate * dB[i, j] - decay * B[i, j]  # eq. 7


def gaussian(rng: np.random.Generator, xi: Array) -> None:
    """Fill xi with N(0, 1)."""
    rng.standard_normal(out=xi, dtype=xi.dtype)


def uniform(rng: np.random.Generator, xi: Array) -> None:
    """Fill xi evenly from -√3 to √3: variance 1."""
    rng.random(out=xi, dtype=xi.dtype)
    xi -= 0.5
    xi *= 12**0.5


NOISES: dict[str, Callable[[np.random.Generator, Array], None]] = {
    "gaussian": gaussian,
    "uniform": uniform,
}


@dataclass
class Mirror:
    """What a layer's last mirror step left behind, as `layer.rule_state`.

    Parameters
    ----------
    rng
        Draws the noise of all layers.
    xi, a, z
        Noise (M, n_in) and answer, before and after f (M, n_out).
    dB
        The estimate (n_out, n_in) that was made of it.
    """

    rng: np.random.Generator
    xi: Array
    a: Array
    z: Array
    dB: Array


class WeightMirror(FeedbackAlignment):
    """Weight mirror: between steps of learning, noise lets every B find its Wᵀ.

    Parameters
    ----------
    rate
        η_B; `None` for λ / σ², with which B settles at Wᵀ, times f'(0) of its units.
    decay
        λ, per mirror step; from 0 to less than 1. It bounds B, and is how fast B follows W.
    renormalise
        Whether each B gets its length back after each mirror phase: a bound without decay.
    noise
        "gaussian" or "uniform".
    width
        σ, the standard deviation of the noise; small, so that no unit saturates.
    samples
        M, of noise, in each mirror step.
    steps_before, steps_between
        Mirror steps before training, when the rule is attached, and after each engaged step.
    centred
        Whether the mean answer of each unit is taken off.
    bias
        Whether the units' biases take part in mirror mode.
    feedback_init
        How each B (n_out, n_in) is drawn, as in feedback alignment.

    Raises
    ------
    ValueError
        If nothing says how fast to mirror, or centring has a single sample.

    Examples
    --------
    >>> from nofb import Dense, Network
    >>> from nofb.diagnosis import angle
    >>> net = Network([Dense(4, 30, activation="tanh"), Dense(30, 10)])
    >>> rule, last = WeightMirror(steps_before=0), net.weighted[1]
    >>> rule.attach(net)
    >>> bool(angle(last.B, last.W.T) > 70)
    True
    >>> rule.mirror(net, steps=1000)
    >>> bool(angle(last.B, last.W.T) < 10)
    True
    """

    name = "wm"
    title = "weight mirror"
    paper = "Akrout et al. 2019"
    uses = Uses(error=True, learned_feedback=True, second_phase=True)

    def __init__(
        self,
        rate: float | None = None,
        decay: float = 0.02,
        renormalise: bool = False,
        noise: str = "gaussian",
        width: float = 0.1,
        samples: int = 64,
        steps_before: int = 200,
        steps_between: int = 1,
        centred: bool = True,
        bias: bool = False,
        feedback_init: str | Initialiser = "uniform_fan_out",
    ) -> None:
        super().__init__(feedback_init)
        self.decay = checks.number("decay", decay, least=0, below=1)
        self.width = checks.number("width", width, above=0)
        if rate is None and not decay:
            raise ValueError("rate must be given where decay is 0, since it is decay / width² else")
        self.rate = decay / width**2 if rate is None else checks.number("rate", rate, above=0)
        self.renormalise = renormalise
        checks.choice("noise", noise, NOISES)
        self.noise = noise
        self.samples = checks.whole("samples", samples, least=2 if centred else 1)
        self.steps_before = checks.whole("steps_before", steps_before, least=0)
        self.steps_between = checks.whole("steps_between", steps_between, least=0)
        self.centred, self.bias = centred, bias

    def draw_feedback(self, net: Network, rng: np.random.Generator) -> None:
        super().draw_feedback(net, rng)
        for layer in net.weighted[1:]:
            layer.rule_state = self.mirror_state(layer, rng)
        self.mirror(net, self.steps_before)

    def mirror_state(self, layer: WeightedLayer, rng: np.random.Generator) -> Mirror:
        """Return what a layer keeps of its mirror steps, before the first one."""
        shapes = [(self.samples, n) for n in (layer.n_in, layer.n_out, layer.n_out)]
        xi, a, z = (np.zeros(shape, layer.dtype) for shape in shapes)
        return Mirror(rng, xi, a, z, np.zeros(layer.feedback_shape, layer.dtype))

    # Engaged mode is `FeedbackAlignment.signals`.

    def after_step(self, net: Network) -> None:
        self.mirror(net, self.steps_between)

    def mirror(self, net: Network, steps: int = 1) -> None:
        """Mirror mode: for so many steps, every feedback matrix learns from noise of its own."""
        for layer in net.weighted[1:]:
            if layer.B is not None:
                length = np.linalg.norm(layer.B)
                for _ in range(steps):
                    self.mirror_layer(net, layer, layer.B)
                if self.renormalise:
                    layer.B *= length / np.linalg.norm(layer.B)

    def mirror_layer(self, net: Network, layer: WeightedLayer, B: Array) -> None:
        """Take one mirror step with one layer."""
        self.converse(net, layer)
        self.learn(net, layer, state_of(layer, Mirror).xi, B)

    def converse(self, net: Network, layer: WeightedLayer) -> None:
        """Send noise through the layer, and keep its response."""
        state = state_of(layer, Mirror)
        xi, z = state.xi, state.z
        NOISES[self.noise](state.rng, xi)
        xi *= self.width  # eq. 4  (M, n_in)
        self.answer(net, layer)  # eq. 5  (M, n_out)
        if self.centred:
            z -= z.mean(axis=0)  # the mean response carries no information about the noise

    def learn(self, net: Network, layer: WeightedLayer, xi: Array, B: Array) -> None:
        """Change B by the noise and the response at the two ends of each of its synapses."""
        rate, decay = self.share * self.rate, self.share * self.decay
        state, count = state_of(layer, Mirror), self.samples - self.centred
        mirror(xi, state.z, count, rate, decay, state.dB, B)

    def answer(self, net: Network, layer: WeightedLayer) -> None:
        """Write the response to the noise: z = f(ξ W), with + b if biases take part."""
        state = state_of(layer, Mirror)
        affine(state.xi, layer.W, layer.b if self.bias else None, state.a)
        layer.activation.f(state.a, state.z)


class WeightMirrorReleased(WeightMirror):
    """The weight mirror as the authors' code has it: raw answers, uniform noise, nothing bounds B.

    Parameters
    ----------
    steps_before
        Mirror steps before training; there, as many as an epoch of MNIST has batches.
    feedback_init
        How each B (n_out, n_in) is drawn, as in feedback alignment.
    """

    name = "wm_released"
    title = "weight mirror, as released"

    def __init__(
        self, steps_before: int = 468, feedback_init: str | Initialiser = "uniform_fan_out"
    ) -> None:
        super().__init__(
            rate=0.01 * 128,  # a sum over the samples there, a mean here
            decay=0.0,
            noise="uniform",
            width=0.1 / np.sqrt(12),
            samples=128,
            steps_before=steps_before,
            centred=False,
            bias=True,
            feedback_init=feedback_init,
        )

    def answer(self, net: Network, layer: WeightedLayer) -> None:
        super().answer(net, layer)
        if layer is net.weighted[-1]:
            state = state_of(layer, Mirror)
            net.head.unit(state.a, state.z)
