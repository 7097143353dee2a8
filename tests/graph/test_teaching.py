"""Rules and their matrices on a network: a rule that cannot teach says why."""

from collections.abc import Callable

import numpy as np
import oracles
import pytest
from graph.refusals import IMAGES, LABELS, Case, X, refuses
from oracles import attached, dense_net

from nofb import Conv2D, Dense, Flatten, LayerNorm, Network, rules
from nofb.rules import Rule, Uses
from nofb.updates import other_updates


class Student(Rule):
    """A rule whose signals have a given shape."""

    name, title, paper, uses = "student", "a draft", "none", Uses()

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape

    def signals(self, net, trace):
        yield net.weighted[0], np.ones(self.shape)


def updates_with(rule: Rule, net: Network, then: str = "", **matrices) -> Callable[[], object]:
    """Attach a rule, perhaps call `then`, set B or D; return a function that asks for updates."""
    rule.attach(net)
    if then:
        attached(then, net)
    for name, matrix in matrices.items():
        setattr(net.weighted[1 if name == "B" else 0], name, matrix)
    return lambda: rule.updates(net, X, LABELS)


TEACHING: dict[str, Case] = {
    "a rule that is not attached": (
        lambda: rules.make("fa").updates(dense_net(), X, LABELS),
        ValueError, ["FeedbackAlignment()", "not attached", "attach(net)"],
    ),
    "a rule that another has replaced": (
        lambda: updates_with(rules.make("fa"), dense_net(), then="bp")(),
        ValueError, ["FeedbackAlignment()", "not attached"],
    ),
    "feedback taken off": (
        lambda: updates_with(rules.make("fa"), dense_net(), B=None)(),
        ValueError, ["Dense(4, 6", "no feedback matrix", "attach"],
    ),
    "direct feedback taken off": (
        lambda: updates_with(rules.make("dfa"), dense_net(), D=None)(),
        ValueError, ["Dense(5, 4", "no direct feedback matrix", "attach"],
    ),
    "the one feedback matrix of a relay taken off": (
        lambda: updates_with(rules.make("ifa"), dense_net(), D=None)(),
        ValueError, ["Dense(5, 4", "no direct feedback matrix", "attach"],
    ),
    "a step of a rule that is not attached": (
        lambda: rules.make("fa").teach(net := dense_net(), oracles.taught_trace(net, X, LABELS)),
        ValueError, ["FeedbackAlignment()", "not attached", "attach(net)"],
    ),
    "feedback of another shape": (
        lambda: updates_with(rules.make("fa"), dense_net(), B=np.ones((4, 6)))(),
        ValueError, ["B of Dense(4, 6", "(4, 6)", "(6, 4)", "it is transposed"],
    ),
    "feedback of another type": (
        lambda: updates_with(rules.make("fa"), dense_net(), B=np.ones((6, 4), complex))(),
        TypeError, ["B of Dense(4, 6", "real numbers", "complex128"],
    ),
    "direct feedback of another shape": (
        lambda: updates_with(rules.make("dfa"), dense_net(), D=np.ones((4, 3)))(),
        ValueError, ["direct feedback matrix", "Dense(5, 4", "(4, 3)", "(3, 4)"],
    ),
    "direct feedback from too few outputs": (
        lambda: updates_with(rules.make("dfa"), dense_net(), D=np.ones((2, 4)))(),
        ValueError, ["direct feedback matrix", "Dense(5, 4", "(2, 4)", "(3, 4)"],
    ),
    "direct feedback of another type": (
        lambda: updates_with(rules.make("dfa"), dense_net(), D=np.full((3, 4), "a"))(),
        TypeError, ["D of Dense(5, 4", "real numbers", "<U1"],
    ),
    "a teaching signal of another shape": (
        lambda: updates_with(Student((4, 5)), dense_net())(),
        ValueError, ["the signal for Dense(5, 4", "(4, 5)", "(4, 4)"],
    ),
    "a seed of feedback below zero": (
        lambda: rules.make("fa").attach(dense_net(), seed=-1), ValueError, ["seed", "at least 0"],
    ),
    "direct feedback to maps of unknown size": (
        lambda: rules.make("dfa").attach(
            Network([Conv2D(2, 3, 2), Conv2D(3, 4, 2), Flatten(), Dense(60, 3)])
        ),
        ValueError, ["size of its images", "input_shape=(channels, height, width)"],
    ),
    "a layer with nothing below": (
        lambda: (net := dense_net()).below(net.weighted[0]), ValueError, ["below", "Dense(5, 4"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TEACHING)
def test_a_rule_that_cannot_teach_says_why(case):
    """These are typical mistakes in a student's first rule; the sentence must name the layer."""
    refuses(*TEACHING[case])


def test_a_teaching_signal_of_the_right_shape_is_accepted():
    """The checks above must not refuse everything."""
    (first, *others) = updates_with(Student((4, 4)), dense_net())()
    np.testing.assert_allclose(first.dW, np.ones((5, 4)))
    assert not any(update.dW.any() for update in others)


@pytest.mark.parametrize("make", [np.asfortranarray, lambda B: np.repeat(B, 2, axis=1)[:, ::2]])
def test_feedback_in_any_memory_layout_gives_the_same_updates(make):
    """A user often assigns a transposed or sliced matrix: it must not warn or change a result."""
    net = dense_net()
    rule = attached("fa", net)
    expected = rule.updates(net, X, LABELS)
    net.weighted[1].B = make(net.weighted[1].B)
    oracles.assert_close(rule.updates(net, X, LABELS), expected)


def test_direct_feedback_needs_no_image_size_if_it_reaches_only_dense_layers():
    """The widths of dense layers are known before the first image."""
    net = Network([Flatten(), Dense(60, 4, "tanh"), Dense(4, 3)])
    attached("dfa", net)
    assert net.weighted[0].D.shape == (3, 4)


def test_a_network_of_maps_gets_its_image_size_from_its_first_batch():
    """From then on another size is refused, and direct feedback can be drawn."""
    net = Network([Conv2D(2, 3, 2, activation="tanh"), Flatten(), Dense(60, 3)])
    net.forward(IMAGES)
    refuses(lambda: net.forward(np.ones((4, 2, 6, 5))), ValueError, ["(2, 6, 5)", "(2, 5, 6)"])
    attached("dfa", net)
    assert net.weighted[0].D.shape == (3, 60)


def test_a_layer_set_free_after_the_rule_was_attached_says_what_is_missing():
    """Attaching the rule once more, as the old sentence said, would draw another feedback path."""
    net = dense_net()
    net.weighted[0].frozen = True
    rule = attached("fa", net)
    net.weighted[0].frozen = False
    with pytest.raises(ValueError, match="while such a layer is not frozen yet, and freeze it aft"):
        rule.updates(net, X, LABELS)
    rule.attach(net)
    net.weighted[0].frozen = True
    rule.updates(net, X, LABELS)
    net.weighted[0].frozen = False
    assert np.abs(rule.updates(net, X, LABELS)[0].dW).max() > 0


def test_no_signal_is_computed_on_an_input_that_nothing_can_learn_from(monkeypatch):
    """The samples need no signal: computing one would take time for each batch."""
    norm = LayerNorm(4)
    net = Network([norm, Dense(4, 3, "tanh"), Dense(3, 2)], seed=0)
    rule = rules.make("bp")
    rule.attach(net)
    x, y = np.random.default_rng(0).normal(size=(5, 4)), np.array([0, 1, 1, 0, 1])
    trace = net.forward(x, train=True).set_target(net.as_target(y, 5))
    monkeypatch.setattr(LayerNorm, "back", None)  # a call would fail
    rule.teach(net, trace)
    assert set(trace.passed) == {norm}
    assert all(update.any() for update in other_updates(trace)[norm].values())
