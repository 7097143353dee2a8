"""The band of chance: the angle of random feedback must be inside as often as the band states."""

import numpy as np
import pytest

import nofb
from nofb import Conv2D, Dense, Flatten, MaxPool2D, Network, rules
from nofb.diagnosis import ProbeBatch, angles
from nofb.diagnosis.chance import chance_band, error_directions, network_band, signal_units
from nofb.losses import LOSSES

RNG = np.random.default_rng(0)


def fraction_inside(values, band):
    low, high = band
    return np.mean((values >= low) & (values <= high))


def softmax_errors(samples, outputs):
    """The errors of a network that gives every class the same probability."""
    return 1 / outputs - np.eye(outputs)[np.arange(samples) % outputs]


def simulated(errors, units, draws=2000):
    """Return the mean angle over samples between e B and e Wᵀ, for so many random B and W."""
    shape = (draws, errors.shape[1], units)
    B, W = RNG.normal(size=shape), RNG.normal(size=shape)
    signals, true = (np.einsum("nk,dku->dnu", errors, matrix) for matrix in (B, W))
    each = [angles(u, v).mean() for u, v in zip(signals, true, strict=True)]
    return np.array(each)


@pytest.mark.parametrize("units", [2, 3, 5, 9, 30, 200])
def test_a_single_random_direction_is_in_the_band_as_often_as_stated(units):
    """With 2 units 1.96 · 57.3° / √2 would hold 88 %: chance would be taken for alignment."""
    u, v = RNG.normal(size=(2, 8000, units))
    assert fraction_inside(angles(u, v), chance_band(units)) == pytest.approx(0.95, abs=0.01)


@pytest.mark.parametrize(("units", "samples", "outputs"), [
    (2, 100, 10), (3, 100, 3), (5, 100, 10), (8, 9, 10), (8, 4, 10), (20, 100, 2), (128, 100, 10),
])  # fmt: skip
def test_the_mean_over_samples_varies_as_much_as_the_directions_of_the_errors_allow(
    units, samples, outputs
):
    """r = min(samples, outputs - 1): 57.3° / √n would hide 82° at 128 units inside the band."""
    draws = simulated(softmax_errors(samples, outputs), units)
    band = chance_band(units, min(samples, outputs - 1))
    assert fraction_inside(draws, band) == pytest.approx(0.95, abs=0.02)


def test_the_old_width_was_three_times_too_large_for_ten_classes():
    """For 128 units and r = 9 the band is 90° ± 1.96 · 57.3° / √(128 · 9), and 82° is outside."""
    low, high = chance_band(128, 9)
    assert high - 90 == pytest.approx(1.96 * 57.2958 / np.sqrt(128 * 9), rel=0.01)
    assert 90 - low == pytest.approx(high - 90)
    assert chance_band(128)[0] < 82 < low


def test_in_the_plane_every_angle_is_equally_likely():
    """In closed form: with two units the band is 95 % of 180°; with three, cos is uniform."""
    np.testing.assert_allclose(chance_band(2), (0.025 * 180, 0.975 * 180))
    np.testing.assert_allclose(np.cos(np.radians(chance_band(3))), (0.95, -0.95))
    assert chance_band(1) == (0.0, 180.0)


def test_softmax_errors_span_one_direction_less_than_there_are_classes():
    """They sum to zero; with two classes all signals have one direction, up to their sign."""
    for outputs in (2, 5, 10):
        directions = error_directions(LOSSES["cross_entropy"], outputs, samples=10 * outputs)
        assert directions == pytest.approx(outputs - 1, rel=1e-4)
    assert error_directions(LOSSES["cross_entropy"], 10, samples=1) == pytest.approx(1)
    assert error_directions(LOSSES["squared_error"], 7, samples=70) == pytest.approx(7, rel=1e-4)


def test_logistic_errors_have_a_common_direction_at_first():
    """e = ½ - y: cos is (K - 4) / K between classes, so 1/r = 1/K + (1 - 1/K) ((K - 4) / K)²."""
    expected = 1 / (0.1 + 0.9 * 0.6**2)
    found = error_directions(LOSSES["binary_cross_entropy"], 10)
    assert found == pytest.approx(expected, rel=1e-4)


def test_more_directions_never_widen_a_band():
    """More independent samples must give a narrower band."""
    for units in (1, 2, 7, 50):
        halves = [90 - chance_band(units, r)[0] for r in (1, 1.5, 2, 5, 9, 99)]
        assert halves == sorted(halves, reverse=True)
    for bad in (0, 0.5, np.nan):
        with pytest.raises(ValueError, match="directions must be"):
            chance_band(5, bad)
    with pytest.raises(ValueError, match="units must be at least 1"):
        chance_band(0)


def spread_of_random_feedback(net, layer, data, rule, draws=250):
    """Return the angles of a hidden layer's signal for many draws of the feedback path."""
    x, y = net.as_input(data.x_test[:100]), net.as_target(data.y_test[:100], 100)
    probe, found = ProbeBatch(net, x, y), []
    for seed in range(draws):
        rule.attach(net, seed=seed + 1)
        found.append(probe.measure(rule)["delta_angle_end_to_end"][layer])
    return np.array(found)


@pytest.mark.parametrize("loss", list(LOSSES))
def test_the_band_of_a_network_holds_the_angles_of_random_feedback_on_digits(loss):
    """Real errors are less even than in theory: 90 % are inside; 57.3° / √n would hold all."""
    data = nofb.datasets.load("digits").centred().flat()
    net = Network([Dense(64, 60, "tanh"), Dense(60, 10)], loss, seed=0)
    for layer in net.weighted:
        layer.W *= 0.2  # an untrained network: its outputs do not depend on the sample
    found = spread_of_random_feedback(net, 0, data, rules.FeedbackAlignment())
    assert 0.88 < fraction_inside(found, network_band(net, 0)) < 0.99
    assert fraction_inside(found, chance_band(60)) > 0.99


@pytest.mark.parametrize("pooled", [False, True])
@pytest.mark.parametrize("name", ["fa", "dfa"])
def test_a_convolution_counts_the_units_of_its_maps_and_not_its_channels(name, pooled):
    """Four channels would make a band of ± 50° around a spread of 2°."""
    pooling = [MaxPool2D(2)] if pooled else []
    side = 3 if pooled else 6
    layers = [Conv2D(1, 4, 3, activation="tanh"), *pooling, Flatten(), Dense(4 * side**2, 10)]
    net = Network(layers, seed=0, input_shape=(1, 8, 8))
    assert signal_units(net, net.weighted[0]) == 4 * side**2
    data = nofb.datasets.load("digits").centred().as_images()
    found = spread_of_random_feedback(net, 0, data, rules.make(name))
    low, high = network_band(net, 0)
    assert 0.85 < fraction_inside(found, (low, high)) < 0.995
    assert high - low < 15 < chance_band(4)[1] - chance_band(4)[0]
