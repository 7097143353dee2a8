"""Feedback that learns without weight transport: every rule on a steered backbone."""

import numpy as np
import pytest
from transfer.cases import NAMES, batch, model, weights

from nofb import SGD, rules
from nofb.rules import RULES
from nofb.training.step import step
from nofb.transfer import METHODS
from nofb.updates import other_updates


def attached(rule, net):
    rule = rules.make(rule)
    rule.attach(net, seed=4)
    return rule


def taught(rule, net):
    """Return all updates of one batch: of weights, and of ξ, prompts and norms."""
    x, y = batch(net)
    trace = net.forward(x, train=True).set_target(net.as_target(y, len(x)))
    found = [array for update in rule.teach(net, trace)
             for array in (update.dW, update.db) if array is not None]  # fmt: skip
    return found + [each for part in other_updates(trace).values() for each in part.values()]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("method", list(METHODS))
def test_feedback_alignment_with_transposed_weights_is_backprop(method, name):
    """All other computation, in attention and the mask, is the same for both."""
    net = model(method, name)
    wanted = taught(attached("bp", net), net)
    rule = attached("fa", net)
    for layer in net.weighted:
        if layer.B is not None:
            vars(layer).update(B=layer.W.T)
    for found, true in zip(taught(rule, net), wanted, strict=True):
        np.testing.assert_array_equal(found, true)


@pytest.mark.parametrize("name", NAMES)
def test_no_signal_is_sent_where_nothing_learns(name):
    """Block 1 gets its signal only from the values, and the probe's head sends none."""
    net = model("toast", name)
    attached("fa", net)
    first = net.steered.blocks[0].attention
    assert first.query.B is None and first.key.B is None
    assert first.value.B is not None
    assert all(A.B is not None for A in (*net.steered.A, *net.steered.C))
    assert net.steered.P.B is not None  # for ξ
    probe = model("linear", name)
    attached("fa", probe)
    assert probe.last.B is None


def test_layers_that_are_unfrozen_later_are_taught():
    """Whether a signal is needed is decided when it is sent, not when the network is made."""
    net = model("toast")
    first = net.steered.blocks[0].norms[0]
    before = len(taught(attached("bp", net), net))
    first.frozen = False
    updates = taught(attached("bp", net), net)
    assert len(updates) == before + 2
    assert np.abs(updates[-1]).max() > 0


REFUSED = "sends targets|must not|needs|branch|changes each sample|tokens|takes"


@pytest.mark.parametrize("method", ["toast", "lora", "prompts", "toast_lite"])
@pytest.mark.parametrize("rule", list(RULES))
def test_every_rule_teaches_a_model_or_says_why_not(rule, method):
    """A student who tries another rule must not get a traceback from a kernel."""
    net = model(method, dtype=np.float32)
    x, y = batch(net)
    still = weights(net)
    try:
        rule = attached(rule, net)
        for _ in range(2):
            trace = net.forward(x, train=True).set_target(net.as_target(y, len(x)))
            step(net, rule, SGD(lr=0.01), trace)
    except ValueError as error:
        assert str(error).count(" ") > 5, error
        return
    moved = [not np.array_equal(a, b) for a, b in zip(still, weights(net), strict=True)]
    assert any(moved)
    net.check_weights()
