"""How biases are drawn: 0 by default, or by an initialiser, as in other people's code."""

import copy
import pickle

import numpy as np
import pytest

from nofb import Conv2D, Dense, Flatten, Network
from nofb.initialisers import INITIALISERS, scaled


def net(seed=0, dtype=np.float64, **options):
    layers = [Conv2D(2, 400, 3, **options), Flatten(), Dense(400, 300, **options), Dense(300, 3)]
    return Network(layers, seed=seed, dtype=dtype, input_shape=(2, 3, 3))


def test_biases_are_zero_by_default_and_weights_do_not_depend_on_them():
    """Every kept run of nofb has these weights."""
    plain, drawn = net(), net(bias_init="zeros")
    for one, other in zip(plain.weighted, drawn.weighted, strict=True):
        assert not one.b.any() and not other.b.any()
        np.testing.assert_array_equal(one.W, other.W)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_uniform_biases_have_the_bounds_of_pytorch(dtype):
    """±1/√n_in, where a convolution counts the pixels and channels of a patch."""
    for layer in net(bias_init="uniform_fan_in", dtype=dtype).weighted[:2]:
        bound = 1 / np.sqrt(layer.n_in)
        assert layer.b.dtype == dtype and layer.b.shape == (layer.n_out,)
        assert 0.97 * bound < np.abs(layer.b).max() <= bound
        assert layer.b.std() == pytest.approx(bound / np.sqrt(3), rel=0.1)
        assert abs(layer.b.mean()) < 0.15 * bound


def test_a_seed_draws_the_same_biases_and_another_one_others():
    """Runs must be repeatable, and seeds independent."""
    one, same, other = (net(seed, bias_init="lecun").weighted[1].b for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_any_initialiser_or_function_draws_biases():
    """Such as a constant of one's own; it is called as for weights."""
    for name in INITIALISERS:
        assert net(bias_init=name).weighted[0].b.shape == (400,)

    def ones(rng, n_in, n_out):
        return np.ones((n_in, n_out))

    assert (net(bias_init=ones).weighted[1].b == 1).all()
    assert (net(bias_init=scaled("zeros", 2.0)).weighted[1].b == 0).all()


def test_copies_keep_the_biases_and_a_layer_without_biases_has_none():
    """A pickled network must be the same network."""
    made = net(bias_init="he")
    for twin in (copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        np.testing.assert_array_equal(twin.weighted[0].b, made.weighted[0].b)
    assert net(bias=False, bias_init="he").weighted[0].b is None
    with pytest.raises(ValueError, match="bias_init is 'unifrom', but must be one of"):
        Dense(3, 2, bias_init="unifrom")
