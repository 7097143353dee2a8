"""Iterated inverses: the limit of an iteration, its speed, and how its variants are related."""

import numpy as np
import oracles
import pytest
from oracles import attached, batch, dense_net, taught_trace
from rules.exact import bent, found_targets, give_exact_inverses, square_net, states, up

from nofb.activations import ACTIVATIONS
from nofb.layers import Dense, Inverse
from nofb.rules import (
    IteratedFromInverse,
    IteratedInOutputSpace,
    IteratedInverses,
)

# -- iterated inverses ----------------------------------------------------------------------------


def linear_pair(wrong: float, size: int = 6, seed: int = 0) -> tuple[Dense, Inverse]:
    """Return a linear layer, and an inverse with a given error ‖W B - 1‖."""
    rng = np.random.default_rng(seed)
    W = np.linalg.qr(rng.normal(size=(size, size)))[0] @ np.diag(rng.uniform(0.5, 2, size))
    fault = rng.normal(size=(size, size))
    B = np.linalg.inv(W) @ (np.eye(size) + wrong * fault / np.linalg.norm(fault, 2))
    return oracles.layer_of(W, rng.normal(size=size)), Inverse(B)


def errors_of(kind, f: Dense, g: Inverse, iterations: int, samples: int = 5) -> list[np.ndarray]:
    """Return the distance of each sample from the solution, after 0, 1, 2, ... iterations."""
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
    """‖h^(k) - h*‖ ≤ Lip^k ‖h^(0) - h*‖: the theorem behind the rule."""
    f, g = linear_pair(wrong, seed=seed)
    start, *errors = errors_of(IteratedInverses, f, g, iterations=8)
    constant = np.linalg.svd(f.W @ g.B - np.eye(6), compute_uv=False)[0]
    for k, error in enumerate(errors, start=1):
        assert (error <= constant**k * start * (1 + 1e-9) + 1e-13).all()
    assert (errors[-1] < start).all()


def test_a_latent_iteration_with_a_constant_above_one_diverges():
    """If g ∘ f - id stretches every direction, iterations do harm, and must not hide it."""
    f, _ = linear_pair(0.0)
    g = Inverse(2.5 * np.linalg.inv(f.W))
    errors = errors_of(IteratedInverses, f, g, iterations=6)
    for k, error in enumerate(errors):
        np.testing.assert_allclose(error, 1.5**k * errors[0], rtol=1e-9)


def test_an_iteration_in_output_space_reaches_its_target_with_a_poor_inverse():
    """f(h) = t in the limit, though g has an error of a tenth; two steps divide it by a hundred."""
    f, g = linear_pair(0.1)
    errors = errors_of(IteratedInOutputSpace, f, g, iterations=30)
    assert errors[0].max() > 0.01
    assert errors[-1].max() < 1e-13


@pytest.mark.parametrize("kind", [IteratedInverses, IteratedInOutputSpace])
@pytest.mark.parametrize("apart", [False, True])
def test_iterated_targets_are_reached_by_every_layer_with_poor_inverses(apart, kind):
    """Layer by layer f_l(t_{l-1}) = t_l, with inverses that have an error of a tenth."""
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
    """Give every layer an inverse with an error of a tenth."""
    give_exact_inverses(net)
    for layer in net.weighted[1:]:
        layer.inverse.B *= 1.1
        layer.inverse.c *= 1.1


def test_iterating_ends_for_each_sample_when_its_residual_is_small():
    """`residual` is the fraction of the change that may remain; further steps would be wasted."""
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
    """With a norm over the batch, a sample's update would depend on the other samples."""
    net = square_net("identity")
    rule = kind(iterations=5, step_size=0.3, residual=residual, inverse_steps=0)
    attached(rule, net)
    give_exact_inverses(net)
    rng = np.random.default_rng(1)
    for layer in net.weighted[1:]:  # larger errors for some samples than for others
        layer.inverse.B *= 1 + 0.3 * rng.uniform(-1, 1, layer.B.shape)
    x, y = batch(net)
    together = rule.updates(net, x, y)
    alone = [rule.updates(net, x[[n]], y[[n]]) for n in range(len(x))]
    for index, update in enumerate(together):
        mean = np.mean([each[index].dW for each in alone], axis=0)
        np.testing.assert_allclose(update.dW, mean, rtol=1e-9, atol=1e-13)


def test_damping_multiplies_each_step_of_the_iteration():
    """Half of each step halves the error of a linear layer, if the inverse is exact."""
    f, g = linear_pair(0.0)
    g.c[:] = -f.b @ g.B
    rng = np.random.default_rng(9)
    wanted = rng.normal(size=(5, 6))
    rule, t = IteratedInverses(iterations=3, damping=0.5), f(wanted)
    h = rule.target_below(f, g, np.zeros_like(wanted), t, t)
    np.testing.assert_allclose(h, (1 - 0.5**3) * wanted, rtol=1e-9)


# -- the family of iterated inverses --------------------------------------------------------------


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_one_iteration_from_the_state_is_difference_target_propagation(activation, apart):
    """The paper derives it: the difference is the first iterate."""
    net, twin = (dense_net((5, 4, 6, 7, 3), activation, apart=apart) for _ in range(2))
    shared = {"step_size": 0.1, "inverse_init": "xavier"}
    rule = attached("itp", net, iterations=1, layer_norm=False, **shared)
    other = attached("dtp", twin, gradient_at_top=False, **shared)
    x, y = batch(net)
    oracles.assert_close(rule.updates(net, x, y), other.updates(twin, x, y), atol=1e-11)


def test_no_iteration_from_the_inverse_is_target_propagation():
    """Target propagation is one possible start of the iteration."""
    net, twin = (dense_net((5, 4, 6, 7, 3)) for _ in range(2))
    rule = attached(IteratedFromInverse(iterations=0, layer_norm=False), net)
    x, y = batch(net)
    oracles.assert_same(rule.updates(net, x, y), attached("tp", twin).updates(twin, x, y))


@pytest.mark.parametrize("layer_norm", [False, True])
def test_no_iteration_from_the_state_gives_no_target_change(layer_norm):
    """The target is h itself; a factor 0 / 0 must not give NaN."""
    net = dense_net((5, 4, 6, 7, 3))
    rule = attached("itp", net, iterations=0, layer_norm=layer_norm)
    *hidden, top = rule.updates(net, *batch(net))
    assert not any(array.any() for array in oracles.parts(hidden))
    assert top.dW.any()


def test_difference_reconstruction_iterated_once_undamped_is_difference_reconstruction():
    """Both differ only in the iteration and in the start of their inverses."""
    net, twin = (dense_net((5, 4, 6, 7, 3)) for _ in range(2))
    rule = attached("itp_drl", net, iterations=1, damping=1.0)
    x, y = batch(net)
    expected = attached("dtp_drl", twin).updates(twin, x, y)
    oracles.assert_close(rule.updates(net, x, y), expected, atol=1e-11)


def test_inverses_that_start_at_zero_give_no_signal_until_they_learn():
    """They learn only from the output, so they must give 0 at first."""
    net = dense_net((5, 4, 6, 7, 3))
    rule = attached("itp_drl", net, inverse_init="zeros")
    x, y = batch(net)
    *hidden, top = rule.updates(net, x, y)
    assert not any(array.any() for array in oracles.parts(hidden)) and top.dW.any()
    trace = taught_trace(net, x, y)
    for _ in range(3):
        rule.learn_feedback(net, trace)
    assert all(update.dW.any() for update in rule.updates(net, x, y))
