"""Rules without weight transport on residual networks and transformers."""

import numpy as np
import pytest
from networks.cases import NAMES, attached, batch, build, learning, taught

from nofb import SGD
from nofb.diagnosis import angle
from nofb.rules import RULES
from nofb.rules.targets import TargetRule
from nofb.rules.weight_mirror import WeightMirror
from nofb.trace import Trace
from nofb.training.step import step

NEEDS_A_CHAIN = [name for name in RULES if issubclass(RULES[name], TargetRule) or name == "gnt"]
ON_SAMPLES = ("pepita", "ff")  # these change samples, but a token cannot be changed a little
MIRRORS = [name for name in RULES if issubclass(RULES[name], WeightMirror)]
SIGNS = ("usf", "brsf", "frsf")


def with_feedback(net):
    return [layer for layer in net.weighted if layer.B is not None]


@pytest.mark.parametrize("name", NAMES)
def test_feedback_alignment_with_transposed_weights_is_backprop_exactly(name):
    """All other computation, in norms, sums and attention, is the same for both."""
    net, (x, y) = build(name), batch(name)
    true = taught(net, attached("bp", net), x, y)
    rule = attached("fa", net)
    for layer in with_feedback(net):
        vars(layer).update(B=layer.W.T)  # the view that backprop multiplies with, not a copy
    for mine, wanted in zip(taught(net, rule, x, y), true, strict=True):
        for key, gradient in wanted.items():
            np.testing.assert_array_equal(mine[key], gradient)


@pytest.mark.parametrize("name", NAMES)
def test_every_matrix_but_the_first_has_its_own_feedback(name):
    """Shortcuts and the four matrices of attention, too; the first one sends no signal further."""
    net = build(name)
    attached("fa", net)
    bare = [layer for layer in net.weighted if layer.B is None]
    assert bare == net.weighted[:1]
    for layer in with_feedback(net):
        assert layer.B.shape == layer.W.shape[::-1]


@pytest.mark.parametrize("name", NAMES)
def test_kolen_pollack_shrinks_every_difference_by_its_decay(name):
    """W - Bᵀ gets no update, on any path of the signals: (1 - λ) to the power of the steps."""
    net, (x, y) = build(name), batch(name)
    rule, optimizer = attached("kp", net, decay=0.01), SGD(lr=0.05)
    before = [layer.W - layer.B.T for layer in with_feedback(net)]
    first = [layer.W.copy() for layer in with_feedback(net)]
    trace, target = Trace(net, len(x)), net.as_target(y, len(x))
    for _ in range(10):
        trace.fill(net.as_input(x), train=True).set_target(target)
        step(net, rule, optimizer, trace)
    for layer, was, W in zip(with_feedback(net), before, first, strict=True):
        np.testing.assert_allclose(layer.W - layer.B.T, 0.99**10 * was, rtol=1e-11, atol=1e-13)
        assert not np.allclose(layer.W, 0.99**10 * W)  # so that the weights have changed, too


@pytest.mark.parametrize("name", NAMES)
def test_a_mirror_learns_every_feedback_matrix(name):
    """Its input may be patches, tokens or pixels."""
    net = build(name)
    rule = attached("wm", net, steps_before=0, samples=128)
    assert min(angle(layer.B, layer.W.T) for layer in with_feedback(net)) > 20
    rule.mirror(net, steps=200)
    assert max(angle(layer.B, layer.W.T) for layer in with_feedback(net)) < 15


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("signs", SIGNS)
def test_sign_symmetry_uses_the_signs_of_every_matrix(name, signs):
    """A matrix that was forgotten would send random signals."""
    net, (x, y) = build(name), batch(name)
    taught(net, attached(signs, net), x, y)
    for layer in with_feedback(net):
        np.testing.assert_array_equal(np.sign(layer.B), np.sign(layer.W.T))


def direct(net):
    return [(layer, layer.D) for layer in net.weighted if layer.D is not None]


@pytest.mark.parametrize("name", NAMES)
def test_direct_feedback_has_a_column_for_each_output_of_a_layer(name):
    """After pooling; and for one token if every token has its own output."""
    net, (x, y) = build(name), batch(name)
    rule = attached("dfa", net)
    assert [layer for layer, _ in direct(net)] == net.weighted[:-1]
    for layer, D in direct(net):
        shown = net.shown(layer).shape_out
        units = shown[-1] if name == "language_model" else np.prod(shown)
        assert D.shape == (net.n_outputs, units)
    for update in rule.updates(net, x, y):
        assert np.isfinite(update.dW).all() and update.dW.any()


@pytest.mark.parametrize("name", NAMES)
def test_direct_feedback_trains_what_is_between_a_matrix_and_its_output(name):
    """No signal arrives at a norm that several matrices receive from: its γ and β do not change."""
    net, (x, y) = build(name), batch(name)
    rule = attached("dfa", net)
    trace = net.forward(x, train=True).set_target(net.as_target(y, len(x)))
    rule.teach(net, trace)
    above = [each for layer in net.weighted for each in net.weightless_above(layer)]
    assert set(trace.passed) == {layer for layer in above if layer.parameters()}


@pytest.mark.parametrize("name", NAMES)
def test_direct_feedback_to_blocks_trains_all_parameters(name):
    """γ and β, the class token and positions learn too: the signal passes them inside a block."""
    net, (x, y) = build(name), batch(name)
    rule = attached("dfa_blocks", net)
    for layer, D in direct(net):
        (block,) = [each for each in net.blocks() if each.weighted[-1] is layer]
        assert D.shape == (net.n_outputs, net.units_of(block.top))
    trace = net.forward(x, train=True).set_target(net.as_target(y, len(x)))
    assert all(np.isfinite(update.dW).all() for update in rule.teach(net, trace))
    assert set(trace.deltas) | set(trace.passed) == set(learning(net))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rule", [name for name in RULES if name not in NEEDS_A_CHAIN])
def test_every_rule_that_sends_signals_trains_every_matrix(name, rule):
    """A NaN or a matrix that never learns would be visible only in a long run."""
    net, (x, y) = build(name), batch(name)
    if name == "language_model" and rule in ON_SAMPLES:
        with pytest.raises(ValueError, match="this network has tokens"):
            attached(rule, net)
        return
    rule = attached(rule, net, **({"steps_before": 1} if rule in MIRRORS else {}))
    for layer, update in zip(net.weighted, rule.updates(net, x, y), strict=True):
        assert np.isfinite(update.dW).all()
        assert update.dW.any() or not rule.learns(net, layer)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rule", NEEDS_A_CHAIN)
def test_rules_that_send_targets_say_where_they_do_not_apply(name, rule):
    """A rule must not silently do something wrong on a network that it does not support."""
    net, (x, y) = build(name), batch(name)
    with pytest.raises(ValueError, match=r"\w{3,} \w{3,} \w+"):
        attached(rule, net).updates(net, x, y)
