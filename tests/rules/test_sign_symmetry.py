"""Sign-symmetry: the signs are those of the weights, the sizes are not."""

import numpy as np
import oracles
import pytest
from oracles import angle, attached, batch, dense_net, taught_trace
from rules.families import NETS, SIGN_SYMMETRY

from nofb import Network


def with_dead_weights(net: Network) -> Network:
    """Set some weights of every layer to zero, where the sign is zero too."""
    for layer in net.weighted:
        layer.W[::2, ::2] = 0
    return net


@pytest.mark.parametrize("net_name", NETS)
@pytest.mark.parametrize("name", SIGN_SYMMETRY)
def test_the_signs_of_the_feedback_follow_those_of_the_weights(name, net_name):
    """Sign-symmetry transports the signs at every step; with old signs it is another rule."""
    net = with_dead_weights(oracles.NETS[net_name]())
    rule = attached(name, net)
    x, y = batch(net)
    signs = [np.sign(layer.W) for layer in net.weighted]
    for _ in range(5):
        for layer in net.weighted[1:]:
            np.testing.assert_array_equal(np.sign(layer.B), np.sign(layer.W.T))
        oracles.learn(rule, net, x, y, steps=1, lr=1.0)
        for layer in net.weighted:
            layer.W[1::2, 1::2] *= -1
            layer.W[0, 0] = 0
        rule.after_step(net)
    assert any((np.sign(layer.W) != s).any() for layer, s in zip(net.weighted, signs, strict=True))


@pytest.mark.parametrize("name", SIGN_SYMMETRY)
def test_updates_use_the_current_signs_of_the_weights(name):
    """After a student has changed weights by hand, the old signs must not be used."""
    net = dense_net((5, 4, 3))
    rule = attached(name, net)
    x, y = batch(net)
    trace = taught_trace(net, x, y)
    before = oracles.hidden_signals(rule, net, trace)
    net.weighted[1].W *= -1
    after = oracles.hidden_signals(rule, net, trace)
    np.testing.assert_array_equal(after[0], -before[0])


@pytest.mark.parametrize(("name", "changes"), [("usf", False), ("frsf", False), ("brsf", True)])
def test_only_batchwise_magnitudes_change_from_step_to_step(name, changes):
    """The three forms differ only in this."""
    net = dense_net()
    rule = attached(name, net)
    x, y = batch(net)
    for _ in range(3):
        before = [np.abs(layer.B) for layer in net.weighted[1:]]
        oracles.learn(rule, net, x, y, steps=1)
        for layer, magnitudes in zip(net.weighted[1:], before, strict=True):
            assert (np.abs(layer.B) != magnitudes).all() == changes
            assert (np.abs(layer.B) != magnitudes).any() == changes


@pytest.mark.parametrize("scale", [1.0, 2.5])
def test_uniform_sign_symmetry_has_one_magnitude(scale):
    """It is Xavier's standard deviation, √(2 / (n_in + n_out)), times the scale."""
    net = dense_net()
    attached("usf", net, scale=scale)
    for layer in net.weighted[1:]:
        s = scale * np.sqrt(2 / (layer.n_in + layer.n_out))
        np.testing.assert_allclose(np.abs(layer.B), s, rtol=1e-12)


def wide_net() -> Network:
    return dense_net((2, 500, 400), "tanh")


@pytest.mark.parametrize("name", ["brsf", "frsf"])
def test_random_magnitudes_are_half_normal(name):
    """|s ξ| with ξ ~ N(0, 1): mean s √(2/π), mean square s²."""
    net = wide_net()
    attached(name, net, scale=3.0)
    magnitudes, s = np.abs(net.weighted[1].B), 3 * np.sqrt(2 / 900)
    assert magnitudes.mean() == pytest.approx(s * np.sqrt(2 / np.pi), rel=0.01)
    assert (magnitudes**2).mean() == pytest.approx(s**2, rel=0.02)


@pytest.mark.parametrize(
    ("name", "cosine"), [("usf", np.sqrt(2 / np.pi)), ("brsf", 2 / np.pi), ("frsf", 2 / np.pi)]
)
def test_signs_alone_bring_the_feedback_near_the_transpose_of_gaussian_weights(name, cosine):
    """37.07° for one magnitude, 50.46° for random ones: the closed forms for Gaussian weights."""
    net = wide_net()
    attached(name, net)
    layer = net.weighted[1]
    assert angle(layer.W.T, layer.B) == pytest.approx(np.degrees(np.arccos(cosine)), abs=0.5)


@pytest.mark.parametrize("name", SIGN_SYMMETRY)
def test_sign_symmetry_does_not_depend_on_the_size_of_a_weight(name):
    """Only signs may be used: weights that are 1 to 4 times as large must not change a signal."""
    net = dense_net()
    rule = attached(name, net)
    trace = taught_trace(net, *batch(net))
    before = oracles.hidden_signals(rule, net, trace)
    for layer in net.weighted:
        layer.W *= np.random.default_rng(2).uniform(1, 4, layer.W.shape)
    for one, other in zip(before, oracles.hidden_signals(rule, net, trace), strict=True):
        np.testing.assert_array_equal(one, other)


def test_fixed_random_sign_symmetry_is_feedback_alignment_while_no_sign_changes():
    """Its matrices are then as fixed as those of feedback alignment."""
    x, y = batch(dense_net())
    net, twin = dense_net(), dense_net()
    rule, fixed = attached("frsf", net), attached("fa", twin)
    for layer, other in zip(net.weighted[1:], twin.weighted[1:], strict=True):
        other.B = layer.B.copy()
    signs = [np.sign(layer.W) for layer in net.weighted]
    for each, stack in ((rule, net), (fixed, twin)):
        oracles.learn(each, stack, x, y, steps=5, lr=1e-3)
    for layer, other, sign in zip(net.weighted, twin.weighted, signs, strict=True):
        np.testing.assert_array_equal(np.sign(layer.W), sign)
        np.testing.assert_array_equal(layer.W, other.W)
