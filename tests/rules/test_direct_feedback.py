"""The forms of direct feedback: of the error, of its signs, of the label; sparse and shared."""

import numpy as np
import oracles
import pytest
from oracles import attached, batch, dense_net, taught_trace
from rules.families import DIRECT, NETS

# -- direct random target projection, and error signs ---------------------------------------------


@pytest.mark.parametrize("net_name", NETS)
def test_target_projection_is_half_the_negated_error_signs_plus_a_constant(net_name):
    """With outputs in (0, 1), y = ½ (1 - sign(ŷ - y)): the label determines the error's sign."""
    net = oracles.NETS[net_name](loss="binary_cross_entropy")
    trace = taught_trace(net, *batch(net))
    by_target = oracles.hidden_signals(attached("drtp", net), net, trace)
    by_sign = oracles.hidden_signals(attached("sdfa", net), net, trace)
    ones = np.ones_like(trace.error)
    for layer, target, sign in zip(net.weighted[:-1], by_target, by_sign, strict=True):
        constant = trace.delta(layer, ones @ layer.D).reshape(sign.shape)
        np.testing.assert_allclose(target, 0.5 * (constant - sign), rtol=1e-10, atol=1e-14)


def test_target_projection_gives_samples_of_one_class_the_same_signal():
    """Up to the derivative, the signal is a row of D: the one of the label."""
    net = dense_net(activation="identity")
    x, y = batch(net)
    trace = taught_trace(net, x, y)
    deltas = oracles.hidden_signals(attached("drtp", net), net, trace)
    for layer, delta in zip(net.weighted, deltas, strict=False):
        np.testing.assert_allclose(delta, layer.D[y], rtol=1e-12)


@pytest.mark.parametrize("name", ["bp", "fa", "dfa", "drtp", "shallow"])
def test_only_target_projection_teaches_hidden_layers_without_the_output(name):
    """Other output weights give other errors, but the label is the same."""
    net = dense_net()
    x, y = batch(net)
    rule = attached(name, net)
    before = oracles.teach(rule, net, taught_trace(net, x, y))
    net.weighted[-1].W += 1
    net.weighted[-1].W[:, 0] *= -1
    after = oracles.teach(rule, net, taught_trace(net, x, y))
    for one, other in zip(before[:-1], after[:-1], strict=True):
        assert oracles.unlike(one.dW, other.dW) == (name not in ["drtp", "shallow"])
    assert oracles.unlike(before[-1].dW, after[-1].dW)


# -- the forms of direct feedback -----------------------------------------------------------------


@pytest.mark.parametrize("name", DIRECT)
@pytest.mark.parametrize("entries", [1, 2, 3])
def test_sparse_feedback_has_a_fixed_number_of_entries_for_each_unit(name, entries):
    """Crafton's question is how few entries a unit needs, so the number must be exact."""
    net, dense = dense_net((5, 40, 3)), dense_net((5, 40, 3))
    attached(name, net, entries=entries)
    attached(name, dense)
    D, full = net.weighted[0].D, dense.weighted[0].D
    assert ((D != 0).sum(axis=0) == entries).all()
    kept = D != 0
    np.testing.assert_allclose(D[kept], full[kept] * np.sqrt(3 / entries), rtol=1e-12)
    assert kept.any(axis=1).all()  # every output is used by some unit


def test_a_sparse_unit_depends_only_on_its_own_errors():
    """A change of another error must not change the unit's signal."""
    net = dense_net()
    rule = attached("dfa", net, entries=1)
    trace = taught_trace(net, *batch(net))
    before = oracles.hidden_signals(rule, net, trace)
    for output in range(3):
        error = trace.error.copy()
        trace.error[:, output] += 1
        after = oracles.hidden_signals(rule, net, trace)
        trace.error[:] = error
        for layer, one, other in zip(net.weighted, before, after, strict=False):
            np.testing.assert_array_equal((one != other).any(axis=0), layer.D[output] != 0)


@pytest.mark.parametrize("name", DIRECT)
@pytest.mark.parametrize("net_name", NETS)
def test_shared_feedback_is_one_matrix_and_each_layer_uses_its_first_columns(name, net_name):
    """Launay's method: one projection serves every layer, cut to its width."""
    net = oracles.NETS[net_name]()
    attached(name, net, shared=True)
    *hidden, _ = net.weighted
    widest = max((layer.D for layer in hidden), key=lambda D: D.shape[1])
    for layer in hidden:
        assert layer.D.shape == (3, net.units_shown(layer))
        np.testing.assert_array_equal(layer.D, widest[:, : layer.D.shape[1]])


def test_feedback_matrices_are_independent_unless_shared():
    """Two hidden layers of one width must not get the same projection by mistake."""
    net = dense_net((5, 6, 6, 3))
    attached("dfa", net)
    lower, upper = (layer.D for layer in net.weighted[:-1])
    assert not np.isin(lower, upper).any()


def test_more_entries_than_outputs_are_refused():
    """A unit cannot use more errors than there are."""
    with pytest.raises(ValueError, match="entries is 4, but there are only 3 output errors"):
        attached("dfa", dense_net(), entries=4)
