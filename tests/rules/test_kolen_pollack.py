"""Kolen-Pollack: W and B become transposes of each other, for any data.

Layers are never square, so a missing transpose gives an error.
"""

import numpy as np
import oracles
import pytest
from oracles import attached, batch, dense_net, relative
from rules.learning import NETS, train

import nofb
from nofb import AdamW, Network, RMSprop, rules
from nofb.training import SGD, Adam

RECIPROCAL = ["kp", "kp_released"]


def gaps(net: Network) -> list:
    """Return W - Bᵀ of every layer with feedback."""
    return [layer.W - layer.B.T for layer in net.weighted[1:]]


OPTIMIZERS = {
    "plain": lambda: SGD(lr=0.1),
    "momentum": lambda: SGD(lr=0.1, momentum=0.9),
    "nesterov": lambda: SGD(lr=0.1, momentum=0.9, nesterov=True),
    "rmsprop": lambda: RMSprop(lr=0.01),
    "adam": lambda: Adam(lr=0.01),
    "adamw": lambda: AdamW(lr=0.01, decay=0.02),
}


@pytest.mark.parametrize("net_name", NETS)
@pytest.mark.parametrize("decay", [0.03, 0.0])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_weights_minus_feedback_shrink_by_the_decay_at_every_step(optimizer, decay, net_name):
    """The law of Kolen and Pollack: W - Bᵀ ← (1 - λ)(W - Bᵀ), for any data and any steps."""
    net = oracles.NETS[net_name]()
    rule, stepper = attached("kp", net, decay=decay), OPTIMIZERS[optimizer]()
    start, W = gaps(net), net.weighted[-1].W.copy()
    train(net, rule, stepper)
    factor = ((1 - decay) * (1 - stepper.decay)) ** 15
    for gap, first in zip(gaps(net), start, strict=True):
        np.testing.assert_allclose(gap, factor * first, rtol=1e-9, atol=1e-12)
    assert relative(net.weighted[-1].W, W) > 0.01


def test_the_decay_follows_the_schedule_of_the_learning_rate():
    """A fixed λ with a falling η would shrink a trained network to nothing."""
    net = dense_net()
    rule = attached("kp", net, decay=0.1)
    start = gaps(net)
    train(net, rule, SGD(lr=0.1, schedule="cosine"), epochs=4)
    shares = [(1 + np.cos(np.pi * step / 12)) / 2 for step in range(12)]
    factor = np.prod([1 - 0.1 * share for share in shares])
    for gap, first in zip(gaps(net), start, strict=True):
        np.testing.assert_allclose(gap, factor * first, rtol=1e-9)


def test_in_the_released_runs_the_two_paths_never_converge():
    """Their decay factor is 1, so W - Bᵀ is constant; its angle falls only because W grows."""
    net = dense_net()
    rule = attached("kp_released", net)
    start = gaps(net)
    train(net, rule, SGD(lr=0.5))
    for gap, first in zip(gaps(net), start, strict=True):
        np.testing.assert_allclose(gap, first, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("net_name", NETS)
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_from_the_transpose_it_is_always_backprop_with_decay(momentum, net_name):
    """If W and Bᵀ are equal, they stay equal, so the signals are those of backprop."""
    net, twin = oracles.NETS[net_name](), oracles.NETS[net_name]()
    rule, other = attached("kp", net, decay=0.02), BackpropWithDecay(0.02)
    for layer in net.weighted[1:]:
        layer.B = np.ascontiguousarray(layer.W.T)
    for each, stack in ((rule, net), (other, twin)):
        train(stack, each, SGD(lr=0.2, momentum=momentum))
    for layer, same in zip(net.weighted, twin.weighted, strict=True):
        np.testing.assert_allclose(layer.W, same.W, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(layer.b, same.b, rtol=1e-9, atol=1e-12)
    for gap in gaps(net):
        np.testing.assert_allclose(gap, 0, atol=1e-12)


class BackpropWithDecay(rules.Backprop):
    """Backprop, with the weights of all layers but the first shrunk after each step."""

    def __init__(self, decay: float) -> None:
        self.decay = decay

    def after_step(self, net: Network) -> None:
        for layer in net.weighted[1:]:
            layer.W *= 1 - self.decay


@pytest.mark.parametrize("samples", [1, 7])
@pytest.mark.parametrize("net_name", NETS)
@pytest.mark.parametrize("name", RECIPROCAL)
def test_the_update_of_the_feedback_is_the_transpose_of_that_of_the_weights(
    name, net_name, samples
):
    """Both are products of the same activities; nothing of a larger batch before may remain."""
    net = oracles.NETS[net_name]()
    rule = attached(name, net)
    large = oracles.taught_trace(net, *batch(net, 9))
    rule.teach(net, large)
    x, y = batch(net, samples, seed=1)
    small = large.rows(samples).fill(net.as_input(x), train=True)
    first, *others = rule.teach(net, small.set_target(net.as_target(y, samples)))
    assert first.dB is None
    for layer, update in zip(net.weighted[1:], others, strict=True):
        assert update.dB.shape == layer.B.shape and update.dB.flags.c_contiguous
        np.testing.assert_allclose(update.dB, update.dW.T, rtol=1e-9, atol=1e-14)


def spoil(passed, layer, rows, dW, db) -> None:
    """Replace a weight update by a wrong one."""
    dW.fill(np.nan)


def test_the_feedback_computes_its_own_update(monkeypatch):
    """To copy the update of the weights would be weight transport of updates."""
    net = dense_net()
    rule = attached("kp", net)
    expected = [update.dB for update in rule.updates(net, *batch(net))][1:]
    monkeypatch.setattr(nofb.updates, "write_product", spoil)
    spoiled = rule.updates(net, *batch(net))[1:]
    for update, dB in zip(spoiled, expected, strict=True):
        assert np.isnan(update.dW).all()
        np.testing.assert_array_equal(update.dB, dB)


def test_the_weights_of_a_layer_without_feedback_do_not_decay():
    """λ serves to make W and Bᵀ equal, and the first layer has no B."""
    net = dense_net()
    rule = attached("kp", net, decay=0.5)
    before = [layer.W.copy() for layer in net.weighted]
    rule.after_step(net)
    assert [relative(layer.W, W) for layer, W in zip(net.weighted, before, strict=True)] == [
        0, pytest.approx(0.5), pytest.approx(0.5),
    ]  # fmt: skip
