"""Adversarial samples: the gradient at a sample is the true one, and a rule's own is another."""

import numpy as np
import pytest

import nofb
from nofb import Conv2D, Dense, Dropout, Flatten, MaxPool2D, Network, Residual, rules
from nofb.layers import Embedding
from nofb.training.adversarial import FastGradientSign, input_feedback, input_gradient

STEP = 1e-6


def dense() -> Network:
    layers = [Dense(6, 5, "tanh"), Dense(5, 4, "logistic"), Dense(4, 3)]
    return Network(layers, seed=0, dtype=np.float64)


def branched() -> Network:
    block = Residual([Dense(6, 6, "tanh")])
    return Network([Residual([block, Dense(6, 6, "tanh")]), Dense(6, 3)], seed=0, dtype=np.float64)


def convolutional() -> Network:
    layers = [Conv2D(2, 3, 3, activation="tanh"), MaxPool2D(2), Flatten(), Dense(12, 3)]
    return Network(layers, seed=0, dtype=np.float64, input_shape=(2, 6, 6))


def batch(net: Network, samples: int = 4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(samples, *net.input_shape)), rng.integers(0, 3, samples)


NETWORKS = pytest.mark.parametrize("make", [dense, branched, convolutional])


@NETWORKS
def test_the_input_gradient_agrees_with_central_differences(make):
    """A signal that stopped at the first layer, or left out a branch, would attack elsewhere."""
    net, rng = make(), np.random.default_rng(1)
    x, y = batch(net)
    gradient = input_gradient(net.forward(x).set_target(net.as_target(y, 4)))
    for _ in range(5):
        way = rng.normal(size=x.shape)
        above, below = (net.loss(x + step * way, y) for step in (STEP, -STEP))
        along = (gradient * net.as_input(way)).sum() / 4  # the loss is a mean over samples
        assert along == pytest.approx((above - below) / (2 * STEP), rel=1e-6)


@NETWORKS
def test_the_own_feedback_of_backprop_is_the_true_gradient(make):
    """Were it not, the comparison of the two attacks would begin with two different ones."""
    net, rule = make(), rules.make("bp")
    rule.attach(net)
    x, y = batch(net)
    trace = net.forward(x).set_target(net.as_target(y, 4))
    true = input_gradient(trace).copy()
    np.testing.assert_allclose(input_feedback(rule, net, trace), true, atol=1e-12)


def test_the_own_feedback_of_feedback_alignment_is_the_gradient_only_if_b_is_w_transposed():
    """An attack along random feedback that found the true gradient would mask nothing."""
    net, rule = dense(), rules.make("fa")
    rule.attach(net)
    x, y = batch(net)
    trace = net.forward(x).set_target(net.as_target(y, 4))
    true = input_gradient(trace).copy()
    assert np.abs(input_feedback(rule, net, trace) - true).max() > 0.01
    for layer in net.weighted[1:]:
        layer.B = layer.W.T
    np.testing.assert_allclose(input_feedback(rule, net, trace), true, atol=1e-12)


@NETWORKS
@pytest.mark.parametrize("name", ["bp", "fa", "dfa", "ifa", "drtp", "usf"])
def test_the_own_feedback_of_a_second_batch_knows_nothing_of_the_first(name, make):
    """`fit` has one trace for all batches, and a sum of two signals would attack neither."""
    net, rule = make(), rules.make(name)
    if name == "ifa" and make is not dense:
        pytest.skip("ifa takes plain stacks of dense layers")
    rule.attach(net)
    x, y = batch(net)
    target, trace = net.as_target(y, 4), net.forward(x)
    input_feedback(rule, net, trace.set_target(target))
    input_gradient(trace)
    again = input_feedback(rule, net, trace.fill(net.as_input(-x)).set_target(target)).copy()
    fresh = input_feedback(rule, net, net.forward(-x).set_target(target))
    np.testing.assert_array_equal(again, fresh)


def test_loss_and_accuracy_of_an_epoch_are_of_the_changed_samples():
    """On blank samples a network can learn no more than the shares of the classes."""
    data, net = nofb.datasets.load("digits"), Network([Dense(64, 10)], seed=0)
    run = nofb.fit(net, "bp", data, 5, perturb=lambda rule, net, trace: 0 * trace.x, probe=0,
                   progress=False)  # fmt: skip
    assert run.history["loss"][-1] > 2.2 and run.history["train_accuracy"][-1] < 0.2


def test_samples_that_become_nan_stop_the_run_before_a_weight_moves():
    """The advice would otherwise be a smaller learning rate."""
    data, net = nofb.datasets.load("digits"), Network([Dense(64, 10)], seed=0)
    before = net.weighted[0].W.copy()
    with pytest.warns(nofb.training.DivergenceWarning):
        run = nofb.fit(net, "bp", data, 1, perturb=lambda rule, net, trace: np.nan * trace.x,
                       probe=0, progress=False)  # fmt: skip
    assert "in epoch 1, step 1: the loss is nan" in run.stopped
    np.testing.assert_array_equal(net.weighted[0].W, before)


def test_tokens_cannot_be_moved():
    """The sign of a signal on token 3 is no token."""
    net = Network([Embedding(5, 4), Flatten(), Dense(12, 3)], input_shape=(3,))
    rule = rules.make("bp")
    rule.attach(net)
    trace = net.forward(np.zeros((2, 3), int)).set_target(net.as_target(np.zeros(2, int), 2))
    with pytest.raises(ValueError, match="these samples are tokens"):
        FastGradientSign(0.1)(rule, net, trace)


def test_every_number_moves_by_epsilon_and_the_loss_grows():
    net, rule = dense(), rules.make("bp")
    rule.attach(net)
    x, y = batch(net, 7)
    trace = net.forward(x).set_target(net.as_target(y, 7))
    changed = FastGradientSign(0.05)(rule, net, trace)
    np.testing.assert_allclose(np.abs(changed - trace.x), 0.05)
    assert net.loss(changed, y) > net.loss(x, y)


def test_dropout_below_the_first_layer_masks_the_gradient_too():
    """A pixel that is silent in this pass has no influence on its loss."""
    net = Network([Dropout(0.5), Dense(6, 3)], seed=0, dtype=np.float64)
    x, y = np.ones((4, 6)), np.array([0, 1, 2, 0])
    trace = net.forward(x, train=True).set_target(net.as_target(y, 4))
    silent = trace[net.nodes[0]].h == 0
    assert silent.any() and not silent.all()
    assert (input_gradient(trace)[silent] == 0).all()


def test_fit_trains_on_the_changed_samples_only():
    """A step from a changed batch is the step from these samples, as if they were the data."""
    data, shift = nofb.datasets.load("digits"), np.float32(0.25)
    moved = nofb.datasets.Dataset(data.x_train + shift, data.y_train, data.x_test, data.y_test)
    nets = [Network([Dense(64, 8, "tanh"), Dense(8, 10)], seed=0) for _ in range(2)]
    for net, each, perturb in (
        (nets[0], data, lambda rule, net, trace: trace.x + shift),
        (nets[1], moved, None),
    ):
        nofb.fit(net, rules.make("fa"), each, 1, perturb=perturb, probe=0, progress=False)
    for one, other in zip(nets[0].weighted, nets[1].weighted, strict=True):
        np.testing.assert_allclose(one.W, other.W, atol=1e-6)


def test_adversarial_training_makes_a_network_harder_to_attack():
    data, attack = nofb.datasets.load("digits"), FastGradientSign(0.1)
    left = []
    for perturb in (None, attack):
        net, rule = Network([Dense(64, 64, "tanh"), Dense(64, 10)], seed=0), rules.make("bp")
        nofb.fit(net, rule, data, 10, perturb=perturb, probe=0, progress=False)
        trace = net.forward(data.x_test)
        trace.set_target(net.as_target(data.y_test, len(data.y_test)))
        left.append(net.accuracy(attack(rule, net, trace), data.y_test))
    assert left[1] > left[0] + 0.1


@pytest.mark.parametrize(
    ("given", "sentence"), [({"epsilon": 0}, "epsilon must be"), ({"along": "noise"}, "along")]
)
def test_bad_settings_are_named(given, sentence):
    with pytest.raises(ValueError, match=sentence):
        FastGradientSign(**given)
