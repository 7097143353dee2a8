"""Batch and layer normalisation: over what they normalise, and what they keep of a batch."""

import numpy as np
import pytest
from layers import oracles
from layers.alone import inputs, made, run

from nofb import BatchNorm, LayerNorm

SHAPES = [(3,), (5, 3), (4, 2, 3)]


@pytest.mark.parametrize("shape", SHAPES)
def test_batch_norm_equals_the_naive_loop(shape):
    """A channel of maps is one unit: its moments are over all pixels of all samples."""
    layer, (x,) = made(BatchNorm(3), shape), inputs(7, shape)
    wanted = oracles.batch_norm(x, layer.gamma, layer.beta, layer.epsilon)
    np.testing.assert_allclose(run(layer, x, train=True).h, wanted, rtol=1e-12, atol=1e-12)
    moments = layer.running_mean, layer.running_variance
    wanted = oracles.batch_norm(x, layer.gamma, layer.beta, layer.epsilon, moments)
    np.testing.assert_allclose(run(layer, x).h, wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_layer_norm_equals_the_naive_loop(shape):
    """Each token or pixel is normalised separately, in training and in use."""
    layer, (x,) = made(LayerNorm(3), shape), inputs(7, shape)
    wanted = oracles.layer_norm(x, layer.gamma, layer.beta, layer.epsilon)
    for train in (False, True):
        np.testing.assert_allclose(run(layer, x, train=train).h, wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_running_averages_move_towards_the_batch(shape):
    """With the unbiased variance, and only in a training step."""
    layer, (x,) = made(BatchNorm(3, momentum=0.25), shape), inputs(7, shape)
    mean, variance = layer.running_mean.copy(), layer.running_variance.copy()
    layer.remember(run(layer, x, train=True))
    rows = x.reshape(-1, 3)
    np.testing.assert_allclose(layer.running_mean, 0.75 * mean + 0.25 * rows.mean(0))
    np.testing.assert_allclose(layer.running_variance, 0.75 * variance + 0.25 * rows.var(0, ddof=1))


def test_running_averages_converge_if_every_batch_is_the_same():
    """Then the forward pass in use equals the one in training."""
    layer, (x,) = made(BatchNorm(3), (4, 5, 3)), inputs(60, (4, 5, 3))
    for _ in range(300):
        layer.remember(run(layer, x, train=True))
    np.testing.assert_allclose(run(layer, x).h, run(layer, x, train=True).h, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("shape", [(3,), (1, 3), (1, 1, 3)])
def test_a_batch_with_one_value_for_each_unit_cannot_train(shape):
    """Its variance is 0, and the output would always be β."""
    layer, (x,) = made(BatchNorm(3), shape), inputs(1, shape)
    with pytest.raises(ValueError, match=r"BatchNorm\(3\) .* whose variance is 0: train with"):
        run(layer, x, train=True)
    assert np.isfinite(run(layer, x).h).all()


def test_moments_of_float32_are_summed_in_double_precision():
    """With 200,000 pixels far from zero a sum in float32 would lose the last digits of the mean."""
    x = (1000 + np.random.default_rng(0).normal(size=(200_000, 1))).astype(np.float32)
    layer = made(BatchNorm(1), (1,), dtype=np.float32)
    layer.gamma[:], layer.beta[:] = 1, 0
    h = run(layer, x, train=True).h.astype(np.float64)
    assert abs(h.mean()) < 1e-3 and abs(h.std() - 1) < 1e-3


@pytest.mark.parametrize("make", [BatchNorm, LayerNorm])
def test_units_with_equal_values_give_beta(make):
    """Nothing is divided by zero, because of ε."""
    layer = made(make(3), (3,))
    h = run(layer, np.full((4, 3), 2.5), train=True).h
    np.testing.assert_allclose(h, np.tile(layer.beta, (4, 1)), atol=1e-12)


@pytest.mark.parametrize("make", [BatchNorm, LayerNorm])
@pytest.mark.parametrize("shape", [(4,), (3, 2), (3, 3, 1), ()])
def test_another_number_of_units_is_refused(make, shape):
    """The kernel would read γ past its end."""
    with pytest.raises(ValueError, match=r"Norm\(3\) takes samples whose last axis is 3"):
        make(3).infer_shapes(shape)


@pytest.mark.parametrize("make", [BatchNorm, LayerNorm])
@pytest.mark.parametrize("name", ["gamma", "beta"])
def test_gamma_and_beta_are_checked_and_copied(make, name):
    """An array of another length would be read past its end."""
    layer, mine = made(make(3), (3,), dtype=np.float32), np.arange(3.0)
    setattr(layer, name, mine)
    mine[:] = 9
    held = getattr(layer, name)
    assert held.tolist() == [0, 1, 2] and held.dtype == np.float32
    with pytest.raises(ValueError, match=rf"{name} of .*Norm\(3\).* has shape \(4,\)"):
        setattr(layer, name, np.ones(4))
    held *= 2
    setattr(layer, name, held)
    assert getattr(layer, name) is held


def test_a_running_variance_cannot_be_negative():
    """Its square root would be NaN, far from the assignment."""
    layer = made(BatchNorm(2), (2,))
    with pytest.raises(ValueError, match=r"running_variance of .* must not be negative"):
        layer.running_variance = [1.0, -1.0]


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: BatchNorm(0), "units"),
        (lambda: BatchNorm(2.5), "units"),
        (lambda: BatchNorm(2, momentum=1.0), "momentum"),
        (lambda: BatchNorm(2, epsilon=0), "epsilon"),
        (lambda: LayerNorm(-1), "units"),
        (lambda: LayerNorm(2, epsilon=-1e-5), "epsilon"),
    ],
)
def test_an_argument_outside_its_range_is_refused_by_name(make, word):
    """With a momentum of 1 only one batch counts, and ε = 0 divides by zero."""
    with pytest.raises((TypeError, ValueError), match=f"{word} must be"):
        make()
