"""The angles and ratios that say how well a feedback path lines up with backprop's."""

from copy import deepcopy
from itertools import pairwise

import numpy as np
import oracles
import pytest

from nofb import Conv2D, Dense, Flatten, MaxPool2D, Network, rules
from nofb.diagnostics import MEASURES, Probe, angle, angles, norm_ratio, transport_path

RNG = np.random.default_rng(3)
X, Y = RNG.normal(size=(7, 6)), np.array([0, 1, 2, 3, 0, 1, 2])


def deep_net():
    """Return a network with three hidden layers of unequal widths."""
    sizes = [6, 9, 5, 8]
    hidden = [Dense(n, m, activation="tanh") for n, m in pairwise(sizes)]
    return Network([*hidden, Dense(8, 4)], seed=1, dtype=np.float64)


def measure(net, rule, x=X, y=Y):
    """Return the rule's measures on one batch, attaching it if needed."""
    if net.rule is not rule:
        rule.attach(net)
    x = net.as_input(x)
    return Probe(net, x, net.as_target(y, len(x))).measure(rule)


def signals(net, rule, x=X, y=Y):
    """Return every layer's teaching signal as the probe sees it."""
    trace = net.forward(x)
    trace.set_target(net.as_target(y, len(x)))
    return {layer: delta.copy() for layer, delta in rule.signals(net, trace)}, trace


def mean_angle(u, v):
    """Return the mean over samples of the angle, written out."""
    return np.mean([
        np.degrees(np.arccos(a @ b / np.sqrt((a @ a) * (b @ b))))
        for a, b in zip(u.reshape(len(u), -1), v.reshape(len(v), -1), strict=True)
    ])  # fmt: skip


def test_the_angle_is_the_one_of_school():
    """0° for the same direction, 90° for orthogonal, 180° for opposite, whatever the lengths."""
    u = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    v = np.array([[3.0, 0.0], [0.0, 2.0], [-1.0, 0.0], [1.0, np.sqrt(3)]])
    np.testing.assert_allclose(angles(u, v), [0, 90, 180, 60], atol=1e-6)
    assert np.isnan(angle(u, np.zeros_like(u)))
    assert norm_ratio(2 * v, v) == pytest.approx(2)


def test_backprop_is_aligned_with_itself():
    """If it were not, every angle in every figure would be off by as much."""
    measures = measure(deep_net(), rules.Backprop())
    for name in ("delta_angle_local", "delta_angle_end_to_end", "step_angle"):
        np.testing.assert_allclose(measures[name], 0, atol=1e-5)
    for name in ("delta_norm_ratio", "step_norm_ratio"):
        np.testing.assert_allclose(measures[name], 1)
    assert np.isnan(measures["weight_angle"]).all()


def test_feedback_alignment_with_transposed_weights_has_no_angle_at_all():
    """B = Wᵀ is backprop, so all angles vanish and all ratios are one."""
    net, rule = deep_net(), rules.FeedbackAlignment()
    rule.attach(net)
    for layer in net.weighted[1:]:
        layer.B = np.ascontiguousarray(layer.W.T)
    measures = measure(net, rule)
    del measures["gauss_newton_angle"]  # which backprop has too
    for name, values in measures.items():
        seen = values[~np.isnan(values)]
        np.testing.assert_allclose(seen, 1 if name.endswith("ratio") else 0, atol=1e-5)


@pytest.mark.parametrize("name", ["fa", "dfa", "ifa", "usf", "drtp", "sdfa"])
def test_the_local_and_the_end_to_end_angle_are_what_their_names_say(name):
    """Released code reports the local angle as if it were the end-to-end one."""
    net, rule = deep_net(), rules.make(name)
    measures = measure(net, rule)
    own, trace = signals(net, rule)
    true, _ = signals(net, rules.Backprop())
    for index, layer in enumerate(net.weighted[:-1]):
        above = net.weighted[index + 1]
        carried = own[above] @ above.W.T * layer.activation.slope(trace[layer].a)
        local, end_to_end = mean_angle(own[layer], carried), mean_angle(own[layer], true[layer])
        assert measures["delta_angle_local"][index] == pytest.approx(local)
        assert measures["delta_angle_end_to_end"][index] == pytest.approx(end_to_end)
    assert measures["delta_angle_local"][0] != pytest.approx(
        measures["delta_angle_end_to_end"][0], abs=0.1
    )


def test_with_one_hidden_layer_the_two_angles_agree():
    """The signal from above is then the output error, which all rules share."""
    net = Network([Dense(6, 9, activation="relu"), Dense(9, 4)], dtype=np.float64)
    measures = measure(net, rules.FeedbackAlignment())
    np.testing.assert_allclose(
        measures["delta_angle_local"], measures["delta_angle_end_to_end"], atol=1e-5
    )


def test_the_step_angle_compares_weight_steps_with_the_true_gradient():
    """The step is what moves the network; its angle below 90° means the loss falls."""
    net, rule = deep_net(), rules.DirectFeedbackAlignment()
    rule.attach(net)
    own = [update.dW for update in rule.updates(net, X, Y)]
    backprop = rules.Backprop()
    measures = measure(net, rule)
    backprop.attach(net)
    true = [update.dW for update in backprop.updates(net, X, Y)]
    expected = [
        mean_angle(u.reshape(1, -1), v.reshape(1, -1)) for u, v in zip(own, true, strict=True)
    ]
    np.testing.assert_allclose(measures["step_angle"], expected, atol=1e-5)


def test_direct_feedback_is_compared_with_the_product_of_the_transposed_weights_above():
    """D_l sends an error past all layers above, so its counterpart is their product."""
    net, rule = deep_net(), rules.DirectFeedbackAlignment()
    rule.attach(net)
    W2, W3, W4 = (layer.W for layer in net.weighted[1:])
    path = transport_path(net)
    for layer, product in zip(
        net.weighted[:-1], [W4.T @ W3.T @ W2.T, W4.T @ W3.T, W4.T], strict=True
    ):
        np.testing.assert_allclose(path[layer], product, atol=1e-12)
        layer.D = np.ascontiguousarray(product)
    np.testing.assert_allclose(measure(net, rule)["weight_angle"][:-1], 0, atol=1e-5)


def test_direct_feedback_to_a_convolution_is_compared_through_the_dense_layer_only():
    """Max-pooling in between has no matrix, so below it there is nothing to compare with."""
    layers = [
        Conv2D(1, 3, 3, activation="tanh"), MaxPool2D(2),
        Conv2D(3, 2, 2, activation="tanh"), MaxPool2D(2), Flatten(), Dense(2, 4),
    ]  # fmt: skip
    net = Network(layers, dtype=np.float64, input_shape=(1, 8, 8))
    measures = measure(net, rules.DirectFeedbackAlignment(), RNG.normal(size=(7, 1, 8, 8)))
    assert np.isnan(measures["weight_angle"]).tolist() == [True, False, True]
    assert np.isfinite(measures["delta_angle_end_to_end"]).all()


def test_a_layer_without_a_signal_has_no_angle():
    """The shallow control sends nothing down, and NaN is not 90°."""
    measures = measure(deep_net(), rules.Shallow())
    assert np.isnan(measures["delta_angle_end_to_end"]).tolist() == [True, True, True, False]
    assert set(measures) == set(MEASURES)


def generators_of(rule):
    """Return the generators that a rule keeps, one for itself or one for each layer."""
    own = [rule.rng] if hasattr(rule, "rng") else []
    return own + list(getattr(rule, "rngs", {}).values())


def test_measuring_changes_neither_weights_nor_feedback():
    """A probe that trained the network, or drew new feedback, would spoil what it looks at."""
    for name in rules.RULES:
        net, rule = deep_net(), rules.make(name)
        rule.attach(net)
        before, drawn = oracles.arrays_of(net, rule), deepcopy(generators_of(rule))
        measure(net, rule)
        for key, array in oracles.arrays_of(net, rule).items():
            np.testing.assert_array_equal(array, before[key], err_msg=f"{key} under {name}")
        for rng, same in zip(generators_of(rule), drawn, strict=True):
            assert rng.random() == same.random(), f"{name} drew noise of the run's own"
