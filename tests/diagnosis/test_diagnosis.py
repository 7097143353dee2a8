"""The angles and ratios that compare a feedback path with backprop."""

import tracemalloc
from copy import deepcopy
from itertools import pairwise

import numba
import numpy as np
import oracles
import pytest

import nofb
from nofb import Conv2D, Dense, Flatten, MaxPool2D, Network, rules
from nofb.diagnosis import (
    ALIGNMENT,
    GAUSS_NEWTON,
    Probe,
    ProbeBatch,
    View,
    angle,
    angles,
    norm_ratio,
    transport_path,
)

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
    return ProbeBatch(net, x, net.as_target(y, len(x))).measure(rule)


def signals(net, rule, x=X, y=Y):
    """Return every layer's teaching signal as the probe measures it."""
    trace = net.forward(x)
    trace.set_target(net.as_target(y, len(x)))
    return {layer: delta.copy() for layer, delta in rule.signals(net, trace)}, trace


def mean_angle(u, v):
    """Return the mean over samples of the angle, written out."""
    return np.mean([
        np.degrees(np.arccos(a @ b / np.sqrt((a @ a) * (b @ b))))
        for a, b in zip(u.reshape(len(u), -1), v.reshape(len(v), -1), strict=True)
    ])  # fmt: skip


def test_the_angle_has_its_textbook_values():
    """0° for the same direction, 90° for orthogonal, 180° for opposite, for any lengths."""
    u = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    v = np.array([[3.0, 0.0], [0.0, 2.0], [-1.0, 0.0], [1.0, np.sqrt(3)]])
    np.testing.assert_allclose(angles(u, v), [0, 90, 180, 60], atol=1e-6)
    assert np.isnan(angle(u, np.zeros_like(u)))
    assert norm_ratio(2 * v, v) == pytest.approx(2)


@pytest.mark.parametrize("shapes", [((2, 3), (2, 4)), ((2, 4), (2, 3))])
def test_directions_of_different_lengths_have_no_angle(shapes):
    """The kernel reads as many entries of the second array as the first one has."""
    with pytest.raises(ValueError, match="two directions must have one shape"):
        angles(*map(np.ones, shapes))


def test_backprop_has_angle_0_to_itself():
    """Otherwise every angle in every figure would have the same error."""
    measures = measure(deep_net(), rules.Backprop())
    for name in ("delta_angle_local", "delta_angle_end_to_end", "step_angle"):
        np.testing.assert_allclose(measures[name], 0, atol=1e-5)
    for name in ("delta_norm_ratio", "step_norm_ratio"):
        np.testing.assert_allclose(measures[name], 1)
    assert np.isnan(measures["weight_angle"]).all()


def test_feedback_alignment_with_transposed_weights_has_angle_0():
    """B = Wᵀ is backprop, so all angles vanish and all ratios are one."""
    net, rule = deep_net(), rules.FeedbackAlignment()
    rule.attach(net)
    for layer in net.weighted[1:]:
        layer.B = np.ascontiguousarray(layer.W.T)
    measures = measure(net, rule)
    for name, values in measures.items():
        seen = values[~np.isnan(values)]
        np.testing.assert_allclose(seen, 1 if name.endswith("ratio") else 0, atol=1e-5)


@pytest.mark.parametrize("name", ["fa", "dfa", "ifa", "usf", "drtp", "sdfa"])
def test_the_local_and_the_end_to_end_angle_follow_their_definitions(name):
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
    """The step changes the network; if its angle is below 90°, the loss falls."""
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
    """D_l sends the error directly to layer l, so it replaces the product of all layers above."""
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
    """Max-pooling in between has no matrix, so for the layers below there is no reference."""
    layers = [
        Conv2D(1, 3, 3, activation="tanh"), MaxPool2D(2),
        Conv2D(3, 2, 2, activation="tanh"), MaxPool2D(2), Flatten(), Dense(2, 4),
    ]  # fmt: skip
    net = Network(layers, dtype=np.float64, input_shape=(1, 8, 8))
    measures = measure(net, rules.DirectFeedbackAlignment(), RNG.normal(size=(7, 1, 8, 8)))
    assert np.isnan(measures["weight_angle"]).tolist() == [True, False, True]
    assert np.isfinite(measures["delta_angle_end_to_end"]).all()


def test_direct_feedback_below_two_convolutions_is_compared_with_the_signal_of_backprop_there():
    """In a linear network backprop's signal is the error times the path, unit by unit."""
    layers = [Conv2D(1, 2, 2), Conv2D(2, 3, 2), Flatten(), Dense(12, 4)]
    net = Network(layers, dtype=np.float64, input_shape=(1, 4, 4))
    rules.DirectFeedbackAlignment().attach(net)
    path = transport_path(net)
    deltas, trace = signals(net, rules.Backprop(), RNG.normal(size=(7, 1, 4, 4)))
    for layer in net.weighted[:-1]:
        delta = deltas[layer].reshape(7, -1)
        np.testing.assert_allclose(trace.error @ path[layer], delta, atol=1e-12)


def test_a_layer_without_a_signal_has_no_angle():
    """The shallow control sends no signal down, and NaN is not 90°."""
    measures = measure(deep_net(), rules.Shallow())
    assert np.isnan(measures["delta_angle_end_to_end"]).tolist() == [True, True, True, False]
    assert set(measures) == {measure.name for measure in ALIGNMENT}


def generators_of(net):
    """Return the generators that a rule keeps for the layers."""
    states = [layer.rule_state for layer in net.weighted]
    return [state.rng for state in states if hasattr(state, "rng")]


def test_measuring_changes_neither_weights_nor_feedback():
    """A probe that trained the network, or drew new feedback, would change what it measures."""
    for name in rules.RULES:
        net, rule = deep_net(), rules.make(name)
        rule.attach(net)
        before, drawn = oracles.arrays_of(net), deepcopy(generators_of(net))
        measure(net, rule)
        for key, array in oracles.arrays_of(net).items():
            np.testing.assert_array_equal(array, before[key], err_msg=f"{key} under {name}")
        for rng, same in zip(generators_of(net), drawn, strict=True):
            assert rng.random() == same.random(), f"{name} drew noise of the run's own"


# -- what is measured, and its cost --------------------------------------------------------------


class RandomSteps(rules.FeedbackAlignment):
    """A rule whose steps are independent of its signals."""

    name = "random_steps"

    def teach(self, net, trace):
        updates = super().teach(net, trace)
        for update in updates:
            update.dW[...] = np.random.default_rng(0).normal(size=update.dW.shape)
        return updates


def test_the_step_angle_is_that_of_the_steps_of_the_rule():
    """A rule that overrides `teach` would be drawn at an angle that its steps do not have."""
    net, rule = deep_net(), RandomSteps()
    measures = measure(net, rule)
    true = View(rule, net.forward(X).set_target(net.as_target(Y, len(X)))).true_step
    expected = [
        angle(np.random.default_rng(0).normal(size=layer.W.shape), true[layer])
        for layer in net.weighted
    ]
    np.testing.assert_allclose(measures["step_angle"], expected, atol=1e-5)
    assert min(expected) > 50


@pytest.mark.parametrize("name", [name for name in rules.RULES if name != "ff"])  # draws labels
def test_a_batch_measured_in_pieces_gives_what_the_whole_batch_gives(name, monkeypatch):
    """The memory limit must not change a figure."""
    net, rule = deep_net(), rules.make(name)
    rule.attach(net)
    x, y = RNG.normal(size=(23, 6)), RNG.integers(0, 4, 23)
    whole = measure(net, rule, x, y)
    monkeypatch.setattr("nofb.diagnosis.probe_batch.AT_ONCE", 0)
    monkeypatch.setattr("nofb.diagnosis.probe_batch.FEWEST", 5)
    pieces = measure(net, rule, x, y)
    for measure_name, values in whole.items():
        np.testing.assert_allclose(pieces[measure_name], values, atol=1e-5, err_msg=measure_name)


def test_a_probe_allocates_memory_only_for_another_number_of_samples(monkeypatch):
    """The same batch is measured after each epoch; a rule of targets needs all of it at once."""
    made = []
    monkeypatch.setattr("nofb.diagnosis.probe_batch.FEWEST", 5)
    monkeypatch.setattr("nofb.diagnosis.probe_batch.AT_ONCE", 0)
    traced = lambda net, size: made.append(size) or nofb.Trace(net, size)  # noqa: E731
    monkeypatch.setattr("nofb.diagnosis.probe_batch.Trace", traced)
    net = deep_net()
    probe = ProbeBatch(net, net.as_input(X), net.as_target(Y, len(X)))
    for name in ("fa", "fa", "dtp", "dtp", "fa"):
        rule = rules.make(name)
        rule.attach(net)
        probe.measure(rule)
    assert made == [5, 7, 5]


def test_gauss_newton_is_computed_only_where_it_is_requested(monkeypatch):
    """Its Jacobians took hundreds of megabytes for one convolution, in every run."""
    asked = []
    signals = rules.GaussNewtonTargets.signals

    def noted(self, net, trace):
        asked.append(self)
        return signals(self, net, trace)

    monkeypatch.setattr(rules.GaussNewtonTargets, "signals", noted)
    net = deep_net()
    assert "gauss_newton_angle" not in measure(net, rules.FeedbackAlignment())
    assert asked == []
    probe = ProbeBatch(net, net.as_input(X), net.as_target(Y, len(X)), GAUSS_NEWTON)
    assert list(probe.measure(net.rule)) == ["gauss_newton_angle"]
    assert len(asked) == 1


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="loops over 10 million numbers in Python")
def test_measuring_a_convolution_of_32_maps_takes_at_most_30_megabytes():
    """A laptop in a lecture needs its memory for other programs too."""
    layers = [Conv2D(1, 32, 3, padding=1, activation="tanh"), Flatten(), Dense(32 * 28 * 28, 10)]
    net, rule = Network(layers, input_shape=(1, 28, 28)), rules.FeedbackAlignment()
    rule.attach(net)
    x = net.as_input(RNG.normal(size=(100, 1, 28, 28)))
    target = net.as_target(RNG.integers(0, 10, 100), 100)
    ProbeBatch(net, x[:2], target[:2]).measure(rule)  # compiles
    tracemalloc.start()
    try:
        ProbeBatch(net, x, target).measure(rule)
        assert tracemalloc.get_traced_memory()[1] < 30e6
    finally:
        tracemalloc.stop()


def test_an_unknown_measure_is_refused_before_a_run_begins():
    """A misspelt name is the most likely mistake."""
    with pytest.raises(TypeError, match="measures must hold measures"):
        Probe(measures=["step_angle"])
    for alone in ("step_angle", GAUSS_NEWTON[0]):
        with pytest.raises(TypeError, match=r"measures must be a list, .*: put it in \[\]"):
            Probe(measures=alone)
