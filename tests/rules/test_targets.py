"""Targets: what must be true of them and of the steps they ask for, whatever the inverses learned.

Inverses that are exact, linear or orthogonal have closed forms; layers that need not be square are
not, so that no transpose can hide.
"""

import numpy as np
import oracles
import pytest
from oracles import attached, batch, dense_net, relative, taught_trace

from nofb import Network, Trace
from nofb.activations import ACTIVATIONS, Activation
from nofb.layers import Chain, Dense, Inverse
from nofb.rules import (
    GaussNewtonTargets,
    IteratedFromInverse,
    IteratedInOutputSpace,
    IteratedInverses,
    Rule,
    TargetPropagation,
)
from nofb.updates import updates

DIFFERENCES = [name for name in oracles.DENSE_ONLY if name != "tp"]  # rules that send a difference
BY_LAYER = ["tp", "dtp", "itp"]  # rules that take either convention, and one inverse after another
FROM_OUTPUT = {  # every rule, with an inverse for the output layer too, and steps as they are
    "tp": {},
    "dtp": {"gradient_at_top": False},
    "itp": {"layer_norm": False},
}

UNDO = {
    "identity": ACTIVATIONS["identity"],
    "tanh": Activation("artanh", lambda h, a: np.arctanh(h, out=a), lambda signal, a: None),
    "logistic": Activation(
        "logit", lambda h, a: np.log(h / (1 - h), out=a), lambda signal, a: None
    ),
    "leaky_relu": Activation(
        "steep_relu", lambda h, a: np.copyto(a, np.where(h > 0, h, 100 * h)), lambda signal, a: None
    ),
}


def square_net(activation: str = "identity", size: int = 4, **arguments) -> Network:
    """Return four layers that all have as many outputs as inputs."""
    options = {"loss": "squared_error", "init": "orthogonal"} | arguments
    return dense_net((size,) * 5, activation, **options)


def bent(net: Network, seed: int = 3) -> Network:
    """Make orthogonal weights merely invertible."""
    rng = np.random.default_rng(seed)
    for layer in net.weighted:
        layer.W += 0.2 * rng.normal(size=layer.W.shape)
    return net


def give_exact_inverses(net: Network) -> None:
    """Let every g_l undo f_l: its bias, its matrix and its activation."""
    for layer in net.weighted[1:]:
        B, apart = np.linalg.inv(layer.W), net.weightless_above(net.below(layer))
        undo = UNDO[(apart[0] if apart else layer).activation.name]
        layer.inverse = Inverse(B, undo) if apart else Inverse(B, before=Chain(undo))
        if layer.b is not None:
            layer.inverse.c[:] = -layer.b @ B
        layer.B = B


def found_targets(rule: Rule, net: Network, trace: Trace) -> list[np.ndarray]:
    """Return every layer's target, from the input side up, each in memory of its own."""
    found = {layer: t.copy() for layer, t in rule.targets(net, trace)}
    return [found[layer] for layer in net.weighted]


def states(rule: Rule, net: Network, trace: Trace) -> list[np.ndarray]:
    """Return what the targets stand for, from the input side up."""
    return [rule.state(trace, layer).copy() for layer in net.weighted]


def up(net: Network, index: int, x: np.ndarray) -> np.ndarray:
    """Send a state of the layer below a layer through it, by the textbook."""
    layer, last = net.weighted[index], index == len(net.weighted) - 1
    b = 0 if layer.b is None else layer.b
    f = oracles.ACTIVATIONS[layer.activation.name][0]
    for apart in net.weightless_above(net.below(layer)):
        x = oracles.ACTIVATIONS[apart.activation.name][0](x)
    return x @ layer.W + b if last else f(x @ layer.W + b)


@pytest.mark.parametrize("name", oracles.DENSE_ONLY)
def test_a_rule_of_targets_meets_every_layer_with_what_it_received_and_gave(name):
    """h_l = f_l(h_{l-1}), for layers of any width, from the samples up."""
    net = dense_net((5, 4, 6, 3))
    rule, trace = attached(name, net), taught_trace(net, *batch(net))
    layers = rule.layers(net, trace)
    assert [own.layer for own in layers] == net.weighted
    for own in layers:
        np.testing.assert_allclose(own.f(own.h_below), own.h, atol=1e-12)


# -- exact inverses ------------------------------------------------------------------------------


@pytest.mark.parametrize("samples", [1, 7])
@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("activation", UNDO)
@pytest.mark.parametrize("name", BY_LAYER)
def test_exact_inverses_send_down_what_the_layer_would_answer_with_its_target(
    name, activation, apart, samples
):
    """t_{l-1} = f_l⁻¹(t_l): the difference takes nothing off, and no iteration adds."""
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
def test_exact_inverses_of_linear_layers_ask_for_the_gauss_newton_step(name, bias):
    """Δ_l = J_l⁻¹ Δ_L is the step of Gauss and Newton, sample by sample: Bengio's main point."""
    net = bent(square_net(bias=bias))
    x, y = batch(net)
    newton = attached("gnt", net, damping=0.0).updates(net, x, y)
    rule = attached(name, net, **FROM_OUTPUT[name], step_size=0.5)
    give_exact_inverses(net)
    oracles.assert_close(rule.updates(net, x, y), newton, rtol=1e-8)
    assert oracles.unlike(newton[0].dW, attached("bp", net).updates(net, x, y)[0].dW)


@pytest.mark.parametrize("name", BY_LAYER)
def test_exact_inverses_of_bent_layers_come_to_gauss_newton_as_the_step_shrinks(name):
    """Only the first order is Gauss-Newton's, so a tenth of the step has a tenth of the error."""
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
def test_exact_inverses_of_orthogonal_layers_ask_for_the_gradient(name):
    """Where the inverse is the transpose, Gauss-Newton's step is backprop's."""
    net = square_net()
    x, y = batch(net)
    backprop = attached("bp", net).updates(net, x, y)
    options = {"damping": 0.0} if name == "gnt" else FROM_OUTPUT[name]
    rule = attached(name, net, **options)
    if name != "gnt":
        give_exact_inverses(net)
    oracles.assert_close(rule.updates(net, x, y), backprop, rtol=1e-8)


# -- nothing asked, nothing changed --------------------------------------------------------------


def contented(net: Network, samples: int = 7) -> Trace:
    """Return the trace of a batch whose targets are just what the network answers."""
    trace = net.forward(batch(net, samples)[0])
    return trace.set_target(trace.output.copy())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("name", DIFFERENCES)
def test_an_output_that_is_its_own_target_leaves_every_layer_as_it_is(name, activation, dtype):
    """What an inverse gets wrong cancels, whatever it is: the point of the difference."""
    net = dense_net((5, 4, 6, 7, 3), activation, dtype=dtype)
    rule, trace = attached(name, net), contented(net)
    for t, h in zip(found_targets(rule, net, trace), states(rule, net, trace), strict=True):
        np.testing.assert_array_equal(t, h)
    assert not any(array.any() for array in oracles.parts(rule.teach(net, trace)))


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("iterations", [0, 1, 2, 7])
def test_every_latent_iterate_leaves_a_contented_network_as_it_is(iterations, apart):
    """g(t) - g(f(h)) is nothing where f(h) = t, so that an iteration has nowhere to go."""
    net = dense_net((5, 4, 6, 7, 3), apart=apart)
    rule, trace = attached("itp", net, iterations=iterations), contented(net)
    for t, h in zip(found_targets(rule, net, trace), states(rule, net, trace), strict=True):
        np.testing.assert_array_equal(t, h)


@pytest.mark.parametrize(
    "rule",
    [TargetPropagation(), IteratedFromInverse(iterations=0), IteratedInOutputSpace()],
    ids=lambda rule: rule.name,
)
def test_without_the_difference_a_contented_network_is_taught_to_change(rule):
    """That is why target propagation fails: its inverses' faults are all a layer hears."""
    net = dense_net((5, 4, 6, 7, 3))
    attached(rule, net)
    trace = contented(net)
    *hidden, top = found_targets(rule, net, trace)
    for t, h in zip(hidden, states(rule, net, trace), strict=False):
        assert relative(t, h) > 0.01
    np.testing.assert_array_equal(top, trace[net.weighted[-1]].a)


# -- iterated inverses ---------------------------------------------------------------------------


def linear_pair(wrong: float, size: int = 6, seed: int = 0) -> tuple[Dense, Inverse]:
    """Return a linear layer, and an inverse that is wrong by so much: ‖W B - 1‖."""
    rng = np.random.default_rng(seed)
    W = np.linalg.qr(rng.normal(size=(size, size)))[0] @ np.diag(rng.uniform(0.5, 2, size))
    fault = rng.normal(size=(size, size))
    B = np.linalg.inv(W) @ (np.eye(size) + wrong * fault / np.linalg.norm(fault, 2))
    return oracles.layer_of(W, rng.normal(size=size)), Inverse(B)


def errors_of(kind, f: Dense, g: Inverse, iterations: int, samples: int = 5) -> list[np.ndarray]:
    """Return how far each sample is from the solution, after 0, 1, 2, ... iterations."""
    rng = np.random.default_rng(9)
    wanted = rng.normal(size=(samples, f.W.shape[0]))
    start, t = wanted + 0.3 * rng.normal(size=wanted.shape), f(wanted)
    return [
        np.linalg.norm(kind(iterations=k).target_below(f, g, start, t, t) - wanted, axis=1)
        for k in range(iterations + 1)
    ]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("wrong", [0.1, 0.5, 0.9])
def test_a_latent_iteration_of_linear_layers_is_never_slower_than_its_constant(wrong, seed):
    """‖h^(k) - h*‖ ≤ Lip^k ‖h^(0) - h*‖: the theorem that the whole rule rests on."""
    f, g = linear_pair(wrong, seed=seed)
    start, *errors = errors_of(IteratedInverses, f, g, iterations=8)
    constant = np.linalg.svd(f.W @ g.B - np.eye(6), compute_uv=False)[0]
    for k, error in enumerate(errors, start=1):
        assert (error <= constant**k * start * (1 + 1e-9) + 1e-13).all()
    assert (errors[-1] < start).all()


def test_a_latent_iteration_beyond_the_bound_leads_away():
    """Where g ∘ f - id stretches every direction, iterating does harm, and nothing hides it."""
    f, _ = linear_pair(0.0)
    g = Inverse(2.5 * np.linalg.inv(f.W))
    errors = errors_of(IteratedInverses, f, g, iterations=6)
    for k, error in enumerate(errors):
        np.testing.assert_allclose(error, 1.5**k * errors[0], rtol=1e-9)


def test_an_iteration_in_output_space_reaches_its_target_with_a_crude_inverse():
    """f(h) = t in the end, though g is a tenth wrong; a hundred times less with each two steps."""
    f, g = linear_pair(0.1)
    errors = errors_of(IteratedInOutputSpace, f, g, iterations=30)
    assert errors[0].max() > 0.01
    assert errors[-1].max() < 1e-13


@pytest.mark.parametrize("kind", [IteratedInverses, IteratedInOutputSpace])
@pytest.mark.parametrize("apart", [False, True])
def test_iterated_targets_are_met_by_every_layer_of_a_network_with_crude_inverses(apart, kind):
    """Layer by layer f_l(t_{l-1}) = t_l, with inverses that are a tenth wrong."""
    net = bent(square_net("tanh", apart=apart))
    rule = attached(kind(iterations=80, step_size=1e-3, layer_norm=False), net)
    give_exact_inverses(net)
    rng = np.random.default_rng(1)
    for layer in net.weighted[1:]:
        layer.inverse.B *= 1 + 0.02 * rng.uniform(-1, 1, layer.B.shape)
    trace = taught_trace(net, *batch(net))
    targets = found_targets(rule, net, trace)
    for index in range(1, len(net.weighted)):
        answer = up(net, index, targets[index - 1])
        np.testing.assert_allclose(answer, targets[index], rtol=1e-9, atol=1e-11)


def crude(net) -> None:
    """Give every layer an inverse that is a tenth wrong."""
    give_exact_inverses(net)
    for layer in net.weighted[1:]:
        layer.inverse.B *= 1.1
        layer.inverse.c *= 1.1


def test_iterating_ends_for_each_sample_when_little_of_its_way_is_left():
    """`residual` is the share of the way that may be missed; any further step would be wasted."""
    net = bent(square_net("tanh"))
    options = {"iterations": 80, "step_size": 1e-2, "layer_norm": False, "residual": 0.01}
    rule = attached("itp", net, **options)
    crude(net)
    trace = taught_trace(net, *batch(net))
    targets, before = found_targets(rule, net, trace), states(rule, net, trace)
    for index in range(1, len(net.weighted)):
        answer = up(net, index, targets[index - 1])
        missed = np.linalg.norm(answer - targets[index], axis=1)
        way = np.linalg.norm(targets[index] - before[index], axis=1)
        assert (missed > 1e-5 * way).all() and (missed <= 0.01 * way).all()


@pytest.mark.parametrize("kind", [IteratedInverses, IteratedInOutputSpace])
@pytest.mark.parametrize("residual", [0.0, 0.3, 0.1])
def test_the_update_of_a_batch_is_the_mean_over_its_samples_with_any_residual(residual, kind):
    """Stopped by a norm over the batch, a sample's step would depend on who sits beside it."""
    net = square_net("identity")
    rule = kind(iterations=5, step_size=0.3, residual=residual, inverse_steps=0)
    attached(rule, net)
    give_exact_inverses(net)
    rng = np.random.default_rng(1)
    for layer in net.weighted[1:]:  # worse for some samples than for others
        layer.inverse.B *= 1 + 0.3 * rng.uniform(-1, 1, layer.B.shape)
    x, y = batch(net)
    together = rule.updates(net, x, y)
    alone = [rule.updates(net, x[[n]], y[[n]]) for n in range(len(x))]
    for index, update in enumerate(together):
        mean = np.mean([each[index].dW for each in alone], axis=0)
        np.testing.assert_allclose(update.dW, mean, rtol=1e-9, atol=1e-13)


def test_damping_takes_so_much_of_each_iteration():
    """Half of each step leaves half of a linear layer's error, if the inverse is exact."""
    f, g = linear_pair(0.0)
    g.c[:] = -f.b @ g.B
    rng = np.random.default_rng(9)
    wanted = rng.normal(size=(5, 6))
    rule, t = IteratedInverses(iterations=3, damping=0.5), f(wanted)
    h = rule.target_below(f, g, np.zeros_like(wanted), t, t)
    np.testing.assert_allclose(h, (1 - 0.5**3) * wanted, rtol=1e-9)


# -- the family of iterated inverses -------------------------------------------------------------


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_one_iteration_from_the_state_is_difference_target_propagation(activation, apart):
    """The derivation in the paper's title: the difference is the first iterate."""
    net, twin = (dense_net((5, 4, 6, 7, 3), activation, apart=apart) for _ in range(2))
    shared = {"step_size": 0.1, "inverse_init": "xavier"}
    rule = attached("itp", net, iterations=1, layer_norm=False, **shared)
    other = attached("dtp", twin, gradient_at_top=False, **shared)
    x, y = batch(net)
    oracles.assert_close(rule.updates(net, x, y), other.updates(twin, x, y), atol=1e-11)


def test_no_iteration_from_the_inverse_is_target_propagation():
    """Target propagation is where an iteration may begin."""
    net, twin = (dense_net((5, 4, 6, 7, 3)) for _ in range(2))
    rule = attached(IteratedFromInverse(iterations=0, layer_norm=False), net)
    x, y = batch(net)
    oracles.assert_same(rule.updates(net, x, y), attached("tp", twin).updates(twin, x, y))


@pytest.mark.parametrize("layer_norm", [False, True])
def test_no_iteration_from_the_state_is_no_target_at_all(layer_norm):
    """h is sent to h; and a factor that would divide nothing by nothing must not be NaN."""
    net = dense_net((5, 4, 6, 7, 3))
    rule = attached("itp", net, iterations=0, layer_norm=layer_norm)
    *hidden, top = rule.updates(net, *batch(net))
    assert not any(array.any() for array in oracles.parts(hidden))
    assert top.dW.any()


def test_difference_reconstruction_iterated_once_undamped_is_difference_reconstruction():
    """The two differ in the iteration and in where their inverses start, and in nothing else."""
    net, twin = (dense_net((5, 4, 6, 7, 3)) for _ in range(2))
    rule = attached("itp_drl", net, iterations=1, damping=1.0)
    x, y = batch(net)
    expected = attached("dtp_drl", twin).updates(twin, x, y)
    oracles.assert_close(rule.updates(net, x, y), expected, atol=1e-11)


def test_inverses_that_start_at_zero_teach_hidden_layers_nothing_until_they_learn():
    """They give what they learned from the output alone, so at first they must give nothing."""
    net = dense_net((5, 4, 6, 7, 3))
    rule = attached("itp_drl", net, inverse_init="zeros")
    x, y = batch(net)
    *hidden, top = rule.updates(net, x, y)
    assert not any(array.any() for array in oracles.parts(hidden)) and top.dW.any()
    trace = taught_trace(net, x, y)
    for _ in range(3):
        rule.learn_feedback(net, trace)
    assert all(update.dW.any() for update in rule.updates(net, x, y))


# -- weight steps --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("activation", "apart"), [("identity", False), ("tanh", True), ("relu", True)]
)
@pytest.mark.parametrize("bias", [True, False])
def test_the_minimum_norm_step_takes_a_linear_layer_to_its_target_at_once(bias, activation, apart):
    """Of all steps that reach the target of one sample it is the smallest, and it reaches it."""
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


def test_the_layerwise_factor_makes_gauss_newton_steps_of_scaled_rotations_gradients():
    """‖Δ_L‖² / ‖Δ_l‖² is ‖J‖² where J = c Q: the scale that Gauss-Newton turns round."""
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
def test_a_weight_step_is_the_gradient_of_the_layers_own_distance_to_its_target(name, activation):
    """½‖f_l(h_{l-1}) - t_l‖² / η̂, with h_{l-1} and t_l as they are: measured, not derived."""
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
def test_no_weight_step_reads_another_layers_parameters_once_targets_are_there(name):
    """Local learning: a layer needs its own input, output and target, and nobody's weights."""
    net = dense_net((5, 4, 6, 7, 3))
    rule = attached(name, net)
    trace = taught_trace(net, *batch(net))
    targets = found_targets(rule, net, trace)
    expected = oracles.teach(rule, net, trace)
    for layer in net.weighted:  # its own weights too: what it gave is in the trace
        layer.W[:] = layer.b[:] = np.nan
        if layer.inverse is not None:
            layer.inverse.B[:] = layer.inverse.c[:] = np.nan
    pairs = list(zip(rule.layers(net, trace), targets, strict=True))
    signals = [(own.layer, rule.teaching_signal(own, t, trace.error)) for own, t in pairs[:-1]]
    signals.append((net.weighted[-1], trace.error))
    oracles.assert_same(updates(trace, lambda part: signals, by_sample=False), expected)


def test_a_target_below_needs_nothing_of_the_weights_but_where_a_rule_says_so():
    """Difference targets travel through inverses alone, below the output layer."""
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


# -- either convention, by the paper's formulas --------------------------------------------------


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
def test_with_activations_apart_targets_are_those_of_bengios_equations(
    name, options, activation, bias, samples
):
    """Its targets are pre-activations, so that no slope is left in a step."""
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


# -- direct targets ------------------------------------------------------------------------------


def jacobians(net: Network) -> list[np.ndarray]:
    """Return ∂a_L / ∂h_l of a linear network, for rows (n_l, n_L), for every hidden layer."""
    found = [np.eye(net.n_outputs)]
    for layer in net.weighted[:0:-1]:
        found.insert(0, layer.W @ found[0])
    return found[:-1]


@pytest.mark.parametrize(("make", "other"), [(np.linalg.pinv, "gnt"), (np.transpose, "bp")])
def test_direct_inverses_of_a_linear_network_span_from_gauss_newton_to_backprop(make, other):
    """Q = J⁺ gives the one and Q = Jᵀ the other: what DDTP learns decides what it is."""
    net = dense_net((5, 7, 6, 4, 3), "identity", loss="squared_error")
    x, y = batch(net)
    expected = attached(other, net, **({"damping": 0.0} if other == "gnt" else {}))
    expected = expected.updates(net, x, y)
    rule = attached("ddtp", net)
    for layer, J in zip(net.weighted, jacobians(net), strict=False):
        layer.inverse.B[:] = make(J)
    oracles.assert_close(rule.updates(net, x, y), expected, rtol=1e-7)


@pytest.mark.parametrize("samples", [1, 7])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_linear_direct_targets_are_direct_feedback_alignment_with_a_matrix_that_learns(
    activation, samples
):
    """δ_l = (e D_l) ∘ f'(a_l), whatever D_l is and whatever bias the inverse has."""
    net = dense_net((5, 4, 6, 7, 3), activation)
    x, y = batch(net, samples)
    rule = attached("ddtp", net)
    matrices = [layer.D.copy() for layer in net.weighted[:-1]]
    for layer in net.weighted[:-1]:
        layer.inverse.c[:] = np.random.default_rng(4).normal(size=layer.n_out)
    found = rule.updates(net, x, y)
    direct = attached("dfa", net)
    for layer, D in zip(net.weighted, matrices, strict=False):
        layer.D = D
    oracles.assert_close(found, direct.updates(net, x, y), rtol=1e-8, atol=1e-11)


def test_fixed_linear_inverses_are_feedback_alignment():
    """With nothing learned and nothing bent, the inverse's matrix is a feedback matrix."""
    net = dense_net((5, 4, 6, 7, 3))
    x, y = batch(net)
    rule = attached("fwdtp", net, inverse_activation="identity")
    matrices = [layer.B for layer in net.weighted]
    found = rule.updates(net, x, y)
    fa = attached("fa", net)
    for layer, B in zip(net.weighted, matrices, strict=True):
        layer.B = B
    backward = fa.updates(net, x, y)
    np.testing.assert_allclose(found[2].dW, backward[2].dW, rtol=1e-9)
    net = dense_net((5, 4, 6, 7, 3), "identity")
    rule = attached("fwdtp", net)
    matrices = [layer.B for layer in net.weighted]
    found, fa = rule.updates(net, x, y), attached("fa", net)
    for layer, B in zip(net.weighted, matrices, strict=True):
        layer.B = B
    oracles.assert_close(found, fa.updates(net, x, y), rtol=1e-8, atol=1e-11)


# -- Gauss-Newton, the yardstick -----------------------------------------------------------------


@pytest.mark.parametrize("net_name", oracles.NETS)
def test_strongly_damped_gauss_newton_targets_point_along_the_gradient(net_name):
    """For large c, Δ is e J / c: the gradient, a c-th as long."""
    net = oracles.NETS[net_name]()
    x, y = batch(net)
    backprop = attached("bp", net).updates(net, x, y)[:-1]
    rule = GaussNewtonTargets(damping=1e8)
    rule.attach(net)
    for found, true in zip(rule.updates(net, x, y), backprop, strict=False):
        np.testing.assert_allclose(1e8 * found.dW, true.dW, rtol=1e-5, atol=1e-10)


def test_undamped_gauss_newton_targets_move_the_output_by_the_error():
    """Each layer by itself: f(h_l - Δ_l) at the output is a_L - η̂ e, to first order."""
    net = dense_net((5, 7, 6, 4, 3), "identity", loss="squared_error")
    trace = taught_trace(net, *batch(net))
    rule = attached("gnt", net, damping=0.0)
    for delta, J in zip(oracles.hidden_signals(rule, net, trace), jacobians(net), strict=True):
        np.testing.assert_allclose(delta @ J, trace.error, rtol=1e-8, atol=1e-11)
        np.testing.assert_allclose(delta @ J @ np.linalg.pinv(J), delta, rtol=1e-7, atol=1e-10)
