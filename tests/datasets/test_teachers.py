"""A teacher network: its task is the documented one, and no single matrix solves it."""

import numpy as np
import pytest

from nofb import datasets
from nofb.datasets.teachers import nonlinear_teacher


def test_the_targets_are_two_tanh_layers_of_the_inputs():
    """The teacher is drawn again in the documented order, with samples as columns."""
    rng = np.random.default_rng(4)
    W = [rng.uniform(-1, 1, shape).T for shape in ((30, 20), (20, 10), (10, 10))]
    x = rng.standard_normal((50, 30)).T
    y = W[2] @ np.tanh(W[1] @ np.tanh(W[0] @ x))
    data = nonlinear_teacher(n=50, seed=4)
    np.testing.assert_allclose(np.concatenate([data.y_train, data.y_test]).T, y, rtol=1e-12)
    np.testing.assert_array_equal(np.concatenate([data.x_train, data.x_test]).T, x)


def test_a_linear_map_explains_less_than_two_thirds_of_the_targets():
    """If a linear map explained the targets, depth would have no advantage."""
    data = datasets.load("nonlinear_teacher")
    fitted = np.linalg.lstsq(data.x_train, data.y_train, rcond=None)[0]
    left = ((data.x_test @ fitted - data.y_test) ** 2).sum() / (data.y_test**2).sum()
    assert 1 / 3 < left < 1


@pytest.mark.parametrize("n", [4, 0])
def test_too_few_samples_are_refused(n):
    """Without test samples nothing can be measured."""
    with pytest.raises(ValueError, match=f"n is {n}; it must be an integer of at least 5"):
        nonlinear_teacher(n=n)
