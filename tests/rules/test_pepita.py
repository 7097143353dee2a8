"""PEPITA: the error is added to the input, and the difference of two passes is the signal."""

import numpy as np
import oracles
import passes
import pytest
from oracles import attached, batch, dense_net, normal, taught_trace

from nofb import Dense, Network, rules
from nofb.rules.pepita import Projection

EQUATIONS = {"pepita": passes.pepita}
DEFAULTS = {"pepita": {"feedback_init": "uniform_fan_out", "scale": 0.12}}  # 0.05 √6, as released
USES = {"pepita": "error feedback second_pass"}
BOUNDS = {("pepita", "scale"): ((0, 1e-12, 10), (-1e-12,))}  # at 0 both passes are equal
KERNELS = {
    "pepita.modulate": lambda: (normal(7, 5), normal(7, 3), normal(3, 5)),
    "pepita.moved": lambda: (normal(7, 5), normal(7, 5)),
}


def projection(net):
    return net.weighted[0].rule_state.F


def by_the_paper(net, x, target, F):
    """Return dW and db of each layer: the paper's algorithm, with samples as columns."""
    _, first = oracles.columns_forward(net, x)
    e = first[-1] - target.T
    _, second = oracles.columns_forward(net, (x.T + F.T @ e).T)
    steps = []
    for k in range(len(net.weighted)):
        delta = e if k == len(net.weighted) - 1 else first[k + 1] - second[k + 1]
        steps.append(((delta @ second[k].T).T / len(x), delta.mean(axis=1)))
    return steps


@pytest.mark.parametrize("activation", ["tanh", "relu", "logistic"])
@pytest.mark.parametrize("samples", [1, 7])
def test_its_updates_are_those_of_the_paper(activation, samples):
    """Written again, in columns: an update with the first pass's activities would look similar."""
    net = dense_net(activation=activation)
    x, y = batch(net, samples)
    rule = attached("pepita", net, scale=0.7)
    target = np.eye(3)[y]
    expected = by_the_paper(net, x, target, projection(net))
    for update, (dW, db) in zip(rule.updates(net, x, y), expected, strict=True):
        np.testing.assert_allclose(update.dW, dW, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(update.db, db, rtol=1e-10, atol=1e-12)


def test_without_a_projection_no_hidden_layer_is_taught():
    """With F = 0 both passes are equal, so every update of a hidden layer must be 0."""
    net = dense_net()
    x, y = batch(net)
    *hidden, last = attached("pepita", net, scale=0).updates(net, x, y)
    assert not any(array.any() for array in oracles.parts(hidden))
    np.testing.assert_array_equal(last.dW, attached("bp", net).updates(net, x, y)[-1].dW)


def test_without_an_error_every_update_is_zero():
    net = dense_net(loss="squared_error")
    x, _ = batch(net)
    rule = attached("pepita", net)
    assert not any(part.any() for part in oracles.parts(rule.updates(net, x, net.outputs(x))))


def test_near_the_first_pass_it_is_direct_feedback_through_the_first_weights():
    """To first order δ_1 = (e D_1) ∘ f'(a_1) with D_1 = -F W_1, and the rest shrinks with F."""
    net = dense_net()
    trace = taught_trace(net, *batch(net))
    first = net.weighted[0]
    apart = []
    for scale in (1e-3, 1e-4):
        rule = attached("pepita", net, scale=scale)
        found = oracles.signals(rule, net, trace)[first]
        D = -projection(net) @ first.W
        apart.append(oracles.relative(found, trace.delta(first, trace.error @ D)))
    assert apart[0] < 1e-2
    assert apart[1] == pytest.approx(apart[0] / 10, rel=0.1)


def test_both_passes_have_the_same_dropout_masks():
    """With different masks the passes would differ even without an error."""
    net = dense_net(dropout=0.5, loss="squared_error")
    x, _ = batch(net)
    oracles.same_masks(net)
    trace = net.forward(x, train=True)
    trace.set_target(trace.output.copy())
    for delta in oracles.hidden_signals(attached("pepita", net), net, trace):
        assert not delta.any()


def test_the_projection_does_not_change():
    net = dense_net()
    x, y = batch(net)
    rule = attached("pepita", net)
    before = projection(net).copy()
    oracles.learn(rule, net, x, y, steps=5)
    np.testing.assert_array_equal(projection(net), before)


def test_the_projection_is_drawn_as_the_released_code_draws_it():
    """Uniform on about ±0.05 √(6 / n_0): its size determines how much the second pass differs."""
    net = Network([Dense(600, 4, "relu"), Dense(4, 50)])
    attached("pepita", net)
    F = projection(net)
    assert F.shape == (50, 600)
    assert F.dtype == net.dtype
    bound = 0.12 / np.sqrt(600)
    assert bound == pytest.approx(0.05 * np.sqrt(6 / 600), rel=0.03)
    assert 0.99 * bound < np.abs(F).max() <= bound
    assert F.std() == pytest.approx(bound / np.sqrt(3), rel=0.01)


@pytest.mark.parametrize("make", [oracles.conv_net, oracles.shallow_conv_net])
def test_images_are_perturbed_pixel_by_pixel(make):
    net = make()
    x, y = batch(net)
    rule = attached("pepita", net)
    assert projection(net).shape == (net.n_outputs, x[0].size)
    assert all(part.any() for part in oracles.parts(rule.updates(net, x, y)))


def test_an_unattached_rule_says_so():
    net = dense_net()
    with pytest.raises(ValueError, match="call attach"):
        rules.make("pepita").updates(net, *batch(net))
    net.rule = rule = rules.make("pepita")
    with pytest.raises(ValueError, match=Projection.__name__):
        rule.updates(net, *batch(net))
