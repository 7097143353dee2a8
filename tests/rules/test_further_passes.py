"""A rule with further passes: what it yields, and how its updates are computed."""

import numpy as np
import oracles
import pytest
from oracles import attached, batch, dense_net, taught_trace

from nofb import updates
from nofb.rules import FeedbackAlignment
from nofb.threads import team


class Twice(FeedbackAlignment):
    """Feedback alignment with further passes, which all equal the first one."""

    name = "twice"
    by_sample = False
    parts = 1

    def signals(self, net, trace):
        for layer, delta in list(super().signals(net, trace)):
            for _ in range(self.parts):
                yield layer, delta / self.parts, trace.again()


@pytest.mark.parametrize("parts", [1, 2, 3])
@pytest.mark.parametrize("make", [dense_net, oracles.conv_net])
def test_the_updates_of_several_passes_are_added(make, parts):
    """With two passes, the update must be neither half of the sum nor the last one alone."""
    net = make()
    x, y = batch(net)
    expected = oracles.teach(attached("fa", net), net, taught_trace(net, x, y))
    rule = attached(Twice(), net)
    rule.parts = parts
    trace = taught_trace(net, x, y)
    oracles.assert_close(oracles.teach(rule, net, trace), expected)
    oracles.assert_close(oracles.teach(rule, net, trace), expected)  # nothing is left of before
    fa = oracles.signals(attached("fa", net), net, taught_trace(net, x, y))
    for layer, delta in fa.items():
        np.testing.assert_allclose(trace.deltas[layer], delta, rtol=1e-12)


def test_a_signal_is_multiplied_by_the_activities_of_its_own_pass():
    """The activities of the first pass would give another update, without an error."""
    net = dense_net()
    trace = taught_trace(net, *batch(net))
    layer = net.weighted[1]
    noise = np.random.default_rng(0).normal(size=trace[layer].h_below.shape)

    class Noisy(FeedbackAlignment):
        name = "noisy"

        def signals(self, net, trace):
            for each, delta in list(super().signals(net, trace)):
                yield each, delta, trace.again({layer: noise})

    rule = attached(Noisy(), net)
    update = rule.teach(net, trace)[1]
    delta = oracles.signals(rule, net, trace)[layer]
    expected = (trace[layer].h_below + noise).T @ delta / len(noise)
    np.testing.assert_allclose(update.dW, expected, rtol=1e-12)


def test_passes_that_reuse_their_memory_do_not_mix_on_several_threads():
    """The second pass must not overwrite the first one before its product is computed."""
    net = dense_net((300, 200, 150, 10), dtype=np.float32)
    x, y = batch(net, 256)
    rule = attached(Twice(), net)
    rule.parts = 2
    expected = oracles.teach(attached("fa", net), net, taught_trace(net, x, y))
    attached(rule, net)
    with team():
        found = oracles.teach(rule, net, taught_trace(net, x, y))
    oracles.assert_close(found, expected, rtol=1e-3, atol=1e-5)


def test_a_batch_with_further_passes_cannot_be_cut(monkeypatch):
    """A piece would use the second pass of the whole batch."""
    monkeypatch.setattr(updates, "PIECE", 1)

    class Cut(Twice):
        name = "cut"
        by_sample = True

    net = dense_net()
    x, y = batch(net)
    with pytest.raises(ValueError, match="further passes cannot be cut: set its by_sample to Fal"):
        attached(Cut(), net).updates(net, x, y)
