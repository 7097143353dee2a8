"""The checker: a student's correct rule passes, and a wrong one gets a verdict with the cause."""

import re

import numpy as np
import pytest

import nofb
from nofb.check import TESTS, check
from nofb.check.causes import scale
from nofb.rules import RULES, Rule, Uses
from nofb.rules.feedback_alignment import send_back


class Student(Rule):
    """Feedback alignment, as a student writes it correctly."""

    name = "student"
    uses = Uses(error=True, feedback=True)

    def draw_feedback(self, net, rng):
        for layer in net.weighted[1:]:
            layer.B = rng.normal(0, 0.3, layer.feedback_shape).astype(net.dtype)

    def signals(self, net, trace):
        for layer in trace.downward():
            delta = self.delta(trace, layer)
            yield layer, delta
            if layer.sends:
                trace.arrive(layer, self.send_back(delta, layer))

    def delta(self, trace, layer):
        return trace.delta(layer)

    def send_back(self, delta, layer):
        return delta @ layer.B


def verdicts(rule):
    return dict(check(rule))


def test_a_correct_rule_passes_every_test():
    """A checker that rejects every rule teaches nothing."""
    found = verdicts(Student())
    assert list(found) == list(TESTS)
    assert all(verdict.passed for verdict in found.values())


@pytest.mark.parametrize("name", RULES)
def test_every_rule_of_nofb_passes_the_tests_that_apply_to_it(name):
    """What the checker requires of a student must hold for the published rules."""
    failed = {test: v.sentence for test, v in verdicts(name).items() if v.passed is False}
    assert failed == {}


# -- wrong on purpose ----------------------------------------------------------------------------


class TransposedMatrix(Student):
    def draw_feedback(self, net, rng):
        for layer in net.weighted[1:]:
            layer.B = rng.normal(0, 0.3, layer.W.shape).astype(net.dtype)


class TransposedProduct(Student):
    def send_back(self, delta, layer):
        return delta @ layer.B.T


class TransposedTwice(TransposedMatrix):
    """Two mistakes that give a correct signal, and a B that is like W instead of Wᵀ."""

    def send_back(self, delta, layer):
        return delta @ layer.B.T


class NoSlope(Student):
    def signals(self, net, trace):
        signal = trace.error
        for layer in trace.downward():
            yield layer, signal
            if layer.sends:
                signal = trace.below(layer, self.send_back(signal, layer))


class SlopeTwice(Student):
    def delta(self, trace, layer):
        return trace.times_slope(layer, super().delta(trace, layer))


class SlopeOfTheLayerAbove(Student):
    def signals(self, net, trace):
        delta = trace.error
        for layer in trace.downward():
            yield layer, delta
            if layer.sends:
                delta = trace.times_slope(layer, self.send_back(delta, layer))


class Forgetful(Student):
    """It never sends a signal to the layer below."""

    def signals(self, net, trace):
        for layer in trace.downward():
            yield layer, trace.delta(layer)


class SendsTwice(Student):
    """Signals to the same layer are added."""

    def signals(self, net, trace):
        for layer, delta in super().signals(net, trace):
            yield layer, delta
            if layer is net.weighted[-1]:
                trace.arrive(layer, self.send_back(delta, layer))


class SendsFurther(Student):
    """The first layer has no B: it must not send a signal further down."""

    def signals(self, net, trace):
        for layer in trace.downward():
            delta = trace.delta(layer)
            yield layer, delta
            trace.arrive(layer, self.send_back(delta, layer))


class SendsFurtherByKernel(SendsFurther):
    def send_back(self, delta, layer):
        return send_back(delta, layer.B)


class Sum(Student):
    def signals(self, net, trace):
        for layer, delta in super().signals(net, trace):
            yield layer, delta * trace.samples


class BiasDividedTwice(Student):
    def teach(self, net, trace):
        updates = super().teach(net, trace)
        for update in updates:
            if update.db is not None:
                update.db /= trace.samples
        return updates


class CopyOfTheWeights(Student):
    def draw_feedback(self, net, rng):
        for layer in net.weighted[1:]:
            layer.B = layer.W.T.copy()


class ViewOfTheWeights(Student):
    def draw_feedback(self, net, rng):
        for layer in net.weighted[1:]:
            layer.B = layer.W.T


class LateCopy(Student):
    def after_step(self, net):
        for layer in net.weighted[1:]:
            layer.B[:] = layer.W.T


class SeedOfTheWeights(Student):
    """It reads no weight, but its feedback is drawn from the seed of the weights."""

    def draw_feedback(self, net, rng):
        rng = np.random.default_rng(np.random.SeedSequence(net.seed, spawn_key=(0, 0)))
        drawn = {layer: layer.init(rng, layer.n_in, layer.n_out) for layer in net.weighted}
        for layer in net.weighted[1:]:
            layer.B = np.ascontiguousarray(drawn[layer].T, net.dtype)


class Uphill(Student):
    def signals(self, net, trace):
        for layer, delta in super().signals(net, trace):
            yield layer, -delta


class Double(Student):
    def signals(self, net, trace):
        trace.error[:] *= 2
        yield from super().signals(net, trace)


class NoTop(Student):
    def signals(self, net, trace):
        _, *hidden = super().signals(net, trace)
        yield from hidden


class Silent(Student):
    def signals(self, net, trace):
        trace.error.sum()


class WrongPair(Student):
    def signals(self, net, trace):
        above = None
        for layer, delta in super().signals(net, trace):
            if above is not None:
                yield above, delta
            above = layer


class Unseeded(Student):
    def draw_feedback(self, net, rng):
        super().draw_feedback(net, np.random.default_rng())


class Restless(Student):
    """It changes its feedback each time when its signals are computed."""

    def signals(self, net, trace):
        for layer in net.weighted[1:]:
            layer.B *= 1.001
        yield from super().signals(net, trace)


class Pretender(Student):
    uses = Uses(error=True, labels=True, feedback=True)


class Useless(Student):
    """Its hidden layers receive a constant."""

    def delta(self, trace, layer):
        delta = super().delta(trace, layer)
        return trace.times_slope(layer, np.ones_like(delta)) if layer is not self.top else delta

    def signals(self, net, trace):
        self.top = net.weighted[-1]
        return super().signals(net, trace)


class Misspelt(Student):
    def delta(self, trace, layer):
        return trace.delt(layer)


WRONG = [
    # the rule, the test that must fail, the cause that the verdict must name
    (TransposedMatrix, "teaches all layers", r"\(4, 6\), but needs \(6, 4\); it is transposed"),
    (TransposedProduct, "teaches all layers", "the feedback matrix is transposed"),
    (TransposedTwice, "teaches all layers", r"\(4, 6\), but needs \(6, 4\); it is transposed"),
    (NoSlope, "the slope", r"\d+ % of the signal .* units that are off: the slope .* is missing"),
    (NoSlope, "backprop if B is Wᵀ", r"\d+ % off: the slope f'\(a\) is missing"),
    (SlopeTwice, "backprop if B is Wᵀ", r"the slope f'\(a\) is taken twice"),
    (SlopeOfTheLayerAbove, "teaches all layers", r"what is yielded is \(N, n_out\)"),
    (Forgetful, "teaches all layers", "no signal has arrived at Dense.*layer.sends.* must send"),
    (SendsTwice, "backprop if B is Wᵀ", "it is 2 times as long"),
    (
        SendsFurther,
        "teaches all layers",
        "line \\d+ of test_check.py.* first layer has no B: .*if layer.sends",
    ),
    (SendsFurtherByKernel, "teaches all layers", "the first layer has no B: .*if layer.sends"),
    (Sum, "a mean over the batch", "a sum over the batch .* 7 times as long, for 7 samples"),
    (BiasDividedTwice, "a mean over the batch", "db of .* divided by the number of samples twice"),
    (CopyOfTheWeights, "feedback apart from W", r"is 0\.0° from .* a copy of Wᵀ"),
    (
        CopyOfTheWeights,
        "backprop only if it says",
        "as soon as it is attached.* B is Wᵀ",
    ),
    (CopyOfTheWeights, "claims", "uses Wᵀ and does not say so.*reads W in attach"),
    (ViewOfTheWeights, "feedback apart from W", r"is 0\.0° from .* a copy of Wᵀ"),
    (ViewOfTheWeights, "claims", "uses Wᵀ and does not say so"),
    (LateCopy, "backprop only if it says", "after 1 of its steps.*: B is Wᵀ in hidden layer 2"),
    (LateCopy, "claims", "uses Wᵀ and does not say so.*reads W in after_step"),
    (SeedOfTheWeights, "feedback apart from W", r"is 0\.0° from .* drawn with its seed"),
    (Uphill, "the output layer", "it goes uphill: y - ŷ stands where ŷ - y should"),
    (Double, "the output layer", "it is 2 times as long"),
    (Double, "leaves the trace", "teaching changes the error"),
    (NoTop, "teaches all layers", "the output layer gets no signal"),
    (Silent, "teaches all layers", r"signals must yield a pair \(layer, δ\)"),
    (WrongPair, "teaches all layers", r"what is yielded is \(N, n_out\)"),
    (Unseeded, "the same twice", "draw all that is random from the generator"),
    (Restless, "changes nothing", "asking for updates changes B of hidden layer 2"),
    (Pretender, "claims", "says that it uses labels and does not"),
    (Useless, "claims", "says that it uses error and does not"),
    (Useless, "learns", r"\d+ % of held-out digits.* of no use to the last one"),
    (Misspelt, "teaches all layers", r"AttributeError in line \d+ of test_check.py.*delt'"),
]


@pytest.mark.parametrize(("wrong", "test", "cause"), WRONG, ids=str)
def test_a_wrong_rule_gets_a_verdict_that_names_the_cause(wrong, test, cause):
    """The sentence is what helps: "failed" alone would leave the student to guess."""
    for name, verdict in check(wrong()):
        if name == test:
            assert verdict.passed is False, verdict.sentence
            assert re.search(cause, verdict.sentence), verdict.sentence
            return
    raise AssertionError(f"{test} was not reached")


@pytest.mark.parametrize("wrong", dict.fromkeys(each[0] for each in WRONG), ids=str)
def test_the_cause_of_a_wrong_rule_is_found_where_it_is(wrong):
    """A missing derivative must not be reported as a wrong seed."""
    expected = {test for who, test, _ in WRONG if who is wrong}
    first = next(name for name, verdict in check(wrong()) if verdict.passed is False)
    assert first in expected


@pytest.mark.parametrize("samples", [2, 7])
def test_a_sum_is_distinguished_from_a_rate_that_is_too_large(samples):
    """Seven times the step for seven samples is a sum; the same factor for eight is a rate."""
    assert scale(float(samples), samples).startswith("a sum")
    assert scale(float(samples), samples + 1) == f"it is {samples} times as long"


def test_a_signal_of_another_shape_is_not_multiplied_by_the_derivative():
    """The kernel would write past the end of the signal, and the process would crash."""
    net = nofb.Network([nofb.Dense(5, 4, "tanh"), nofb.Dense(4, 3)])
    trace = net.forward(np.ones((2, 5)))
    with pytest.raises(ValueError, match=r"has shape \(2, 3\), but needs \(2, 4\)"):
        trace.times_slope(net.layers[0], np.ones((2, 3), np.float32))
