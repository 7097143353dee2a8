"""Identities that hold for any data: when a rule equals backprop, and whether a step helps.

Equation and section numbers refer to the papers' own statements; an identity that holds exactly is
tested to the last bit, one that holds up to rounding with a tolerance.
"""

import numpy as np
import oracles
import pytest
from oracles import attached, batch, dense_net, taught_trace
from rules.families import NETS, RULES, but, linear_net

from nofb import Network, activations

ONE_HIDDEN = {"dense": lambda: dense_net((5, 4, 3)), "conv": oracles.shallow_conv_net}


# -- when feedback alignment equals backprop ------------------------------------------------------


def give_transposes(net: Network) -> None:
    for layer in net.weighted[1:]:
        # The view itself, as backprop uses it: a copy has another memory layout, and BLAS would sum
        # in another order.
        vars(layer)["B"] = layer.W.T


@pytest.mark.parametrize("samples", [1, 7])
@pytest.mark.parametrize("net_name", NETS)
@pytest.mark.parametrize("activation", activations.ACTIVATIONS)
def test_feedback_alignment_with_transposed_weights_is_backprop(activation, net_name, samples):
    """Both differ only in the matrix of the backward pass, to the last bit."""
    net = oracles.NETS[net_name](activation=activation)
    x, y = batch(net, samples)
    backprop = attached("bp", net).updates(net, x, y)
    rule = attached("fa", net)
    assert oracles.unlike(rule.updates(net, x, y)[0].dW, backprop[0].dW)
    give_transposes(net)
    oracles.assert_same(rule.updates(net, x, y), backprop)


@pytest.mark.parametrize("net_name", ONE_HIDDEN)
@pytest.mark.parametrize("samples", [1, 7])
def test_with_one_hidden_layer_all_error_feedback_is_the_same(net_name, samples):
    """Direct, indirect and sequential feedback differ only in how they reach deeper layers."""
    net = ONE_HIDDEN[net_name]()
    x, y = batch(net, samples)
    rule = attached("fa", net)
    B, expected = net.weighted[1].B, rule.updates(net, x, y)
    for name in ("dfa", "ifa"):
        rule = attached(name, net)
        assert net.weighted[0].D.shape == B.shape
        net.weighted[0].D = B
        oracles.assert_same(rule.updates(net, x, y), expected)


def test_deep_linear_direct_feedback_through_the_product_of_weights_is_backprop():
    """Without derivatives in between, the backward pass is one matrix product, which D can hold."""
    net = linear_net((5, 7, 6, 4, 3))
    x, y = batch(net)
    backprop = attached("bp", net).updates(net, x, y)
    rule = attached("dfa", net)
    product = np.eye(3)
    for layer in reversed(net.weighted[1:]):
        product = layer.W @ product
        net.below(layer).D = product.T.copy()
    oracles.assert_close(rule.updates(net, x, y), backprop)


def test_deep_nonlinear_direct_feedback_through_the_product_of_weights_is_not_backprop():
    """It skips the derivatives of the layers above; otherwise it would not be direct."""
    net = dense_net((5, 4, 6, 3))
    x, y = batch(net)
    backprop = attached("bp", net).updates(net, x, y)
    rule = attached("dfa", net)
    lower, upper, top = net.weighted
    lower.D, upper.D = (upper.W @ top.W).T.copy(), top.W.T.copy()
    direct = rule.updates(net, x, y)
    np.testing.assert_allclose(direct[1].dW, backprop[1].dW, rtol=1e-9)
    assert oracles.unlike(direct[0].dW, backprop[0].dW)


@pytest.mark.parametrize(("name", "net_name"), but("pepita"))  # with the arrays of the second pass
def test_the_output_layer_learns_as_in_backprop(name, net_name):
    """No feedback path is used for the output layer: rules differ only in the layers below."""
    net = oracles.NETS[net_name]()
    x, y = batch(net)
    backprop = attached("bp", net).updates(net, x, y)
    oracles.assert_same(attached(name, net).updates(net, x, y)[-1:], backprop[-1:])


@pytest.mark.parametrize("name", [name for name in RULES if name != "pepita"])
def test_a_single_layer_learns_by_the_delta_rule_with_every_rule(name):
    """Without hidden layers no signal is sent back."""
    net = dense_net((5, 3))
    x, y = batch(net)
    error = net.forward(x).output - net.as_target(y, len(x))
    (update,) = attached(name, net).updates(net, x, y)
    np.testing.assert_allclose(update.dW, x.T @ error / len(x), rtol=1e-12)
    np.testing.assert_allclose(update.db, error.mean(axis=0), rtol=1e-12)


# -- first order: does a step help? ---------------------------------------------------------------


@pytest.mark.parametrize(("name", "net_name"), oracles.RULES_AND_NETS)
def test_a_small_step_changes_the_loss_by_its_inner_product_with_the_gradient(name, net_name):
    """Δloss = -η ⟨update, gradient⟩: the angle to backprop determines whether a rule helps."""
    net = oracles.NETS[net_name]()
    x, y = batch(net)
    gradient = attached("bp", net).updates(net, x, y)
    updates = attached(name, net).updates(net, x, y)
    overlap = sum(
        (one * other).sum()
        for one, other in zip(oracles.parts(updates), oracles.parts(gradient), strict=True)
    )
    before = oracles.mean_loss(net, x, y)
    oracles.descend(net, updates, lr=1e-6)
    change = oracles.mean_loss(net, x, y) - before
    assert change == pytest.approx(-1e-6 * overlap, rel=1e-3)


def test_a_hidden_step_of_feedback_alignment_helps_exactly_when_its_signal_agrees():
    """Lillicrap's condition e B W_2 eᵀ > 0: below 90°, a small step lowers the loss."""
    agreed = []
    for seed in range(12):
        net = linear_net((5, 6, 3), seed=seed)
        x, y = batch(net, 1, seed)
        rule = attached("fa", net, seed=seed)
        e = taught_trace(net, x, y).error[0]
        agreed.append(bool(e @ net.weighted[1].B @ net.weighted[1].W @ e > 0))
        before = oracles.mean_loss(net, x, y)
        net.weighted[0].W -= 1e-5 * rule.updates(net, x, y)[0].dW
        assert (oracles.mean_loss(net, x, y) < before) == agreed[-1]
    assert len(set(agreed)) == 2  # both cases occurred
