"""Question 9.7 quotes `nofb audit`: what it quotes must be what the audit finds."""

import numpy as np
import pytest

from nofb.audit import audit
from nofb.course.chapters.own_rule import AUDITS
from nofb.rules import FeedbackAlignment


class CopyOnce(FeedbackAlignment):
    def draw_feedback(self, net, rng):
        for layer in net.weighted[1:]:
            layer.B = layer.W.T


class CopyAlways(FeedbackAlignment):
    def after_step(self, net):
        for layer in net.weighted[1:]:
            layer.B = layer.W.T


class Signs(FeedbackAlignment):
    def after_step(self, net):
        for layer in net.weighted[1:]:
            layer.B = np.sign(layer.W.T) * abs(layer.B)


class Labels(FeedbackAlignment):
    def signals(self, net, trace):
        for layer in trace.downward():
            delta = trace.delta(layer)
            yield layer, delta
            if layer.sends:
                top = layer is net.weighted[-1]
                trace.arrive(layer, (trace.target if top else delta) @ layer.B)


class OwnWeights(FeedbackAlignment):
    def signals(self, net, trace):
        for layer in trace.downward():
            delta = trace.delta(layer)
            yield layer, delta + 0.1 * np.sign(layer.W).mean(0)
            if layer.sends:
                trace.arrive(layer, delta @ layer.B)


RULES = dict(zip(AUDITS, (CopyOnce, CopyAlways, Signs, Labels, OwnWeights), strict=True))
WORDS = {
    "error": "error", "labels": "labels", "transport": "Wᵀ", "signs": "signs of W",
    "forward_weights": "own W", "feedback": "random feedback",
}  # fmt: skip


@pytest.mark.parametrize(("line", "found"), AUDITS.items())
def test_the_quoted_audit_is_the_audit_of_the_line(line, found):
    """A student who plants the mistake must find what the question says."""
    finding = audit(RULES[line]())
    uses = finding.uses
    quoted = [part.partition(" (")[0] for part in found.split(", ")]
    for name, word in WORDS.items():
        assert bool(getattr(uses, name)) == (word in quoted), word
    when = {"attach": "at first", "after_step": "slowly"}
    assert not uses.transport or f"Wᵀ ({when[finding.when[0]]})" in found
    assert (finding.changes["others"] > 0) == ("other W (above)" in found)
