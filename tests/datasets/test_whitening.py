"""ZCA whitening: what it does to both splits, and that the test split has no say in it."""

import numpy as np
import pytest

from nofb.datasets import Dataset

rng = np.random.default_rng(0)
MIXING = np.array([[2.0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 5, 1], [0, 0, 0, 0.1]])
TRAIN = rng.normal(size=(400, 4)) @ MIXING + 3
TEST = rng.normal(size=(100, 4)) + 7


def whitened(test, epsilon):
    labels = np.arange(400) % 2
    data = Dataset(TRAIN, labels, test, labels[: len(test)], "mixed")
    return data.whitened(epsilon)


@pytest.mark.parametrize("epsilon", [1e-9, 0.5])
def test_training_samples_have_no_correlation_and_the_variance_that_epsilon_leaves(epsilon):
    """Each direction u of variance λ is left with λ / (λ + ε)."""
    white = whitened(TEST, epsilon).x_train
    np.testing.assert_allclose(white.mean(axis=0), 0, atol=1e-5)
    variances, U = np.linalg.eigh(np.cov(TRAIN.T, bias=True))
    expected = U @ np.diag(variances / (variances + epsilon)) @ U.T
    np.testing.assert_allclose(np.cov(white.T, bias=True), expected, atol=1e-4)


def test_the_test_samples_change_nothing():
    """Fitted on them, the network would have seen the test set."""
    one, other = whitened(TEST, 0.01), whitened(10 * TEST - 5, 0.01)
    np.testing.assert_array_equal(one.x_train, other.x_train)
    same = whitened(TRAIN[:100], 0.01)
    np.testing.assert_allclose(same.x_test, same.x_train[:100], atol=1e-5)
    assert one.x_test.mean() > 1  # they lie elsewhere, and stay there
