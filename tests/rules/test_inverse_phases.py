"""When inverses learn: their phases, their optimizer, their steps."""

import warnings

import numpy as np
import oracles
import pytest
from oracles import attached, batch, dense_net, taught_trace
from rules.inverses import LEARNERS, SIZES, train, trained_inverses

from nofb import SGD, Dense, Network, rules
from nofb.diagnosis import ContractionWarning, View
from nofb.diagnosis.targets import (
    lipschitz_constants,
)
from nofb.layers import Inverse
from nofb.rules.targets import TargetRule

# -- when inverses learn --------------------------------------------------------------------------


@pytest.mark.parametrize("name", LEARNERS)
@pytest.mark.parametrize(("steps", "before", "between"), [(1, 0, 0), (3, 2, 1), (0, 1, 2)])
def test_inverses_take_as_many_steps_as_requested(name, steps, before, between, monkeypatch):
    """Papers differ in when weights and inverses learn, and in the number of steps."""
    net = dense_net(SIZES)
    told = {"inverse_steps": steps, "epochs_before": before, "epochs_between": between}
    rule = attached(name, net, **told)
    taken, step = [], rule.step_inverses
    monkeypatch.setattr(rule, "step_inverses", lambda *these: taken.append(1) or step(*these))
    train(net, rule, epochs=3)
    batches = 3
    alone = (before + 2 * between) * batches * max(1, steps)
    assert len(taken) == 3 * batches * steps + alone


def test_weights_are_fixed_while_inverses_learn_alone_and_inverses_while_weights_learn():
    """Lee et al. alternate: one epoch for the inverses, then one for the weights."""
    net = dense_net(SIZES)
    rule = attached("dtp", net)
    told = []

    class Watching(SGD):
        def step_all(self, moves):
            told.append([layer.inverse.B.copy() for layer in rule.inverted(net)])
            super().step_all(moves)

    start, W = [layer.inverse.B.copy() for layer in rule.inverted(net)], net.weighted[0].W.copy()
    trace = taught_trace(net, *batch(net))
    rule.learn_feedback(net, trace)
    np.testing.assert_array_equal(net.weighted[0].W, W)
    train(net, rule, epochs=2, optimizer=Watching(0.1))
    first, second = told[:3], told[3:]
    for epoch in (first, second):
        for now in epoch[1:]:
            for B, B_before in zip(now, epoch[0], strict=True):
                np.testing.assert_array_equal(B, B_before)
    assert all(oracles.unlike(now, then) for now, then in zip(first[0], start, strict=True))
    assert all(oracles.unlike(now, then) for now, then in zip(second[0], first[0], strict=True))


def test_inverses_follow_their_own_schedule():
    """Their rate falls by their own schedule, independently of that of the weights."""
    net = dense_net(SIZES)
    rule = attached("dtp_drl", net, inverse_schedule="cosine", inverse_lr=0.01)
    optimizers = [layer.rule_state.optimizer for layer in net.weighted[1:]]
    shares, step = [], rule.step_inverses

    def noting(*these):
        step(*these)
        shares.append({optimizer.factor for optimizer in optimizers})

    rule.step_inverses = noting
    train(net, rule, epochs=2)
    moments = [0, 0, 0, *np.arange(6) / 6]  # one epoch before the first, and two more
    shares = np.array([share for (share,) in shares])  # one optimizer for all inverses
    np.testing.assert_allclose(shares, [(1 + np.cos(np.pi * at)) / 2 for at in moments])
    assert all(optimizer.lr == 0.01 for optimizer in optimizers)


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adam", "adamw"])
def test_inverses_have_their_own_optimizer_with_a_decay(optimizer):
    """A step with decay λ and without a gradient is λ B, and no bias ever decays."""
    net = dense_net(SIZES)
    rule = attached("tp", net, inverse_optimizer=optimizer, inverse_decay=0.1, inverse_lr=1e-12)
    before = [layer.inverse.B.copy() for layer in net.weighted[1:]]
    rule.learn_feedback(net, taught_trace(net, *batch(net)))
    for layer, B in zip(net.weighted[1:], before, strict=True):
        np.testing.assert_allclose(layer.inverse.B, 0.9 * B, atol=1e-9)
        np.testing.assert_allclose(layer.inverse.c, 0, atol=1e-9)
        assert layer.inverse.B is layer.B


@pytest.mark.parametrize("name", LEARNERS)
def test_a_rule_that_taught_another_network_continues_with_the_first(name):
    """One rule and several networks are usual in a notebook; their averages must not mix."""
    net, twin = dense_net(SIZES), dense_net(SIZES)
    rule, other = (attached(name, each, inverse_steps=1) for each in (net, twin))
    for each, stack in ((rule, net), (other, twin)):
        oracles.learn(each, stack, *batch(stack), steps=2)
    rule.attach(dense_net((5, 9, 8, 3)), seed=4)
    for each, stack in ((rule, net), (other, twin)):
        oracles.learn(each, stack, *batch(stack), steps=2)
    for layer, same in zip(net.weighted, twin.weighted, strict=True):
        np.testing.assert_array_equal(layer.W, same.W)
        if layer.inverse is not None:
            np.testing.assert_array_equal(layer.inverse.B, same.inverse.B)


def test_fixed_inverses_never_change_in_any_phase():
    """The rule claims that its inverses need not learn."""
    net = dense_net(SIZES)
    rule = attached("fwdtp", net, epochs_before=1, epochs_between=1, inverse_steps=2)
    before = [(layer.inverse.B.copy(), layer.inverse.c.copy()) for layer in net.weighted[1:]]
    train(net, rule)
    for layer, (B, c) in zip(net.weighted[1:], before, strict=True):
        np.testing.assert_array_equal(layer.inverse.B, B)
        np.testing.assert_array_equal(layer.inverse.c, c)


@pytest.mark.parametrize("name", LEARNERS)
def test_a_reconstruction_step_lowers_its_loss(name):
    """Otherwise an inverse would change without learning."""
    rule, formulas, net, trace = trained_inverses(name, inverse_optimizer="sgd", inverse_lr=0.01)
    layers = rule.inverted(net)
    losses = [np.mean([formulas.loss(net.weighted.index(layer), np.random.default_rng(seed))
                       for seed in range(20)]) for layer in layers]  # fmt: skip
    for _ in range(60):
        rule.learn_feedback(net, trace)
    for layer, loss in zip(layers, losses, strict=True):
        later = [formulas.loss(net.weighted.index(layer), np.random.default_rng(seed))
                 for seed in range(20)]  # fmt: skip
        assert np.mean(later) < loss


# -- warnings and refusals ------------------------------------------------------------------------


def warned(net: Network, rule: TargetRule) -> list[str]:
    """Return the warnings about a rule's inverses, which are measured twice."""
    trace = taught_trace(net, *batch(net))
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        for _ in range(2):
            lipschitz_constants(View(rule, trace))
    return [str(each.message) for each in heard if each.category is ContractionWarning]


def test_inverses_that_may_not_converge_give_one_warning():
    """A student who iterates a poor inverse must be told why learning gets worse."""
    net = dense_net((5, 4, 6, 3))
    rule = attached("itp", net, iterations=3)
    net.weighted[1].inverse.B *= -20
    assert warned(net, rule) == [], "nobody has taught it anything yet"
    rule.learn_feedback(net, taught_trace(net, *batch(net)))
    (sentence,) = warned(net, rule)
    assert sentence.startswith("itp iterates inverses that need not converge")
    assert "at least 1 in layer 2" in sentence and "damping" in sentence and "\n" not in sentence


@pytest.mark.parametrize("case", ["one iteration", "good inverses", "another rule"])
def test_there_is_no_warning_about_inverses_that_do_no_harm(case):
    """A warning that always appears is never read."""
    net = dense_net((5, 4, 6, 3), "identity")
    options = {"iterations": 1} if case == "one iteration" else {}
    rule = attached("tp" if case == "another rule" else "itp", net, **options)
    rule.learn_feedback(net, taught_trace(net, *batch(net)))
    for layer in net.weighted[1:]:
        layer.inverse.B[:] = np.linalg.pinv(layer.W) if case == "good inverses" else -20 * layer.B
    assert warned(net, rule) == []


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("tp", {"step_size": 0}, "step_size must be finite and greater than 0, but is 0"),
        ("tp", {"noise": -1}, "noise must be"),
        ("dtp", {"inverse_lr": 0}, "inverse_lr must be finite and greater than 0"),
        (
            "dtp",
            {"inverse_optimizer": "sdg"},
            r"inverse_optimizer is 'sdg' \(did you mean 'sgd'\?\), but must be one of",
        ),
        (
            "dtp",
            {"inverse_schedule": "cos"},
            r"inverse_schedule is 'cos' \(did you mean 'cosine'\?\), but must be one of",
        ),
        ("dtp", {"inverse_decay": 1.0}, "inverse_decay must be"),
        (
            "dtp",
            {"inverse_init": "xavir"},
            r"inverse_init is 'xavir' \(did you mean 'xavier'\?\), but must be one of",
        ),
        (
            "dtp",
            {"inverse_activation": "tahn"},
            r"activation is 'tahn' \(did you mean 'tanh'\?\), but must be one of",
        ),
        ("sdtp", {"epochs_before": -1}, "epochs_before must be at least 0, but is -1"),
        ("itp", {"iterations": -1}, "iterations must be at least 0, but is -1"),
        ("itp", {"damping": 0}, "damping must be finite and greater than 0"),
        ("itp", {"residual": 1}, "residual must be"),
        ("ddtp", {"noise": 0}, "noise must be finite and greater than 0, but is 0"),
        ("dtp_drl", {"noise": 0}, "noise must be finite and greater than 0, but is 0"),
        ("ldrl", {"noise": 0}, "noise must be finite and greater than 0, but is 0"),
        ("itp_drl", {"noise": 0}, "noise must be finite and greater than 0, but is 0"),
        ("gnt", {"damping": -1}, "damping must be finite and at least 0, but is -1"),
    ],
)
def test_a_mistake_in_a_setting_gets_one_sentence(name, options, sentence):
    """A wrong number must be named where it was given, not where it has an effect."""
    with pytest.raises(ValueError, match=sentence) as refusal:
        rules.make(name, **options)
    assert "\n" not in str(refusal.value)


def test_a_layer_without_an_inverse_says_what_to_do():
    """A user who asks for signals before attaching must not get an AttributeError."""
    net = Network([Dense(4, 3, "tanh"), Dense(3, 2)])
    trace = net.forward(np.ones((5, 4))).set_target(np.eye(2, dtype=net.dtype)[[0, 1, 1, 0, 1]])
    with pytest.raises(ValueError, match="has no inverse: attach the rule to the network first"):
        list(rules.make("tp").signals(net, trace))


@pytest.mark.parametrize("name", oracles.DENSE_ONLY)
def test_attaching_another_rule_removes_the_inverses(name):
    """An old inverse would be drawn, measured and saved as if it were used."""
    net = dense_net(SIZES)
    rule = attached(name, net)
    last = rules.make(name).inverted(net)[-1]
    assert isinstance(last.inverse, Inverse)
    assert [layer.inverse is not None for layer in net.weighted] == [
        layer in rule.inverted(net) for layer in net.weighted
    ]
    attached("fa", net)
    assert all(layer.inverse is None for layer in net.weighted)
