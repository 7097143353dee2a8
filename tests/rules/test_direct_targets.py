"""Direct targets, and Gauss-Newton targets as the reference."""

import numpy as np
import oracles
import pytest
from oracles import attached, batch, dense_net, taught_trace

from nofb import Network
from nofb.activations import ACTIVATIONS
from nofb.rules import (
    GaussNewtonTargets,
)

# -- direct targets -------------------------------------------------------------------------------


def jacobians(net: Network) -> list[np.ndarray]:
    """Return ∂a_L / ∂h_l of a linear network, for rows (n_l, n_L), for every hidden layer."""
    found = [np.eye(net.n_outputs)]
    for layer in net.weighted[:0:-1]:
        found.insert(0, layer.W @ found[0])
    return found[:-1]


@pytest.mark.parametrize(("make", "other"), [(np.linalg.pinv, "gnt"), (np.transpose, "bp")])
def test_direct_inverses_of_a_linear_network_range_from_gauss_newton_to_backprop(make, other):
    """Q = J⁺ gives Gauss-Newton, and Q = Jᵀ gives backprop: DDTP depends on what Q has learned."""
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
    """δ_l = (e D_l) ∘ f'(a_l), for any D_l and any bias of the inverse."""
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
    """With fixed and linear inverses, the inverse's matrix is a feedback matrix."""
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


# -- Gauss-Newton, the reference ------------------------------------------------------------------


@pytest.mark.parametrize("net_name", oracles.NETS)
def test_strongly_damped_gauss_newton_targets_have_the_direction_of_the_gradient(net_name):
    """For large c, Δ is e J / c: the gradient divided by c."""
    net = oracles.NETS[net_name]()
    x, y = batch(net)
    backprop = attached("bp", net).updates(net, x, y)[:-1]
    rule = GaussNewtonTargets(damping=1e8)
    rule.attach(net)
    for found, true in zip(rule.updates(net, x, y), backprop, strict=False):
        np.testing.assert_allclose(1e8 * found.dW, true.dW, rtol=1e-5, atol=1e-10)


def test_undamped_gauss_newton_targets_move_the_output_by_the_error():
    """For each single layer: f(h_l - Δ_l) at the output is a_L - η̂ e, to first order."""
    net = dense_net((5, 7, 6, 4, 3), "identity", loss="squared_error")
    trace = taught_trace(net, *batch(net))
    rule = attached("gnt", net, damping=0.0)
    for delta, J in zip(oracles.hidden_signals(rule, net, trace), jacobians(net), strict=True):
        np.testing.assert_allclose(delta @ J, trace.error, rtol=1e-8, atol=1e-11)
        np.testing.assert_allclose(delta @ J @ np.linalg.pinv(J), delta, rtol=1e-7, atol=1e-10)
