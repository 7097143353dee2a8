"""A batch that is cut into pieces gives the same updates, and is cut only where this is allowed.

Pieces are made for threads (see test_threads.py) and for large signals: the tests force both.
"""

import numpy as np
import oracles
import pytest
from oracles import attached, batch, dense_net, taught_trace

import nofb.updates
from nofb import rules
from nofb.rules import FeedbackAlignment

NETS = oracles.NETS | {"dropout": lambda: dense_net(dropout=0.4)}
RULES_AND_NETS = [
    *oracles.RULES_AND_NETS,
    *((name, "dropout") for name in rules.RULES if name not in oracles.DENSE_ONLY),
]


def cut_into(monkeypatch, count: int) -> None:
    """Cut every batch of a rule that may be cut into a number of pieces."""
    monkeypatch.setattr(nofb.updates, "count_pieces", lambda trace, work: min(count, trace.samples))


@pytest.mark.parametrize("count", [3, 7])
@pytest.mark.parametrize(("name", "net_name"), RULES_AND_NETS)
def test_a_batch_in_pieces_gives_the_updates_of_the_whole_batch(name, net_name, count, monkeypatch):
    """7 samples as 2, 2 and 3: with rows in the wrong place a network would train, but worse."""
    net = NETS[net_name]()
    rule = attached(name, net)
    trace = taught_trace(net, *batch(net))
    whole = oracles.teach(rule, net, trace)
    deltas = {layer: delta.copy() for layer, delta in trace.deltas.items()}
    cut_into(monkeypatch, count)
    oracles.assert_close(oracles.teach(rule, net, trace), whole)
    assert list(trace.deltas) == list(deltas)
    for layer, delta in deltas.items():
        found = trace.deltas[layer]
        assert found.shape == trace[layer].a.shape
        np.testing.assert_allclose(found, delta.reshape(found.shape), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["kp", "kp_released"])
def test_the_update_of_feedback_is_over_all_pieces(name, monkeypatch):
    """dB is a product over the whole batch, like dW."""
    net = oracles.conv_net()
    rule = attached(name, net)
    cut_into(monkeypatch, 3)
    for layer, update in zip(net.weighted, rule.updates(net, *batch(net)), strict=True):
        if layer.B is not None:
            np.testing.assert_allclose(update.dB, update.dW.T, rtol=1e-9, atol=1e-13)


def test_pieces_follow_their_trace_from_batch_to_batch(monkeypatch):
    """`fit` has one trace for all batches, and the last batch is smaller."""
    net = oracles.conv_net()
    rule = attached("fa", net)
    large = taught_trace(net, *batch(net))
    for samples in (7, 3, 7):
        x, y = batch(net, samples, seed=samples)
        monkeypatch.undo()
        expected = rule.updates(net, x, y)
        cut_into(monkeypatch, 3)
        trace = large.rows(samples).fill(net.as_input(x), train=True)
        oracles.assert_close(rule.teach(net, trace.set_target(net.as_target(y, samples))), expected)


def test_a_smaller_batch_is_at_the_start_of_the_memory_of_a_larger_one():
    """A user who reads the whole trace after the last batch of an epoch finds it there."""
    net = dense_net()
    whole = taught_trace(net, *batch(net))
    assert whole.first == 0 and whole.rows(7) is whole
    small = whole.rows(3).fill(net.as_input(batch(net, 3, seed=5)[0]))
    assert (small.first, small.samples) == (0, 3)
    for layer in net.layers:
        np.testing.assert_array_equal(whole[layer].h[:3], small[layer].h)


def counted(kind: type[FeedbackAlignment]) -> list[int]:
    """Return the number of samples in each call of `signals`, for one batch of seven."""
    seen = []

    class Counting(kind):
        by_sample = kind.by_sample

        def signals(self, net, trace):
            seen.append(trace.samples)
            return super().signals(net, trace)

    net = dense_net()
    attached(Counting(), net).updates(net, *batch(net))
    return seen


class Own(FeedbackAlignment):
    """A custom rule that does not declare whether samples are independent."""


class OwnBySample(FeedbackAlignment):
    """A custom rule that declares that samples are independent."""

    by_sample = True


class Centred(FeedbackAlignment):
    """Feedback alignment whose signals have the mean of the batch subtracted."""

    def signals(self, net, trace):
        for layer, delta in super().signals(net, trace):
            yield layer, delta - delta.mean(axis=0)


def test_only_a_rule_that_declares_it_is_taught_in_pieces(monkeypatch):
    """The declaration of a base class says nothing about methods that a custom rule overrides."""
    cut_into(monkeypatch, 3)
    assert FeedbackAlignment.by_sample and not Own.by_sample
    assert counted(Own) == [7]
    assert counted(OwnBySample) == [2, 2, 3]


@pytest.mark.parametrize("module", ["a_rule", "nofb_rules", "nofbx.rules", "my.nofb", "zoo", ""])
def test_a_custom_rule_is_recognised_by_its_module_with_any_name(module):
    """With a file name before `nofb` in the alphabet, its batches were cut by mistake."""
    own = type("Own", (FeedbackAlignment,), {"__module__": module})
    assert not own.by_sample
    assert type("Own", (FeedbackAlignment,), {"__module__": module, "by_sample": True}).by_sample
    assert type("New", (FeedbackAlignment,), {"__module__": "nofb.rules.new"}).by_sample
    assert not type("Own", (rules.Rule,), {"__module__": module}).by_sample


def test_a_rule_with_statistics_of_the_batch_gets_the_whole_batch(monkeypatch):
    """The mean of a piece differs: the step would depend on the number of threads."""
    net = dense_net()
    rule = attached(Centred(), net)
    x, y = batch(net)
    whole = oracles.teach(rule, net, taught_trace(net, x, y))
    cut_into(monkeypatch, 3)
    oracles.assert_same(oracles.teach(rule, net, taught_trace(net, x, y)), whole)
    assert not any(update.db.any() for update in rounded(whole))


def rounded(updates):
    """Return updates without rounding errors."""
    for update in updates:
        update.db[np.abs(update.db) < 1e-12] = 0
    return updates


def test_large_signals_are_computed_in_pieces_and_small_ones_are_not(monkeypatch):
    """To allocate many megabytes takes longer than the arithmetic in them."""
    net = dense_net()
    trace = taught_trace(net, *batch(net))
    size = 7 * net.signal_bytes
    for piece, count in ((size, 1), (size - 1, 2), (size // 3 + 1, 3), (1, 7)):
        monkeypatch.setattr(nofb.updates, "PIECE", piece)
        assert nofb.updates.count_pieces(trace, work=7 * net.work) == count
