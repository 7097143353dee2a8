"""The weight mirror: what its estimates are, where it converges, and its two modes.

Every expected value is an identity, a closed form or the statistics of a sample mean; layers are
never square, so a missing transpose gives an error.
"""

import numpy as np
import oracles
import pytest
from oracles import angle, attached, dense_net, relative
from rules.learning import NETS, train

from nofb import Dense, Network, rules
from nofb.clock import Clock
from nofb.training import SGD

MIRRORS = ["wm", "wm_released"]


# -- the weight mirror: what its estimates are ----------------------------------------------------


def mirror_of(n_in: int = 9, n_out: int = 6, activation: str | None = None, **attributes):
    """Return a mirror, a random network, and its middle layer, which starts with B = 0.

    The weights of this layer are N(0, 1 / n_in). No mirror step was taken; η_B = 1, λ = 0.
    """
    layers = [Dense(3, n_in, "tanh"), Dense(n_in, n_out, activation, init="lecun"), Dense(n_out, 2)]
    net = oracles.roughened(Network(layers, dtype=np.float64))
    rule = rules.make("wm", **{"rate": 1.0, "decay": 0.0, "steps_before": 0} | attributes)
    rule.attach(net, seed=3)
    net.weighted[1].B[:] = 0
    return rule, net, net.weighted[1]


def mirrored(*sizes: int, steps: int = 1, **attributes):
    """Return such a layer after some mirror steps."""
    rule, net, layer = mirror_of(*sizes, **attributes)
    rule.mirror(net, steps)
    return layer


@pytest.mark.parametrize("noise", ["gaussian", "uniform"])
@pytest.mark.parametrize("centred", [True, False])
def test_the_mean_change_of_a_linear_layer_is_the_variance_times_the_transpose(noise, centred):
    """The basic idea: responses to noise, times the noise, are σ²Wᵀ on average."""
    layer = mirrored(width=0.5, noise=noise, centred=centred, samples=200_000)
    assert relative(layer.B, 0.25 * layer.W.T) < 0.02


@pytest.mark.parametrize("activation", ["tanh", "logistic"])
def test_the_mean_change_of_a_smooth_layer_is_weighted_by_the_derivatives_at_its_biases(activation):
    """E[ξ f(ξW + b)] = σ² Wᵀ diag f'(b) for small σ: units with a large f' get a larger row."""
    layer = mirrored(activation=activation, width=0.05, samples=200_000, bias=True)
    slope = oracles.ACTIVATIONS[activation][1](layer.b)[:, None]
    assert relative(layer.B, 0.05**2 * slope * layer.W.T) < 0.02


@pytest.mark.parametrize("activation", ["tanh", "logistic", "relu", "leaky_relu"])
@pytest.mark.parametrize("width", [0.2, 3.0])
def test_gaussian_noise_of_any_width_finds_the_direction_of_every_units_weights(activation, width):
    """Stein's lemma: E[ξ f(ξw)] = σ² E[f'] w, unit by unit, for any f."""
    layer = mirrored(activation=activation, width=width, samples=200_000)
    for row, weights in zip(layer.B, layer.W.T, strict=True):
        assert angle(row, weights) < 3


def test_scaling_the_noise_scales_the_mean_change_by_its_square():
    """Only η_B σ² matters, so a rate has no meaning without the width of the noise."""
    once, twice = (
        mirrored(width=width, samples=1000).B for width in (0.1, 0.2)
    )  # the same random numbers, and a linear layer
    np.testing.assert_allclose(twice, 4 * once, rtol=1e-9)


@pytest.mark.parametrize("samples", [2, 5])
def test_centring_leaves_the_mean_change_unbiased_for_any_number_of_samples(samples):
    """Without the correction, the estimate of the covariance is too small by 1 / M."""
    layer = mirrored(width=1.0, samples=samples, steps=10_000, rate=1 / 10_000)
    assert relative(layer.B, layer.W.T) < 0.1


def typical_error(samples: int, activation: str | None = None, **attributes) -> float:
    """Return the root mean square of the relative error of one estimate of Wᵀ, up to its length."""
    errors = []
    rule, net, layer = mirror_of(40, 30, activation, samples=samples, width=0.1, **attributes)
    for _ in range(10):
        layer.B[:] = 0
        rule.mirror(net)
        length = (layer.B * layer.W.T).sum() / (layer.W**2).sum()
        errors.append(relative(layer.B / length, layer.W.T))
    return float(np.sqrt(np.mean(np.square(errors))))


@pytest.mark.parametrize("samples", [100, 10_000])
def test_the_error_of_an_estimate_follows_its_theory_and_falls_as_one_over_root_m(samples):
    """Each entry has variance (‖w_j‖² + W_ij²) / M: √((n + 1) / M) of ‖W‖ in all."""
    assert typical_error(samples) == pytest.approx(np.sqrt(41 / samples), rel=0.1)


def test_responses_that_are_not_centred_give_an_estimate_that_is_mostly_noise():
    """A logistic unit responds with ½ to zero input: z̄ξ has mean 0, but its noise is large."""
    centred = typical_error(10_000, "logistic")
    raw = typical_error(10_000, "logistic", centred=False)
    assert centred == pytest.approx(np.sqrt(41 / 10_000), rel=0.1)
    # z² is ¼ instead of f'² σ² ‖w‖² = σ² / 16, with σ = 0.1
    assert raw == pytest.approx(20 * centred, rel=0.15)


def test_noise_that_has_passed_a_layer_gives_another_matrix_in_the_next():
    """With one noise vector for the whole net, the next layer learns Cov(h) W instead of W."""
    rule, net, below = mirror_of(samples=50_000, rate=None, decay=0.999)
    rule.mirror(net)
    above = net.weighted[2]
    h = np.random.default_rng(0).normal(size=(50_000, below.n_in)) @ below.W
    shared = (h @ above.W).T @ h / len(h)
    assert relative(shared, (below.W.T @ below.W @ above.W).T) < 0.02
    assert angle(above.B, above.W.T) < 3 < 20 < angle(shared, above.W.T)


def test_every_layer_and_every_step_gets_new_noise():
    """The same noise for several layers or steps would be one sample that counts many times."""
    net = dense_net((5, 6, 6, 6, 3))
    rule = attached("wm", net, steps_before=0, samples=500)
    heard = []
    for _ in range(3):
        rule.mirror(net)
        heard += [layer.rule_state.xi.ravel().copy() for layer in net.weighted[1:]]
    correlations = np.corrcoef(heard) - np.eye(9)
    assert np.abs(correlations).max() < 5 / np.sqrt(3000)
    for xi in heard:
        assert xi.mean() == pytest.approx(0, abs=0.01)
        assert xi.std() == pytest.approx(0.1, rel=0.05)


@pytest.mark.parametrize("bias", [True, False])
def test_a_relu_unit_with_a_negative_bias_hardly_responds_if_biases_are_added(bias):
    """Its row of B then shrinks, and so does its signal; without biases it responds to half."""
    rule, net, layer = mirror_of(activation="relu", width=0.1, samples=10_000, bias=bias)
    layer.b[0] = -1.0  # ten times as far below zero as the noise reaches
    rule.mirror(net)
    if bias:
        assert not layer.B[0].any()
    else:
        assert relative(layer.B[0] / 0.01, layer.W.T[0] / 2) < 0.1


# -- the weight mirror: where it converges --------------------------------------------------------


@pytest.mark.parametrize("rate", [3.0, None])
def test_with_decay_the_feedback_converges_to_a_multiple_of_the_transpose(rate):
    """(η_B σ² / λ) Wᵀ: λ determines the length. The default rate gives exactly Wᵀ."""
    rule, net, layer = mirror_of(rate=rate, decay=0.05, width=0.2, samples=1000)
    layer.B[:] = 10.0
    rule.mirror(net, 300)
    mean = np.zeros_like(layer.B)
    for _ in range(400):
        rule.mirror(net)
        mean += layer.B / 400
    multiple = 1 if rate is None else 3 * 0.04 / 0.05
    assert relative(mean, multiple * layer.W.T) < 0.02


@pytest.mark.parametrize(("decay", "samples"), [(0.05, 5), (0.2, 100)])
@pytest.mark.parametrize(("activation", "factor"), [(None, 1), ("relu", 2 - 2 / np.pi)])
def test_the_remaining_angle_is_that_of_the_formula_in_the_header(
    activation, factor, decay, samples
):
    """tan² = F (n + 1) λ / ((2 - λ)(M - 1)): more mirror steps cannot make it smaller."""
    rule, net, layer = mirror_of(60, 50, activation, decay=decay, rate=None, samples=samples)
    rule.mirror(net, round(10 / decay))
    squares = []
    for _ in range(60):
        rule.mirror(net, round(1 / decay))
        squares.append(np.tan(np.radians(angle(layer.B, layer.W.T))) ** 2)
    predicted = factor * 61 * decay / ((2 - decay) * (samples - 1))
    assert np.mean(squares) == pytest.approx(predicted, rel=0.07)


@pytest.mark.parametrize(("share", "samples"), [(0.05, 5), (0.3, 100)])
def test_the_remaining_angle_of_renormalised_feedback_is_that_of_the_header(share, samples):
    """Its decay is λ = κ / (κ + cos θ): the more noise a step adds, the more B is shortened."""
    attributes = {"rate": share / 0.01, "renormalise": True, "samples": samples}
    rule, net, layer = mirror_of(60, 50, **attributes)
    layer.B[:] = 2 * layer.W.T
    squares = []
    for _ in range(round(100 / share)):
        rule.mirror(net)
        squares.append(np.tan(np.radians(angle(layer.B, layer.W.T))) ** 2)
    tan2, kappa = np.mean(squares[len(squares) // 4 :]), share / 2  # ‖W‖ / ‖B‖ is a half
    decay = kappa / (kappa + 1 / np.sqrt(1 + tan2))
    predicted = 61 * decay / ((2 - decay) * (samples - 1))
    assert tan2 == pytest.approx(predicted, rel=0.07)


def test_renormalised_feedback_keeps_its_length_and_finds_the_direction():
    """The other form: what noise adds along Wᵀ stays, and everything else decays."""
    net = dense_net()
    rule = attached("wm", net, rate=2.0, decay=0.0, renormalise=True, steps_before=0)
    lengths = [np.linalg.norm(layer.B) for layer in net.weighted[1:]]
    for _ in range(1500):
        rule.after_step(net)
    for layer, length in zip(net.weighted[1:], lengths, strict=True):
        assert np.linalg.norm(layer.B) == pytest.approx(length)
        assert angle(layer.B, layer.W.T) < 6


@pytest.mark.parametrize("net_name", NETS)
def test_every_layer_of_a_network_is_mirrored_including_convolutions(net_name):
    """For one patch a convolution is a dense layer."""
    net = oracles.NETS[net_name]()
    attached("wm", net, steps_before=300, samples=1000)
    assert net.weighted[0].B is None
    for layer in net.weighted[1:]:
        assert layer.B.shape == layer.W.T.shape
        assert relative(layer.B, layer.W.T) < 0.05


# -- two modes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("net_name", NETS)
@pytest.mark.parametrize("name", MIRRORS)
def test_mirror_mode_changes_only_the_feedback(name, net_name):
    """If a mirror changed W, the network would learn noise."""
    net = oracles.NETS[net_name]()
    rule = attached(name, net)
    before = oracles.arrays_of(net)
    rule.mirror(net, steps=3)
    after = oracles.arrays_of(net)
    moved = {key.split()[0] for key in before if (before[key] != after[key]).any()}
    assert moved == {"B", "xi", "z", "dB"}


@pytest.mark.parametrize("net_name", NETS)
@pytest.mark.parametrize("name", MIRRORS)
def test_engaged_mode_changes_only_the_weights(name, net_name):
    """While the network learns from data, its feedback does not change."""
    net = oracles.NETS[net_name]()
    rule = attached(name, net, **({"steps_between": 0} if name == "wm" else {}))
    rule.steps_between = 0
    before = oracles.arrays_of(net)
    train(net, rule, SGD(lr=0.1, momentum=0.9))
    after = oracles.arrays_of(net)
    moved = {key.split()[0] for key in before if (before[key] != after[key]).any()}
    assert moved == {"W", "b"}


def test_the_modes_alternate_as_often_as_requested():
    """Ten mirror steps before training and two after each engaged step, as given."""
    net = dense_net()
    rule = rules.make("wm", steps_before=10, steps_between=2)
    taken = []
    rule.mirror = lambda net, steps=1: taken.append(steps)
    rule.attach(net)
    train(net, rule, SGD(lr=0.1), epochs=1)
    assert taken == [10, 2, 2, 2]


def test_the_mirror_follows_the_schedule_of_the_learning_rate():
    """While W changes more slowly B may average for longer: so its noise becomes smaller."""
    once = mirrored(samples=1000).B
    rule, net, layer = mirror_of(samples=1000)
    rule.clock = Clock(factor=0.25)
    rule.mirror(net)
    np.testing.assert_allclose(layer.B, 0.25 * once, rtol=1e-12)


@pytest.mark.parametrize("name", ["wm", "ia"])
def test_the_decay_of_a_mirror_follows_the_schedule_of_the_learning_rate(name):
    """With a falling rate, a constant decay would shrink B to nothing while it hardly learns."""
    net = dense_net()
    rule = attached(name, net, decay=0.4, width=0.5, steps_before=0)
    rule.clock = Clock(factor=0.25)
    start = [layer.B.copy() for layer in net.weighted[1:]]
    rule.mirror(net)
    for layer, B in zip(net.weighted[1:], start, strict=True):
        expected = (1 - 0.25 * 0.4) * B + 0.25 * (0.4 / 0.5**2) * layer.rule_state.dB
        np.testing.assert_allclose(layer.B, expected, rtol=1e-12)


def test_in_a_run_the_decay_of_a_mirror_follows_the_schedule_of_the_optimizer():
    """The rule gets the learning-rate factor at every step."""
    net = dense_net()
    rule = attached("wm", net, rate=1e-12, decay=0.1, steps_before=0)
    start = [layer.B.copy() for layer in net.weighted[1:]]
    train(net, rule, SGD(lr=0.1, schedule="cosine"), epochs=4)
    shares = [(1 + np.cos(np.pi * step / 12)) / 2 for step in range(12)]
    factor = np.prod([1 - 0.1 * share for share in shares])
    for layer, B in zip(net.weighted[1:], start, strict=True):
        np.testing.assert_allclose(layer.B, factor * B, rtol=1e-9)


def test_the_noise_of_the_released_mirror_is_uniform_from_minus_to_plus_a_twentieth():
    """The released code has `rand - 0.5`, times 0.1; another width would be another rate."""
    net = dense_net((40, 50, 60, 3))
    attached("wm_released", net, steps_before=1)
    for layer in net.weighted[1:]:
        xi = layer.rule_state.xi
        assert xi.shape == (128, layer.n_in)
        assert xi.min() == pytest.approx(-0.05, abs=1e-4) and abs(xi).max() <= 0.05
        assert xi.max() == pytest.approx(0.05, abs=1e-4)
    rule = rules.make("wm_released")
    assert rule.mirror_rate == 0.01 * 128 and rule.decay == 0


@pytest.mark.parametrize("loss", ["binary_cross_entropy", "squared_error"])
def test_the_released_mirror_adds_the_sum_of_raw_products_without_decay(loss):
    """0.01 Σ ξ zᵀ over 128 draws of 0.1 (U - ½), with biases and all output units."""
    net = dense_net(activation="logistic", loss=loss)
    rule = attached("wm_released", net, steps_before=0)
    before = [layer.B.copy() for layer in net.weighted[1:]]
    rule.after_step(net)
    for layer, B in zip(net.weighted[1:], before, strict=True):
        xi = layer.rule_state.xi
        assert xi.shape == (128, layer.n_in)
        assert np.abs(xi).max() < 0.05 < 1.1 * np.abs(xi).max()
        unit = oracles.ACTIVATIONS["logistic"][0]
        if layer is net.weighted[-1]:
            unit = oracles.OUTPUT_UNITS[loss]
        answer = unit((xi @ layer.W + layer.b).T)  # (n_out, 128)
        np.testing.assert_allclose(layer.B - B, 0.01 * answer @ xi, rtol=1e-9, atol=1e-14)


# -- mistakes of a student ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "attributes", "sentence"),
    [
        ("kp", {"decay": 1.0}, "decay must be finite and at least 0 and less than 1, but is 1.0"),
        ("kp", {"decay": -0.1}, "decay must be finite and at least 0"),
        ("kp_released", {"decay": 0.1}, "'kp_released' has no attribute 'decay'; it has: feedback"),
        ("wm", {"decay": 0}, "rate must be given where decay is 0"),
        ("wm", {"rate": 0}, "rate must be finite and greater than 0"),
        ("wm", {"width": -1}, "width must be finite and greater than 0"),
        ("wm", {"noise": "normal"}, "noise is 'normal', but must be one of: gaussian, uniform"),
        ("wm", {"samples": 1}, "samples must be at least 2"),
        ("wm", {"steps_before": -1}, "steps_before must be at least 0"),
        ("wm", {"steps_between": -1}, "steps_between must be at least 0"),
        ("wm", {"feedback_init": "zero"}, "feedback_init is 'zero'"),
    ],
)
def test_a_wrong_attribute_is_named(name, attributes, sentence):
    """One sentence must name it, and what is allowed."""
    with pytest.raises(ValueError, match=sentence):
        rules.make(name, **attributes)


def test_a_single_raw_sample_is_enough_to_mirror():
    """Only centring needs a second sample for the mean."""
    layer = mirrored(samples=1, centred=False)
    assert np.linalg.matrix_rank(layer.B) == 1
