"""Weight mirror: what if the feedback path learned Wᵀ by itself, from noise, without data or error?

Akrout, Wilson, Humphreys, Lillicrap & Tweed 2019 (NeurIPS; arXiv 1904.05391).

Engaged mode, with data and error; the feedback matrices do not change:
    δ_L     = ŷ - y                                 (1)
    δ_{l-1} = (δ_l B_l) ∘ f'(a_{l-1})               (2)   as in feedback alignment
    ΔW_l    = h_{l-1}ᵀ δ_l / N                      (3)
Mirror mode, without data or error; the weights do not change, and each layer learns alone:
    ξ_l     ~ mean 0, variance σ²                   (4)   noise in the units below, M samples
    z_l     = f(ξ_l W_l)                            (5)   the response of the units above
    ΔB_l    = (z_l - z̄_l)ᵀ ξ_l / (M - 1)            (6)   on average σ² diag(f') W_lᵀ
    B_l ← (1 - λ) B_l + η_B ΔB_l                    (7)   converges to (η_B σ² / λ) diag(f') W_lᵀ

Symbols: δ_l teaching signal (N, n_l); h_{l-1} input of the layer (N, n_{l-1}); ξ_l noise
    (M, n_{l-1}); z_l response (M, n_l), z̄_l its mean over samples; B_l feedback (n_l, n_{l-1}); σ
    width, η_B mirror rate, λ decay. η_B and λ follow the schedule of the learning rate.
Why it works: the noise of different units is independent and reaches the units above only through
    W. So the correlation between the two ends of a feedback synapse is the forward weight. With
    Gaussian noise E[ξ f(ξ w)] = σ² E[f'] w for every f and σ (Stein's lemma); a large σ only makes
    rows unequal. Each layer needs new noise: after one layer the units are correlated, and the next
    layer would learn Cov(h) W.
Remaining error: the change of W within the last 1 / λ steps, over which B averages, and the noise
    of the estimates, tan² of the angle = F (n_{l-1} + 1) λ / ((2 - λ) (M - 1)), F = Var f(a) / (Var
    a E[f'(a)]²):
    1 for linear units, 2 - 2/π = 1.36 for ReLU. If it is renormalised, λ = κ / (κ + cos of the
    angle), κ = η_B σ² E[f'] ‖W‖ / ‖B‖. `nofb reproduce learned_feedback` measures all of these.
A convolution is mirrored as a dense layer on one patch, with M patches of noise, and a dense layer
    on tokens with M tokens of noise, in any network.
Uses: the global error, its own activations, B, a second phase. Does not use: W in the backward
    pass.
Differences of the released code; each is an attribute, and `wm_released` has all of them:
    its responses are not centred: this is right on average, but logistic units respond with ½ to
    no input, and ½ ξ is noise;
    biases are used: rows of B are weighted by f'(b), and a ReLU unit with b < 0 hardly responds;
    its noise is uniform, but paper and docstring say Gaussian: no difference if σ is small;
    its normalisation changes a copy: B is not bounded, and the steps of hidden layers grow with B;
    it sums over M = 128 at η_B = 0.01, so η_B = 1.28 here; it mirrors B_1 too, which has no effect;
    its output units respond with their logistic function; here the last layer responds with its a.
"""

from dataclasses import dataclass

import numpy as np

from nofb import checks, settings
from nofb.feedback import draw_matrix, state_of
from nofb.kernels.jit import kernel
from nofb.noise import NOISES
from nofb.rule import Array, Initialiser, Network, Rule, Signals, Trace, Uses, WeightedLayer


@kernel
def send_back(delta: Array, B: Array) -> Array:
    """Every unit below gets the errors of all units above, each times its entry of B."""
    return delta @ B  # eq. 2  (N, n_{l-1})


@kernel
def drive(xi: Array, W: Array) -> Array:
    """The effect of the noise on the units above, before their f."""
    return xi @ W  # the argument of f: eq. 5  (M, n_l)


@kernel
def correlate(xi: Array, z: Array, count: int) -> Array:
    """The correlation of the two ends of each feedback synapse."""
    return z.T @ xi / z.dtype.type(count)  # eq. 6  (n_l, n_{l-1})


@kernel
def follow(B: Array, dB: Array, rate: float, decay: float) -> None:
    """B decays a little, and takes a step."""
    rate, decay = B.dtype.type(rate), B.dtype.type(decay)
    for i in range(B.shape[0]):
        for j in range(B.shape[1]):
            B[i, j] += rate * dB[i, j] - decay * B[i, j]  # eq. 7


@dataclass
class LastStep:
    """The last mirror step of a layer, stored as `layer.rule_state`."""

    rng: np.random.Generator  # draws the noise of all layers
    xi: Array  # noise (M, n_in)
    z: Array  # response (M, n_out)
    dB: Array  # the estimate from them (n_out, n_in)


@dataclass(kw_only=True, repr=False, eq=False)
class WeightMirror(Rule):
    """Weight mirror: between training steps, every B learns its Wᵀ from noise.

    Parameters
    ----------
    rate
        η_B; `None` for λ / σ², with which B converges to Wᵀ, times f'(0) of its units.
    decay
        λ, per mirror step; from 0 to less than 1. It bounds B, and sets how fast B follows W.
    renormalise
        Whether each B is rescaled to its old length after each mirror phase: a bound without decay.
    noise
        "gaussian" or "uniform".
    width
        σ, the standard deviation of the noise; small, so that no unit saturates.
    samples
        M, the number of noise samples in each mirror step.
    steps_before
        The number of mirror steps before training, when the rule is attached.
    steps_between
        The number of mirror steps after each engaged step.
    centred
        Whether the mean response of each unit is subtracted.
    bias
        Whether the biases of the units are used in mirror mode.
    feedback_init
        How each B (n_out, n_in) is drawn, as in feedback alignment.

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
    family = "learned"
    uses = Uses(error=True, learned_feedback=True, second_phase=True)
    look = "orange", "dashes", "*"

    feedback_init: Initialiser = settings.initialiser("uniform_fan_out")
    rate: float | None = settings.number(None, above=0, optional=True)
    decay: float = settings.number(0.02, least=0, below=1)
    renormalise: bool = settings.switch(False)
    noise: str = settings.choice("gaussian", NOISES)
    width: float = settings.number(0.1, above=0)
    samples: int = settings.whole(64)
    steps_before: int = settings.whole(200, least=0)
    steps_between: int = settings.whole(1, least=0)
    centred: bool = settings.switch(True)
    bias: bool = settings.switch(False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.centred:
            checks.whole("samples", self.samples, least=2)
        if self.rate is None and not self.decay:
            raise ValueError(
                "rate must be given where decay is 0, since it is decay / width² otherwise"
            )

    @property
    def mirror_rate(self) -> float:
        """η_B; by default the one with which B converges to Wᵀ, where f' is 1."""
        return self.decay / self.width**2 if self.rate is None else self.rate

    def draw_feedback(self, net: Network, rng: np.random.Generator) -> None:
        for layer in net.senders:
            layer.B = draw_matrix(self.feedback_init, rng, *layer.feedback_shape, net)
            shapes = (self.samples, layer.n_in), (self.samples, layer.n_out), layer.feedback_shape
            layer.rule_state = LastStep(rng, *(np.zeros(shape, net.dtype) for shape in shapes))
        self.mirror(net, self.steps_before)

    def signals(self, net: Network, trace: Trace) -> Signals:
        for layer in trace.downward():  # the output layer first, with e: eq. 1
            delta = trace.delta(layer)  # the sum of all signals, ∘ f'(a_l): eq. 2
            yield layer, delta
            if layer.sends:
                trace.arrive(layer, send_back(delta, layer.B))

    def after_step(self, net: Network) -> None:
        self.mirror(net, self.steps_between)

    def mirror(self, net: Network, steps: int = 1) -> None:
        """Mirror mode: every feedback matrix takes some steps, each with its own noise."""
        for layer in net.weighted:
            if layer.B is not None:
                length = np.linalg.norm(layer.B)
                for _ in range(steps):
                    self.mirror_layer(net, layer, layer.B)
                if self.renormalise:
                    layer.B *= length / np.linalg.norm(layer.B)

    def mirror_layer(self, net: Network, layer: WeightedLayer, B: Array) -> None:
        """Take one mirror step with one layer."""
        state, shape = state_of(layer, LastStep), (self.samples, layer.n_in)
        xi = self.width * NOISES[self.noise](state.rng, shape, net.dtype)  # eq. 4  (M, n_{l-1})
        z = self.respond(net, layer, xi)  # eq. 5  (M, n_l)
        if self.centred:
            z = z - z.mean(axis=0)  # z_l - z̄_l: the mean does not depend on the noise
        dB = self.estimate(xi, z, B)  # eq. 6  (n_l, n_{l-1})
        state.xi, state.z, state.dB = xi, z, dB
        factor = self.clock.factor
        follow(B, dB, factor * self.mirror_rate, factor * self.decay)  # eq. 7

    def respond(self, net: Network, layer: WeightedLayer, xi: Array) -> Array:
        """Return the response to noise (M, n_l): f(ξ W), with + b if biases are used."""
        a = drive(xi, layer.W)
        return layer.activation(a + layer.b if self.bias and layer.b is not None else a)

    def estimate(self, xi: Array, z: Array, B: Array) -> Array:
        """Return ΔB (n_l, n_{l-1}); only information alignment needs B for it."""
        count = self.samples - 1 if self.centred else self.samples
        return correlate(xi, z, count)


@dataclass(kw_only=True, repr=False, eq=False)
class WeightMirrorReleased(WeightMirror):
    """The weight mirror as in the authors' code: raw responses, and no bound on B."""

    name = "wm_released"
    title = "weight mirror, as released"
    look = "orange", "dots", "P"
    compared = False

    steps_before: int = 468  # the number of batches in an epoch of MNIST
    steps_between: int = settings.fixed(1)
    rate: float | None = settings.fixed(0.01 * 128)  # their code sums over the samples
    decay: float = settings.fixed(0.0)
    renormalise: bool = settings.fixed(False)
    noise: str = settings.fixed("uniform")
    width: float = settings.fixed(0.1 / 12**0.5)
    samples: int = settings.fixed(128)
    centred: bool = settings.fixed(False)
    bias: bool = settings.fixed(True)

    def respond(self, net: Network, layer: WeightedLayer, xi: Array) -> Array:
        z = super().respond(net, layer, xi)
        if layer is net.weighted[-1]:
            net.head.unit(z.copy(), z)  # in their code, output units are logistic
        return z
