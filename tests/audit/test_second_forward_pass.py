"""A second forward pass, found by experiment, and told from a phase in which feedback learns."""

from dataclasses import replace

import pytest

from nofb.audit import audit, contradictions
from nofb.rules import FeedbackAlignment


class Peeker(FeedbackAlignment):
    """Feedback alignment by its claim, which also asks what the doubled samples would do."""

    name = "peeker"

    def signals(self, net, trace):
        second = trace.again(x=2 * trace.x)
        for layer, delta in super().signals(net, trace):
            moved = 0 if layer is net.weighted[-1] else second[layer].h - trace[layer].h
            yield layer, delta + moved


class Braggart(FeedbackAlignment):
    """Feedback alignment that says it goes forward once more, and does not."""

    name = "braggart"
    uses = replace(FeedbackAlignment.uses, second_pass=True)


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (Peeker, "it uses second pass and does not say so"),
        (Braggart, "it says that it uses second pass and does not"),
    ],
)
def test_a_claim_about_a_second_pass_is_put_to_the_test(rule, sentence):
    """Else a rule could see what a step would do, and be called feedback alignment."""
    (found,) = contradictions(rule.uses, audit(rule()))
    assert found.startswith(sentence)


@pytest.mark.parametrize("name", ["pepita", "ff", "np_feedback"])
def test_going_forward_once_more_is_no_second_phase(name):
    """A phase has no sample and no error of its own; a forward pass has both."""
    found = audit(name)
    assert found.uses.second_pass
    assert found.phases == ()
    assert found.cell("second_pass") == "yes"


def test_a_mirrors_phase_is_no_forward_pass():
    found = audit("wm")
    assert not found.uses.second_pass
    assert found.uses.second_phase


def test_without_a_way_back_no_weight_is_read():
    """Both rules promise it: neither Wᵀ, nor signs, nor any W to carry a signal."""
    for name in ("pepita", "ff"):
        uses = audit(name).uses
        assert not (uses.transport or uses.signs or uses.forward_weights)
        assert not uses.learned_feedback
