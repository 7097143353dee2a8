"""Sparse direct feedback: the errors that a unit receives, their scale, and the result."""

import numpy as np
import oracles
import pytest
from oracles import attached, batch, dense_net, normal, taught_trace

import nofb
from nofb import Dense, Network, Update, rules


def updates(net, x, target):
    """Return the updates of the paper's equations, with samples as columns."""
    a, h = oracles.columns_forward(net, x)
    e, found = h[-1] - target.T, []
    for i, layer in enumerate(net.weighted):
        slope = oracles.ACTIVATIONS[layer.activation.name][1](a[i])
        delta = e if layer is net.weighted[-1] else layer.D.T @ e * slope
        db = None if layer.b is None else delta.mean(axis=1)
        found.append(Update(dW=(delta @ h[i].T / len(x)).T, db=db))
    return found


EQUATIONS = {"sparse_dfa": updates}
DEFAULTS = {"sparse_dfa": {"entries": 1}}
USES = {"sparse_dfa": "error feedback"}
BOUNDS = {("sparse_dfa", "entries"): ((1, 2), (0, -1, None))}
KERNELS = {"sparse_direct_feedback.project": lambda: (normal(7, 3), normal(3, 5))}


def matrices(net):
    return [layer.D for layer in net.weighted[:-1]]


@pytest.mark.parametrize("make", [dense_net, oracles.conv_net])
@pytest.mark.parametrize("entries", [1, 2, 3])
def test_every_unit_uses_the_given_number_of_outputs_and_every_output_is_used(entries, make):
    """With more entries it is another rule; with equal rows some errors would be lost."""
    net = make()
    attached("sparse_dfa", net, entries=entries)
    for D in matrices(net):
        assert ((D != 0).sum(axis=0) == entries).all()
    assert (matrices(net)[0] != 0).any(axis=1).all()


@pytest.mark.parametrize(("outputs", "entries"), [(4, 1), (9, 4)])
def test_entries_are_uniform_up_to_one_over_s(outputs, entries):
    """s = √(n_l / √(n_L k)): with another size the paper's learning rates would not fit."""
    units = 20_000
    net = Network([Dense(2, units, "tanh"), Dense(units, outputs)], dtype=np.float64)
    attached("sparse_dfa", net, entries=entries)
    (D,) = matrices(net)
    used, largest = D[D != 0], 1 / np.sqrt(units / np.sqrt(outputs * entries))
    assert 0.99 * largest < np.abs(used).max() <= largest
    assert used.std() == pytest.approx(largest / np.sqrt(3), rel=0.02)
    assert used.mean() == pytest.approx(0, abs=0.02 * largest)


def test_a_unit_with_one_entry_does_not_depend_on_the_errors_of_other_outputs():
    """Otherwise one connection for each unit would not be enough."""
    net = dense_net((5, 8, 9, 3))
    rule = attached("sparse_dfa", net)
    trace = taught_trace(net, *batch(net))
    before = oracles.hidden_signals(rule, net, trace)
    trace.error[:, 0] += 1.0
    after = oracles.hidden_signals(rule, net, trace)
    for D, one, other in zip(matrices(net), before, after, strict=True):
        unused = D[0] == 0
        assert unused.any() and not unused.all()
        np.testing.assert_array_equal(one[:, unused], other[:, unused])
        assert (one[:, ~unused] != other[:, ~unused]).all()


def test_with_the_same_matrices_it_is_direct_feedback_alignment():
    """The rules differ only in D."""
    net, other = dense_net(), dense_net()
    x, y = batch(net)
    sparse, dense = attached("sparse_dfa", net, entries=2), attached("dfa", other)
    for layer, twin in zip(net.weighted[:-1], other.weighted[:-1], strict=True):
        twin.D = layer.D
    oracles.assert_same(sparse.updates(net, x, y), dense.updates(other, x, y))


def test_one_error_for_each_unit_trains_hidden_layers_that_are_wide_enough():
    """With fewer units than outputs, as in `nofb check`, some errors are not used at all."""
    digits = nofb.datasets.load("digits")
    right = {}
    for name in ("shallow", "sparse_dfa"):
        net = Network([Dense(64, 32, "tanh"), Dense(32, 10)], seed=0)
        run = nofb.fit(net, rules.make(name), digits, epochs=8, optimizer=nofb.RMSprop(lr=0.003),
                       probe=0, progress=False)  # fmt: skip
        right[name] = run.history["test_accuracy"][-1]
    assert right["sparse_dfa"] > right["shallow"] + 0.03


def test_more_entries_than_outputs_are_refused():
    """A unit cannot use more outputs than there are."""
    with pytest.raises(ValueError, match="entries is 4, but there are only 3 output errors"):
        attached("sparse_dfa", dense_net(), entries=4)
    assert rules.make("sparse_dfa", entries=4).entries == 4
