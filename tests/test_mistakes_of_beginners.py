"""Typical first mistakes: each gets a sentence that says what to write instead."""

import copy
import pickle

import numpy as np
import pytest
from students import Student

import nofb
from nofb import Dense, Network, rules
from nofb.check import check
from nofb.custom_rules import load
from nofb.rules import Rule, Uses
from nofb.trace import Trace

X, LABELS = np.ones((7, 5), np.float32), np.zeros(7, int)


class OtherOrder(Student):
    def signals(self, net, trace):
        for layer, delta in super().signals(net, trace):
            yield delta, layer


class Returns(Student):
    def signals(self, net, trace):
        layer = next(trace.downward())
        return layer, trace.delta(layer)


class NoReturn(Student):
    def signals(self, net, trace):
        list(super().signals(net, trace))


class DeltaAlone(Student):
    def signals(self, net, trace):
        for _, delta in super().signals(net, trace):
            yield delta


class FeedbackInOtherOrder(Student):
    def feedback_updates(self, net, trace):
        for layer in net.weighted[1:]:
            yield np.zeros_like(layer.B), layer


class ListOfPairs(Student):
    """Correct: a list is as good as a generator."""

    def signals(self, net, trace):
        return list(super().signals(net, trace))


class TupleOfPairs(Student):
    """Correct, too."""

    def signals(self, net, trace):
        return tuple(super().signals(net, trace))


class Misspelt(Rule):
    """Its method for the feedback has a wrong name."""

    name, uses = "misspelt", Uses(error=True, feedback=True)
    draw_feedbacks, signals = Student.draw_feedback, Student.signals


def attached(rule):
    """Return a small network with the rule attached to it."""
    net = Network([Dense(5, 4, "tanh"), Dense(4, 6, "tanh"), Dense(6, 3)])
    rule.attach(net)
    return net


PAIR = "signals must yield a pair (layer, δ), in this order, once for each layer, but "
WRONG = [
    (OtherOrder, PAIR + "yields (ndarray, Dense)"),
    (Returns, PAIR + "returns one: use yield instead of return"),
    (NoReturn, PAIR + "returns nothing"),
    (DeltaAlone, PAIR + "yields ndarray"),
    (FeedbackInOtherOrder, "feedback_updates must yield a pair (layer, dB), in this order"),
    (Misspelt, "no layer has a B: is a method of Misspelt() called `draw_feedback`?"),
]


@pytest.mark.parametrize(("wrong", "sentence"), WRONG, ids=str)
def test_a_mistake_of_a_beginner_gets_a_sentence_of_nofb(wrong, sentence):
    """`unhashable type: 'numpy.ndarray'` does not mention the order of the pair."""
    rule = wrong()
    net = attached(rule)
    with pytest.raises((TypeError, ValueError)) as caught:
        rule.updates(net, X, LABELS)
    assert sentence in str(caught.value)
    assert sentence in next(check(rule))[1].sentence


@pytest.mark.parametrize("sound", [ListOfPairs, TupleOfPairs])
def test_pairs_may_come_in_a_list_or_a_tuple(sound):
    """Such rules worked before, and must still work."""
    expected, found = Student(), sound()
    steps = [rule.updates(attached(rule), X, LABELS) for rule in (expected, found)]
    for one, other in zip(*steps, strict=True):
        np.testing.assert_array_equal(one.dW, other.dW)


@pytest.mark.parametrize(
    ("word", "example"),
    [("my_rule", "my_rule:"), ("my_rule.py", "my_rule:"), ("theirs.py", "theirs:")],
)
def test_a_file_instead_of_an_address_is_refused_with_the_form_of_an_address(word, example):
    """A list of nofb's names does not tell how to give a custom rule."""
    with pytest.raises(ValueError, match=rf"shallow, or module:Class, such as {example}MyRule$"):
        rules.find(word)


def test_a_class_instead_of_a_rule_gets_the_hint_to_call_it():
    """The old sentence showed how to make a feedback alignment, and not the mistake."""
    net = Network([Dense(64, 10)])
    data = nofb.datasets.load("digits")
    with pytest.raises(TypeError, match=r"but is the class itself: call it, Shallow\(\)"):
        nofb.fit(net, rules.Shallow, data)
    with pytest.raises(TypeError, match=r"but is the class itself: call it, Adam\(\)"):
        nofb.fit(net, rules.Shallow(), data, optimizer=nofb.Adam)


@pytest.mark.parametrize("name", ["error", "target"])
def test_a_trace_without_a_target_says_how_to_set_it(name):
    """The attribute exists; only a call is missing."""
    net = attached(Student())
    trace = net.forward(X)
    with pytest.raises(AttributeError, match=rf"'{name}': call trace.set_target\(...\) first"):
        getattr(trace, name)
    with pytest.raises(AttributeError, match=r"'Trace' object has no attribute 'errors'$"):
        _ = trace.errors
    for twin in (copy.deepcopy(trace), pickle.loads(pickle.dumps(trace))):
        assert not hasattr(twin, name)
    assert trace.set_target(net.as_target(LABELS, 7)).error.shape == (7, 3)


def test_a_property_of_a_trace_that_fails_says_why():
    """Otherwise a mistake inside a measure would look like a misspelt name."""

    class Measured(Trace):
        @property
        def margin(self):
            return self.output.nothing

    net = Network([Dense(3, 2)])
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = Measured(net, 1).fill(net.as_input(np.ones((1, 3)))).margin


class AnotherMatrix(Student):
    """B exists, but δ is multiplied with another matrix."""

    def send(self, delta, layer):
        return delta @ np.tanh(3 * layer.B)


class MatrixInState(AnotherMatrix):
    """The same, with the matrix where docs/writing_a_rule.md puts it."""

    def draw_feedback(self, net, rng):
        for layer in net.weighted[1:]:
            layer.rule_state = rng.normal(0, 0.3, layer.feedback_shape).astype(net.dtype)

    def send(self, delta, layer):
        return delta @ np.tanh(3 * layer.rule_state)


def test_feedback_in_another_attribute_gets_the_hint_to_use_the_rules_state():
    """No sentence explained it, because the rule was correct except for the place of its matrix."""
    verdicts = dict(check(AnotherMatrix()))
    sentence = verdicts["backprop if B is Wᵀ"].sentence
    assert sentence.endswith("δ is multiplied with, keep it in `layer.rule_state`")
    cured = dict(check(MatrixInState()))
    assert [name for name, verdict in cured.items() if verdict.passed is False] == []


LOOKS = """
from nofb.rules import Rule, Uses


class Reads(Rule):
    name, uses = "reads", Uses(error=True)

    def signals(self, net, trace):
        for layer in trace.downward():
            delta = trace.delta(layer)
            yield layer, delta
            if layer.sends:
                trace.arrive(layer, delta @ layer.W.T)
"""


def test_a_rule_that_reads_w_is_told_when(tmp_path, monkeypatch):
    """`in teach` names a method that the student has not written."""
    (tmp_path / "reads_w_unasked.py").write_text(LOOKS)
    monkeypatch.chdir(tmp_path)
    sentence = dict(check(load("reads_w_unasked:Reads")()))["claims"].sentence
    assert sentence.endswith("it reads W while it teaches")
