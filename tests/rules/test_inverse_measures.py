"""What is measured of inverses, and the warnings while they learn."""

import numpy as np
import oracles
import pytest
from oracles import attached, batch, dense_net, taught_trace
from rules.inverses import SIZES, train

from nofb import SGD
from nofb.activations import ACTIVATIONS
from nofb.diagnosis import DEFAULT, GAUSS_NEWTON, TARGETS, ProbeBatch, View
from nofb.diagnosis.contraction import lipschitz
from nofb.diagnosis.targets import (
    inverse_residuals,
    lipschitz_constants,
    residual,
)
from nofb.jacobians import null_space_fraction, output_jacobians
from nofb.layers import Chain, Inverse
from nofb.rules.gauss_newton_targets import gauss_newton


def dense_jacobian(function, x: np.ndarray) -> np.ndarray:
    """Return ∂function / ∂x at one point (n_from, n_to), by finite differences."""
    rows = []
    for i in range(x.size):
        shift = np.zeros_like(x)
        shift[i] = 1e-6
        rows.append((function(x + shift) - function(x - shift)) / 2e-6)
    return np.array(rows)


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("n", [4, 7])
def test_the_lipschitz_constant_is_the_largest_singular_value_of_the_jacobian(n, activation, apart):
    """Power iteration approaches from below the value from an SVD of a Jacobian by differences."""
    rng, s = np.random.default_rng(3), ACTIVATIONS[activation]
    W, b = rng.normal(size=(5, n)), rng.normal(size=n)
    f = Chain(s, oracles.layer_of(W, b)) if apart else oracles.layer_of(W, b, activation)
    B, c = rng.normal(size=(n, 5)), rng.normal(size=5)
    g = Inverse(B, before=Chain(s)) if apart else Inverse(B, s)
    g.c = c
    x = rng.normal(size=(3, 5))
    for point, found in zip(x, lipschitz(f, g, x), strict=True):
        J = dense_jacobian(lambda h: (g(f(h[None])) - h)[0], point)
        exact = np.linalg.svd(J, compute_uv=False)[0]
        assert found <= exact * (1 + 1e-6)
        assert found == pytest.approx(exact, rel=0.02)


def test_the_reported_constant_is_of_the_side_where_it_can_be_small():
    """If a layer has fewer units than the one below, g ∘ f cannot be the identity."""
    net = dense_net((5, 4, 8, 3), "identity")
    rule = attached("itp", net)
    for layer in net.weighted[1:]:
        layer.inverse.B[:] = np.linalg.pinv(layer.W)
    view = View(rule, taught_trace(net, *batch(net)))
    constants, residuals = lipschitz_constants(view), inverse_residuals(view)
    assert np.isnan(constants[0])
    np.testing.assert_allclose(constants[1:], 0, atol=1e-9)
    assert np.isnan(residuals[0])
    np.testing.assert_allclose(residuals[2], 0, atol=1e-9)


def test_the_residual_is_relative_to_the_change_that_the_target_requests():
    """‖c_1 W - c_2‖ / ‖c_2‖ of a linear layer, for any size of the changes c."""
    net = dense_net((5, 4, 3), "identity")
    rule, trace = attached("tp", net), taught_trace(net, *batch(net))
    below, layer = net.weighted
    rng = np.random.default_rng(1)
    asked, asked_below = (rng.normal(size=trace[each].a.shape) for each in (layer, below))
    expected = np.linalg.norm(asked_below @ layer.W - asked) / np.linalg.norm(asked)
    own = rule.layers(net, trace)[1]
    for scale in (1, 100):
        assert residual(own, scale * asked, scale * asked_below) == pytest.approx(expected)


def test_no_latent_iteration_of_a_trained_network_is_slower_than_its_constant():
    """The mean-value theorem on the line from h to h*, for trained inverses."""
    net = dense_net((6, 8, 8, 3))
    rule = attached("itp", net, inverse_lr=0.01, epochs_before=60)
    train(net, rule, epochs=5)
    layer = net.weighted[1]
    trace, rng = taught_trace(net, *batch(net)), np.random.default_rng(2)
    f, g = rule.layers(net, trace)[1].f, layer.inverse
    solution = trace[net.weighted[0]].h.copy()
    h = np.clip(solution + 0.05 * rng.normal(size=solution.shape), -0.999, 0.999)
    t = f(solution)
    for _ in range(5):
        way = [lipschitz(f, g, solution + at * (h - solution)) for at in np.linspace(0, 1, 21)]
        before = np.linalg.norm(h - solution, axis=1)
        h = h + g(t) - g(f(h))
        after = np.linalg.norm(h - solution, axis=1)
        assert (after <= 1.05 * np.max(way, axis=0) * before).all()


def test_the_null_space_fraction_is_the_rest_after_a_singular_value_decomposition():
    """Computed independently with the right singular vectors of every sample's Jacobian."""
    net = dense_net((5, 7, 6, 3))
    trace = taught_trace(net, *batch(net))
    rng = np.random.default_rng(6)
    for _, J in output_jacobians(trace):
        change = rng.normal(size=(7, J.shape[2]))
        change[0] = 0
        found = null_space_fraction(J, change)
        assert np.isnan(found[0])
        for n in range(1, 7):
            V = np.linalg.svd(J[n])[2]
            left = V[3:] @ change[n]
            np.testing.assert_allclose(found[n], left @ left / (change[n] @ change[n]), rtol=1e-9)
        heard = np.einsum("njk,nj->nk", J, rng.normal(size=(7, 3)))
        np.testing.assert_allclose(null_space_fraction(J, heard), 0, atol=1e-12)


@pytest.mark.parametrize("damping", [0.0, 0.3])
def test_the_gauss_newton_step_is_the_damped_least_squares_solution(damping):
    """argmin ‖Δ Jᵀ - e‖² + c ‖Δ‖², as another solver finds it; c = 0: the shortest one."""
    rng = np.random.default_rng(0)
    J, e = rng.normal(size=(6, 3, 5)), rng.normal(size=(6, 3))
    for n, found in enumerate(gauss_newton(J, e, damping)):
        tall = np.concatenate([J[n], np.sqrt(damping) * np.eye(5)]) if damping else J[n]
        wanted = np.concatenate([e[n], np.zeros(5)]) if damping else e[n]
        np.testing.assert_allclose(found, np.linalg.lstsq(tall, wanted, rcond=None)[0], rtol=1e-9)


@pytest.mark.parametrize("net_name", oracles.NETS)
def test_the_jacobians_are_those_of_finite_differences(net_name):
    """Through derivatives, pooling and convolutions: each output by each layer's bias."""
    net = oracles.NETS[net_name]()
    x, y = batch(net, 1)
    trace, last = taught_trace(net, x, y), net.weighted[-1]
    for layer, J in output_jacobians(trace):
        slope = layer.activation.slope(trace[layer].a[0])
        for output, row in enumerate(J[0]):
            slopes = oracles.differences(
                lambda output=output: net.forward(x)[last].a[0, output], layer.b, range(layer.n_out)
            )
            felt = (row.reshape(slope.shape) * slope).reshape(-1, layer.n_out).sum(axis=0)
            np.testing.assert_allclose(felt, slopes, rtol=1e-6, atol=1e-8)


def test_the_gauss_newton_angle_is_zero_for_gauss_newton_and_not_for_backprop():
    """It is measured beside the angle to the gradient, and must not equal it."""
    net = dense_net((6, 9, 8, 4))
    x, y = batch(net)
    measured = {}
    for name in ("gnt", "bp", "ddtp"):
        rule = attached(name, net)
        probe = ProbeBatch(net, net.as_input(x), net.as_target(y, len(x)), DEFAULT + GAUSS_NEWTON)
        measured[name] = probe.measure(rule)
    np.testing.assert_allclose(measured["gnt"]["gauss_newton_angle"], 0, atol=1e-4)
    newton, gradient = measured["bp"]["gauss_newton_angle"], measured["gnt"]["step_angle"]
    np.testing.assert_allclose(newton, gradient, atol=1e-4)
    assert newton[:-1].min() > 5 and newton[-1] < 1e-4
    of_targets = {measure.name for measure in TARGETS}
    assert of_targets <= set(measured["ddtp"])
    assert not of_targets & set(measured["bp"])


@pytest.mark.parametrize("name", oracles.DENSE_ONLY)
def test_the_history_holds_the_measures_of_targets(name):
    """Otherwise a user could not see why a run fails."""
    net = dense_net(SIZES)
    history = train(net, attached(name, net), epochs=2, probe=5).history
    for measure in TARGETS:
        assert history[measure.name].shape == (2, 4)
        assert history.start[measure.name].shape == (4,)
    hidden = {"inverse_residual": slice(1, 4), "null_space_share": slice(0, 3)}
    for measure, where in hidden.items():
        assert np.isfinite(history[measure][:, where]).all(), measure
    known = [bool(layer.inverse) for layer in net.weighted]
    assert np.isfinite(history["reconstruction_loss"]).all(axis=0).tolist() == known
    direct = [name != "ddtp" and has for has in known]
    assert np.isfinite(history["lipschitz"]).all(axis=0).tolist() == direct


def test_the_measured_reconstruction_loss_falls_as_inverses_learn():
    """It is the loss of the reconstruction step, with fixed samples and fixed noise."""
    net = dense_net(SIZES)
    rule = attached("tp", net, inverse_lr=0.01, epochs_before=10)
    history = train(net, rule, epochs=3, probe=5, optimizer=SGD(1e-9)).history
    falling = history.from_start("reconstruction_loss")[:, 1:]
    assert (np.diff(falling, axis=0) < 0).all()
