"""Noise for inverses: drawn by a fast method, but with the moments of a Gaussian."""

from statistics import NormalDist

import numpy as np
import pytest

from nofb.noise import LEVELS, add_noise, quantiles

WIDTH, SAMPLES = 0.3, 1_000_000


@pytest.fixture(scope="module")
def noise():
    h = np.zeros((1000, SAMPLES // 1000))
    return add_noise(np.random.default_rng(0), WIDTH, h) / WIDTH


@pytest.mark.parametrize(("power", "moment"), [(1, 0), (2, 1), (3, 0), (4, 3)])
def test_noise_has_the_moments_of_a_gaussian(noise, power, moment):
    """With wider or skewed noise an inverse would learn from other activations."""
    spread = np.sqrt(np.mean(noise ** (2 * power)) / SAMPLES)
    assert np.mean(noise**power) == pytest.approx(moment, abs=4 * spread)


def test_the_table_of_numbers_has_the_means_of_equally_likely_intervals():
    """With equal or infinite entries the noise would not be Gaussian."""
    numbers = quantiles(np.dtype(np.float64))
    assert (np.diff(numbers) > 0).all()
    np.testing.assert_allclose(numbers, -numbers[::-1], rtol=1e-12)
    below = [NormalDist().cdf(number) for number in numbers[:: LEVELS // 64]]
    middles = (np.arange(0, LEVELS, LEVELS // 64) + 0.5) / LEVELS
    np.testing.assert_allclose(below, middles, atol=1e-5)


def test_noise_of_one_unit_is_independent_of_its_neighbours(noise):
    """Otherwise inverses would learn from the correlation, and not from their layer."""
    for first, second in ((noise[:, :-1], noise[:, 1:]), (noise[:-1], noise[1:])):
        assert np.mean(first * second) == pytest.approx(0, abs=4 / np.sqrt(SAMPLES))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_noise_is_added_to_a_copy(dtype):
    """If noise changed the activations, all rules would use the changed ones."""
    h = np.arange(7.0, dtype=dtype).reshape(7, 1)
    noisy = add_noise(np.random.default_rng(0), 0.01, h)
    assert noisy.dtype == dtype and 0 < np.abs(noisy - h).max() < 0.05
    np.testing.assert_array_equal(h, np.arange(7.0).reshape(7, 1))
    np.testing.assert_array_equal(add_noise(np.random.default_rng(0), 0.0, h), h)
