"""Targets: what must hold for them with any inverses.

Exact, linear or orthogonal inverses have closed forms. Layers are square only where they must be,
so a missing transpose gives an error.
"""

import numpy as np
import oracles
import pytest
from oracles import attached, batch, dense_net, relative, taught_trace
from rules.exact import UNDO, bent, found_targets, give_exact_inverses, square_net, states, up

from nofb import Network, Trace
from nofb.activations import ACTIVATIONS
from nofb.rules import (
    IteratedFromInverse,
    IteratedInOutputSpace,
    Rule,
    TargetPropagation,
)
from nofb.updates import updates

DIFFERENCES = [name for name in oracles.DENSE_ONLY if name != "tp"]  # rules that send a difference


BY_LAYER = ["tp", "dtp", "itp"]  # rules with both conventions, and one inverse after another


FROM_OUTPUT = {  # every rule, with an inverse for the output layer too, and the usual updates
    "tp": {},
    "dtp": {"gradient_at_top": False},
    "itp": {"layer_norm": False},
}


@pytest.mark.parametrize("name", oracles.DENSE_ONLY)
def test_a_rule_of_targets_uses_the_inputs_and_outputs_of_every_layer(name):
    """h_l = f_l(h_{l-1}), for layers of any width, from the samples up."""
    net = dense_net((5, 4, 6, 3))
    rule, trace = attached(name, net), taught_trace(net, *batch(net))
    layers = rule.layers(net, trace)
    assert [own.layer for own in layers] == net.weighted
    for own in layers:
        np.testing.assert_allclose(own.f(own.h_below), own.h, atol=1e-12)


# -- exact inverses -------------------------------------------------------------------------------


@pytest.mark.parametrize("samples", [1, 7])
@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("activation", UNDO)
@pytest.mark.parametrize("name", BY_LAYER)
def test_exact_inverses_give_the_input_for_which_the_layer_reaches_its_target(
    name, activation, apart, samples
):
    """t_{l-1} = f_l⁻¹(t_l): the correction is 0, and iterations change nothing."""
    net = bent(square_net(activation, apart=apart))
    rule = attached(name, net, **FROM_OUTPUT[name], step_size=1e-3)
    give_exact_inverses(net)
    trace = taught_trace(net, *batch(net, samples))
    targets = found_targets(rule, net, trace)
    for index in range(1, len(net.weighted)):
        answer = up(net, index, targets[index - 1])
        np.testing.assert_allclose(answer, targets[index], rtol=1e-9, atol=1e-12)
    for t, h in zip(targets, states(rule, net, trace), strict=True):
        assert relative(t, h) > 1e-6


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("name", BY_LAYER)
def test_exact_inverses_of_linear_layers_give_the_gauss_newton_step(name, bias):
    """Δ_l = J_l⁻¹ Δ_L is the Gauss-Newton step, sample by sample: Bengio's main point."""
    net = bent(square_net(bias=bias))
    x, y = batch(net)
    newton = attached("gnt", net, damping=0.0).updates(net, x, y)
    rule = attached(name, net, **FROM_OUTPUT[name], step_size=0.5)
    give_exact_inverses(net)
    oracles.assert_close(rule.updates(net, x, y), newton, rtol=1e-8)
    assert oracles.unlike(newton[0].dW, attached("bp", net).updates(net, x, y)[0].dW)


@pytest.mark.parametrize("name", BY_LAYER)
def test_exact_inverses_of_tanh_layers_approach_gauss_newton_as_the_step_shrinks(name):
    """Only the first order is Gauss-Newton, so a tenth of the step has a tenth of the error."""
    net = bent(square_net("tanh"))
    x, y = batch(net)
    newton = [u.dW.copy() for u in attached("gnt", net, damping=0.0).updates(net, x, y)]
    misses = []
    for step_size in (1e-3, 1e-4):
        rule = attached(name, net, **FROM_OUTPUT[name], step_size=step_size)
        give_exact_inverses(net)
        misses.append(relative(rule.updates(net, x, y)[0].dW, newton[0]))
    assert misses[0] / misses[1] == pytest.approx(10, rel=0.1)
    assert misses[1] < 0.01


@pytest.mark.parametrize("name", [*BY_LAYER, "gnt"])
def test_exact_inverses_of_orthogonal_layers_give_the_gradient(name):
    """If the inverse is the transpose, the Gauss-Newton step is that of backprop."""
    net = square_net()
    x, y = batch(net)
    backprop = attached("bp", net).updates(net, x, y)
    options = {"damping": 0.0} if name == "gnt" else FROM_OUTPUT[name]
    rule = attached(name, net, **options)
    if name != "gnt":
        give_exact_inverses(net)
    oracles.assert_close(rule.updates(net, x, y), backprop, rtol=1e-8)


# -- no error, no change --------------------------------------------------------------------------


def satisfied(net: Network, samples: int = 7) -> Trace:
    """Return the trace of a batch whose targets equal the network's outputs."""
    trace = net.forward(batch(net, samples)[0])
    return trace.set_target(trace.output.copy())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("name", DIFFERENCES)
def test_an_output_equal_to_its_target_leaves_every_layer_unchanged(name, activation, dtype):
    """The errors of any inverse cancel: this is the purpose of the difference."""
    net = dense_net((5, 4, 6, 7, 3), activation, dtype=dtype)
    rule, trace = attached(name, net), satisfied(net)
    for t, h in zip(found_targets(rule, net, trace), states(rule, net, trace), strict=True):
        np.testing.assert_array_equal(t, h)
    assert not any(array.any() for array in oracles.parts(rule.teach(net, trace)))


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("iterations", [0, 1, 2, 7])
def test_with_no_error_every_latent_iterate_leaves_all_layers_unchanged(iterations, apart):
    """g(t) - g(f(h)) is 0 if f(h) = t, so the iteration does not change h."""
    net = dense_net((5, 4, 6, 7, 3), apart=apart)
    rule, trace = attached("itp", net, iterations=iterations), satisfied(net)
    for t, h in zip(found_targets(rule, net, trace), states(rule, net, trace), strict=True):
        np.testing.assert_array_equal(t, h)


@pytest.mark.parametrize(
    "rule",
    [TargetPropagation(), IteratedFromInverse(iterations=0), IteratedInOutputSpace()],
    ids=lambda rule: rule.name,
)
def test_without_the_difference_hidden_layers_change_even_with_no_error(rule):
    """So target propagation fails: its signal consists of the errors of its inverses."""
    net = dense_net((5, 4, 6, 7, 3))
    attached(rule, net)
    trace = satisfied(net)
    *hidden, top = found_targets(rule, net, trace)
    for t, h in zip(hidden, states(rule, net, trace), strict=False):
        assert relative(t, h) > 0.01
    np.testing.assert_array_equal(top, trace[net.weighted[-1]].a)


# -- weight updates -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("activation", "apart"), [("identity", False), ("tanh", True), ("relu", True)]
)
@pytest.mark.parametrize("bias", [True, False])
def test_the_minimum_norm_update_takes_a_linear_layer_to_its_target_in_one_step(
    bias, activation, apart
):
    """It is the smallest of all updates that reach the target of one sample."""
    net = dense_net((5, 4, 6, 7, 3), activation, bias=bias, apart=apart)
    rule = attached("itp", net, step_size=0.3, minimum_norm=True, layer_norm=False)
    x, y = batch(net, 1)
    trace = taught_trace(net, x, y)
    targets, before = found_targets(rule, net, trace), states(rule, net, trace)
    below = [trace[layer].h_below.copy() for layer in net.weighted]
    oracles.descend(net, oracles.teach(rule, net, trace), lr=0.3)
    for layer, h, t, was in zip(net.weighted[:-1], below, targets, before, strict=False):
        a = h @ layer.W + (0 if layer.b is None else layer.b)
        np.testing.assert_allclose(a, t, rtol=1e-9)
        assert relative(t, was) > 1e-3


def test_the_layerwise_factor_makes_gauss_newton_steps_from_gradients_of_scaled_rotations():
    """‖Δ_L‖² / ‖Δ_l‖² is ‖J‖² for J = c Q: this factor turns a gradient into Gauss-Newton."""
    net = square_net()
    for layer, scale in zip(net.weighted, (1.0, 0.3, 2.0, 0.5), strict=True):
        layer.W *= scale
    x, y = batch(net)
    backprop = attached("bp", net).updates(net, x, y)
    rule = attached("itp", net, step_size=0.01)
    give_exact_inverses(net)
    oracles.assert_close(rule.updates(net, x, y), backprop, rtol=1e-8)
    rule.layer_norm = False
    *hidden, _, _ = rule.updates(net, x, y)
    for found, true, J in zip(hidden, backprop, (0.3 * 2 * 0.5, 2 * 0.5), strict=False):
        np.testing.assert_allclose(found.dW, true.dW / J**2, rtol=1e-8)


LOCAL = {name: FROM_OUTPUT.get(name, {}) for name in oracles.DENSE_ONLY}


@pytest.mark.parametrize("activation", ["tanh", "logistic", "leaky_relu"])
@pytest.mark.parametrize("name", LOCAL)
def test_a_weight_update_is_the_gradient_of_the_layers_own_distance_to_its_target(name, activation):
    """½‖f_l(h_{l-1}) - t_l‖² / η̂ with fixed h_{l-1} and t_l, by finite differences."""
    net = dense_net((5, 4, 6, 7, 3), activation)
    rule = attached(name, net, **LOCAL[name])
    trace = taught_trace(net, *batch(net))
    targets, asked = found_targets(rule, net, trace), oracles.teach(rule, net, trace)
    f = oracles.ACTIVATIONS[activation][0]
    for layer, t, update in zip(net.weighted[:-1], targets, asked, strict=False):
        h = trace[layer].h_below

        def distance(layer=layer, h=h, t=t):
            gap = f(h @ layer.W + layer.b) - t
            return 0.5 * (gap**2).sum() / rule.step_size / len(h)

        for parameter, step in ((layer.W, update.dW), (layer.b, update.db)):
            slopes = oracles.differences(distance, parameter, range(parameter.size))
            np.testing.assert_allclose(step.reshape(-1), slopes, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", oracles.DENSE_ONLY)
def test_with_given_targets_no_weight_update_reads_another_layers_parameters(name):
    """Local learning: a layer needs its own input, output and target, and no other weights."""
    net = dense_net((5, 4, 6, 7, 3))
    rule = attached(name, net)
    trace = taught_trace(net, *batch(net))
    targets = found_targets(rule, net, trace)
    expected = oracles.teach(rule, net, trace)
    for layer in net.weighted:  # its own weights too: its output is in the trace
        layer.W[:] = layer.b[:] = np.nan
        if layer.inverse is not None:
            layer.inverse.B[:] = layer.inverse.c[:] = np.nan
    pairs = list(zip(rule.layers(net, trace), targets, strict=True))
    signals = [(own.layer, rule.teaching_signal(own, t, trace.error)) for own, t in pairs[:-1]]
    signals.append((net.weighted[-1], trace.error))
    oracles.assert_same(updates(trace, lambda part: signals, by_sample=False), expected)


def test_a_target_below_the_output_layer_needs_no_weights_unless_a_rule_claims_so():
    """Difference targets below the output layer depend only on the inverses."""
    net = dense_net((5, 4, 6, 7, 3))
    for name in DIFFERENCES:
        rule = attached(name, net)
        if name in ("itp", "itp_drl", "dtp"):
            continue
        assert not rule.uses.transport
        trace = taught_trace(net, *batch(net))
        expected, kept = found_targets(rule, net, trace), [layer.W.copy() for layer in net.weighted]
        for layer in net.weighted:
            layer.W[:] = np.nan
        for t, same in zip(found_targets(rule, net, trace), expected, strict=True):
            np.testing.assert_array_equal(t, same)
        for layer, W in zip(net.weighted, kept, strict=True):
            layer.W[:] = W


# -- both conventions, by the paper's formulas ----------------------------------------------------


def targets_by_hand(rule: Rule, net: Network, a: list[np.ndarray], e: np.ndarray):
    """Return the targets of f(x) = s(x) W + b and g(z) = s(z) B + c, for pre-activations a."""
    activation = net.weightless_above(net.weighted[0])[0].activation.name
    s, slope = oracles.ACTIVATIONS[activation]
    top, t = len(a) - 1, [*a[:-1], a[-1] - rule.step_size * e]
    for i in range(top, 0, -1):
        layer = net.weighted[i]
        if getattr(rule, "gradient_at_top", False) and i == top:
            t[i - 1] = a[i - 1] - rule.step_size * (e @ layer.W.T) * slope(a[i - 1])
            continue

        def f(x, layer=layer):
            return s(x) @ layer.W + (0 if layer.b is None else layer.b)

        def g(z, i=i, inverse=layer.inverse):
            return (z if i == top else s(z)) @ inverse.B + inverse.c

        if rule.name == "tp":
            t[i - 1] = g(t[i])
        for _ in range({"tp": 0, "itp": 3}.get(rule.name, 1)):
            t[i - 1] = t[i - 1] + g(t[i]) - g(f(t[i - 1]))
    return t


@pytest.mark.parametrize("samples", [1, 7])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("tp", {}),
        ("dtp", {"gradient_at_top": True}),
        ("dtp", {"gradient_at_top": False}),
        ("itp", {"layer_norm": False}),
        ("fwdtp", {}),
    ],
)
def test_with_separate_activations_targets_are_those_of_bengios_equations(
    name, options, activation, bias, samples
):
    """Its targets are pre-activations, so an update has no derivative."""
    net = dense_net((5, 4, 6, 7, 3), activation, bias=bias, apart=True)
    rule = attached(name, net, step_size=0.2, **options)
    trace = taught_trace(net, *batch(net, samples))
    a = [trace[layer].a.copy() for layer in net.weighted]
    expected = targets_by_hand(rule, net, a, trace.error)
    for found, t in zip(found_targets(rule, net, trace), expected, strict=True):
        np.testing.assert_allclose(found, t, rtol=1e-10, atol=1e-12)
    asked = oracles.teach(rule, net, trace)
    for i, layer in enumerate(net.weighted[:-1]):
        delta = (a[i] - expected[i]) / 0.2
        dW = trace[layer].h_below.T @ delta / samples
        np.testing.assert_allclose(asked[i].dW, dW, rtol=1e-9, atol=1e-12)
