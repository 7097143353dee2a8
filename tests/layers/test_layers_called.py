"""A dense layer as a function: f(x W + b) of any rows, and products with its Jacobian."""

import numpy as np
import oracles
import pytest
from oracles import batch, dense_net, layer_of

from nofb import Dense, Network
from nofb.activations import ACTIVATIONS
from nofb.layers import Chain, Inverse

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_layer_that_is_called_gives_what_its_forward_pass_gave(activation, dtype):
    """To the last bit: a target equal to the output must change nothing."""
    net = dense_net((5, 4, 6, 3), activation, dtype=dtype)
    trace = net.forward(batch(net)[0])
    for layer in net.weighted:
        record = trace[layer]
        last = layer is net.weighted[-1]
        np.testing.assert_array_equal(layer(record.h_below), record.a if last else record.h)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("rows", [0, 1, 3, 50])
def test_a_layer_accepts_any_number_of_rows_and_keeps_nothing(rows, bias):
    """f(x W + b), in new memory, independent of the last batch of the network."""
    net = dense_net((5, 4, 3), bias=bias)
    net.forward(batch(net)[0])
    layer, x = net.weighted[0], RNG.normal(size=(rows, 5))
    kept = x.copy()
    h = layer(x)
    np.testing.assert_allclose(h, np.tanh(x @ layer.W + (layer.b if bias else 0)), atol=1e-14)
    h[:] = 7
    np.testing.assert_array_equal(x, kept)
    assert h.shape == (rows, 4) and h is not layer(x)


def test_rows_of_another_type_or_memory_layout_are_accepted():
    """A user of a notebook has float64 rows and transposed views."""
    layer, x = Network([Dense(4, 3, "tanh"), Dense(3, 2)]).weighted[0], RNG.normal(size=(4, 6))
    expected = np.tanh(x.T @ layer.W)
    assert layer(x.T).dtype == np.float32
    np.testing.assert_allclose(layer(x.T), expected, rtol=1e-5)
    np.testing.assert_allclose(layer(np.ascontiguousarray(x.T)), expected, rtol=1e-5)
    np.testing.assert_allclose(layer(x.astype(np.float32).T[::2]), expected[::2], rtol=1e-5)


@pytest.mark.parametrize(
    ("x", "error", "sentence"),
    [
        (np.ones((2, 5)), ValueError, r"x for Dense\(4, 3.* has shape \(2, 5\), but needs \(N, 4"),
        (np.ones(4), ValueError, r"has shape \(4,\), but needs \(N, 4\)"),
        (np.ones((2, 4), int), TypeError, "must be an array of floating-point numbers, but is int"),
        ([[1.0, 2.0, 3.0, 4.0]], TypeError, "must be an array of .* but is list: give np.asarray"),
    ],
)
def test_a_wrong_input_of_a_layer_is_refused_in_a_sentence(x, error, sentence):
    """Numba's own error fills a screen."""
    layer = Network([Dense(4, 3), Dense(3, 2)]).weighted[0]
    with pytest.raises(error, match=sentence):
        layer(x)


def test_a_layer_without_weights_says_that_a_network_draws_them():
    """A single layer has sizes, but only a network draws its weights."""
    with pytest.raises(ValueError, match="has no weights yet: a Network of it draws them"):
        Dense(4, 3)(np.ones((2, 4)))


# -- Jacobians -----------------------------------------------------------------------------------


def measured(f, x):
    """Return ∂f / ∂x at one point (n_from, n_to), by finite differences."""
    shifts = 1e-6 * np.eye(x.size)
    return np.array([(f(x + s)[0] - f(x - s)[0]) / 2e-6 for s in shifts])


def maps(activation):
    """Return a dense layer, an inverse and two chains, all from five units to three."""
    W, b, s = RNG.normal(size=(5, 3)), RNG.normal(size=3), ACTIVATIONS[activation]
    first = Inverse(W, before=Chain(s))
    first.c = b
    square = layer_of(RNG.normal(size=(3, 3)), b, "tanh")
    return {
        "layer": layer_of(W, b, activation),
        "inverse": first,
        "activation, layer": Chain(s, layer_of(W, b)),
        "layer, activation, layer": Chain(layer_of(W, b), s, square),
    }


@pytest.mark.parametrize("kind", maps("tanh"))
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_products_with_a_jacobian_equal_those_with_finite_differences(activation, kind):
    """v J is the change of the output for a change v of the input; v Jᵀ is the gradient."""
    f, x = maps(activation)[kind], RNG.normal(size=(4, 5))
    forth, back = RNG.normal(size=(4, 5)), RNG.normal(size=(4, 3))
    y, kept = f(x), back.copy()
    for n in range(4):
        J = measured(f, x[n : n + 1])
        found = f.times_jacobian(forth, x, y), f.times_jacobian_transposed(back, x, y)
        np.testing.assert_allclose(found[0][n], forth[n] @ J, rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(found[1][n], back[n] @ J.T, rtol=1e-6, atol=1e-8)
    np.testing.assert_array_equal(back, kept)


def test_a_chain_without_parts_is_the_identity():
    """Most inverses have no layer in front of their matrix."""
    x, v = RNG.normal(size=(4, 5)), RNG.normal(size=(4, 5))
    assert Chain()(x) is x
    assert Chain().times_jacobian(v, x, x) is v


def test_an_inverse_is_a_dense_layer_whose_matrix_is_the_layers_own():
    """One array with two names: the rule trains the array that is measured and drawn."""
    net = dense_net()
    oracles.attached("tp", net)
    layer = net.weighted[1]
    inverse = layer.inverse
    assert isinstance(inverse, Dense)
    assert inverse.W is layer.B is inverse.B and inverse.c is inverse.b
    inverse.W = np.full((6, 4), 0.25)
    assert (layer.B == 0.25).all() and inverse.W is layer.B
    z = RNG.normal(size=(2, 6))
    np.testing.assert_allclose(inverse(z), np.tanh(z @ layer.B), atol=1e-14)
