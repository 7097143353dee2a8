"""A second forward pass is found by experiment, and is not taken for a phase of feedback."""

from dataclasses import replace

import pytest

from nofb.audit import audit, contradictions
from nofb.rules import FeedbackAlignment


class Peeker(FeedbackAlignment):
    """Feedback alignment by its claim, which also runs the doubled samples through the network."""

    name = "peeker"

    def signals(self, net, trace):
        second = trace.again(x=2 * trace.x)
        for layer, delta in super().signals(net, trace):
            moved = 0 if layer is net.weighted[-1] else second[layer].h - trace[layer].h
            yield layer, delta + moved


class Braggart(FeedbackAlignment):
    """Feedback alignment that claims a second forward pass and does not run one."""

    name = "braggart"
    uses = replace(FeedbackAlignment.uses, second_pass=True)


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (Peeker, "it uses second pass and does not say so"),
        (Braggart, "it says that it uses second pass and does not"),
    ],
)
def test_a_claim_about_a_second_pass_is_measured(rule, sentence):
    """Otherwise a rule could see the effect of a step, and be called feedback alignment."""
    (found,) = contradictions(rule.uses, audit(rule()))
    assert found.startswith(sentence)


@pytest.mark.parametrize("name", ["pepita", "ff", "np_feedback"])
def test_a_second_forward_pass_is_no_second_phase(name):
    """A phase has no sample and no error of its own; a second forward pass has both."""
    found = audit(name)
    assert found.uses.second_pass
    assert found.phases == ()
    assert found.cell("second_pass") == "yes"


def test_the_phase_of_a_mirror_is_no_forward_pass():
    found = audit("wm")
    assert not found.uses.second_pass
    assert found.uses.second_phase


def test_rules_without_a_backward_pass_read_no_weight():
    """Both rules claim it: they use neither Wᵀ, nor its signs, nor any W to send a signal."""
    for name in ("pepita", "ff"):
        uses = audit(name).uses
        assert not (uses.transport or uses.signs or uses.forward_weights)
        assert not uses.learned_feedback
