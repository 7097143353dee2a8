"""Ties, short memories, wide maps and batches in pieces: cases where two readings differ."""

import numpy as np
import oracles
import pytest
from oracles import batch, dense_net

from nofb import Dense, MaxPool2D, Network, rules
from nofb.diagnosis import ProbeBatch, View, angle, angles, norm_ratio
from nofb.diagnosis.measures import DEFAULT
from nofb.kernels import pooling
from nofb.optimizers import Adam, RMSprop
from nofb.rules.gauss_newton_targets import gauss_newton

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("beta", [0.1, 0.3, 0.45])
def test_adam_with_a_short_memory_takes_full_steps_along_a_constant_gradient(beta):
    """The corrected averages of equal gradients are g and g² for every memory."""
    W, g = np.zeros((2, 1)), np.array([[3.0], [-0.5]])
    optimizer = Adam(lr=0.1, beta1=beta, beta2=beta / 2, epsilon=1e-300)
    for steps in (1, 2, 3):
        optimizer.step("W", W, g)
        np.testing.assert_allclose(W, -0.1 * steps * np.sign(g), rtol=1e-12)


@pytest.mark.parametrize("rho", [0.0, 0.1, 0.3, 0.45])
def test_rmsprop_with_a_short_memory_estimates_a_constant_gradient(rho):
    """After t steps the average of squares is (1 - ρᵗ) g², of which a step takes the root."""
    W, g = np.zeros((2, 1)), np.array([[3.0], [-0.5]])
    optimizer = RMSprop(lr=0.1, rho=rho, epsilon=1e-300)
    total = 0.0
    for t in (1, 2, 3):
        optimizer.step("W", W, g)
        total += 1 / np.sqrt(1 - rho**t)
        np.testing.assert_allclose(W, -0.1 * total * np.sign(g), rtol=1e-12)


def test_a_tie_in_a_pooling_window_goes_to_its_first_pixel():
    """Dead units are all 0: a signal to the last of them would change other weights."""
    maps = np.zeros((1, 2, 3, 1))
    pooled, winners = np.empty((1, 1, 1, 1)), np.empty((1, 1, 1, 1), np.int32)
    for values, first in (
        ([0, 0, 0, 0, 0, 0], 0),
        ([1, 2, 2, 0, 2, 2], 1),
        ([0, 0, 0, 0, 5, 5], 4),
    ):
        maps[0, :, :, 0] = np.reshape(values, (2, 3))
        pooling.max_pool(maps, (2, 3), (2, 3), pooled, winners)
        assert winners.item() == first and pooled.item() == max(values)


@pytest.mark.parametrize("shape", [(2, 7), (7, 2), (3, 4), (4, 3)])
def test_a_signal_is_relayed_through_pooled_maps_of_any_shape(shape):
    """In maps wider than they are high, the last columns would keep their old values."""
    pool = MaxPool2D(1, stride=1)  # every pixel is a maximum, so pooling changes nothing
    net = oracles.image_net([pool], (2, *shape))
    trace = net.forward(batch(net, 3)[0])
    signal = RNG.normal(size=(3, *shape, 2))
    np.testing.assert_array_equal(pool.relay(trace[pool], signal), signal)
    np.testing.assert_array_equal(pool.back(trace[pool], signal), signal)


@pytest.mark.parametrize("shape", [(4, 7), (2, 2), (3, 3)])
def test_only_an_array_that_fits_after_transposing_is_called_transposed(shape):
    """The cure would be wrong for an array of a wrong size."""
    layer = dense_net((5, 4, 6, 3)).weighted[1]
    with pytest.raises(ValueError, match="transposed"):
        layer.W = np.ones((6, 4))
    with pytest.raises(ValueError, match="needs") as refused:
        layer.W = np.ones(shape)
    assert "transposed" not in str(refused.value)


def test_opposite_directions_have_180_degrees_in_spite_of_rounding():
    """The angle of a cosine that rounds to slightly less than -1 is NaN unless it is clipped."""
    u = RNG.normal(size=(500, 7)).astype(np.float32)
    np.testing.assert_allclose(angles(u, -3 * u), 180, atol=1e-3)
    np.testing.assert_allclose(angles(u, 3 * u), 0, atol=0.1)
    assert angle(np.full(3, 0.1), np.full(3, -0.1)) == pytest.approx(180, abs=1e-4)


def test_a_ratio_to_an_array_of_zeros_is_not_a_number():
    """Infinity would be drawn, and the mean over layers would be infinite."""
    assert np.isnan(norm_ratio(np.ones(3), np.zeros(3)))
    assert np.isnan(norm_ratio(np.zeros(3), np.zeros(3)))
    assert norm_ratio(np.zeros(3), np.full(3, 1e-9)) == 0
    assert norm_ratio(np.full(3, 1e-3), np.full(3, 1e-4)) == pytest.approx(10)


def test_a_probe_measures_as_many_samples_at_once_as_memory_allows(monkeypatch):
    """A probe of 10,000 images would take gigabytes; the fractions of its pieces make one mean."""
    net, rule = dense_net(), rules.make("fa")
    rule.attach(net)
    x, y = batch(net, 50)
    probe = ProbeBatch(net, net.as_input(x), net.as_target(y, 50), DEFAULT)
    units = 4 + 6 + 3
    for at_once, expected in (
        (20 * units, [20, 20, 10]), (21 * units - 1, [20, 20, 10]), (units, [16, 16, 16, 2]),
        (50 * units, [50]), (10**9, [50]),
    ):  # fmt: skip
        monkeypatch.setattr("nofb.diagnosis.probe_batch.AT_ONCE", at_once)
        views = [(view.trace.samples, view.fraction) for view in probe._views(rule)]
        assert views == [(samples, samples / 50) for samples in expected]


def test_relu_sends_nothing_back_at_zero():
    """At the kink both derivatives are valid; the released codes use 0, so dead units stay dead."""
    net = Network([Dense(2, 3, "relu"), Dense(3, 2)], dtype=np.float64)
    first = net.weighted[0]
    first.W, first.b = np.zeros((2, 3)), np.zeros(3)
    rule = rules.make("bp")
    rule.attach(net)
    update = rule.updates(net, np.ones((4, 2)), np.array([0, 1, 1, 0]))[0]
    assert not update.dW.any() and not update.db.any()


@pytest.mark.parametrize("where", ["J", "e", "both"])
def test_a_sample_that_is_not_finite_has_no_gauss_newton_step_and_changes_no_other(where):
    """A run that diverges must end with a sentence that says where, not with an error of LAPACK."""
    J, e = RNG.normal(size=(3, 2, 4)), RNG.normal(size=(3, 2))
    expected = gauss_newton(J, e, 0.5)
    if where != "e":
        J[1, 0, 2] = np.inf
    if where != "J":
        e[1, 1] = np.nan
    found = gauss_newton(J, e, 0.5)
    assert np.isnan(found[1]).all()
    np.testing.assert_array_equal(found[[0, 2]], expected[[0, 2]])


@pytest.mark.parametrize("step_size", [0.1, 0.5])
def test_the_change_that_a_target_requests_at_the_output_is_along_the_negative_error(step_size):
    """t_L = a_L - η̂ e, so the change is -η̂ e: it is the reference for all changes below."""
    net = dense_net()
    rule = oracles.attached("tp", net, step_size=step_size)
    trace = oracles.taught_trace(net, *batch(net))
    changes = View(rule, trace).target_changes
    np.testing.assert_allclose(changes[net.weighted[-1]], -step_size * trace.error, atol=1e-12)
