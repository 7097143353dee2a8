"""Which tests a rule may be excused from; all other tests are applied to it."""

from typing import ClassVar

import pytest
from students import Student

from nofb.check import check
from nofb.check.suite import TESTS, excused
from nofb.rules import RULES, FeedbackAlignment


class Loud(Student):
    """Feedback alignment whose signals are all twice as large as its output error allows."""

    excused: ClassVar[dict[str, str]] = {
        "the output layer": "it shouts",
        "shapes": "it would rather not",
    }

    def signals(self, net, trace):
        for layer, delta in super().signals(net, trace):
            yield layer, 2 * delta


def verdicts(rule, *names):
    found = {}
    for name, verdict in check(rule):
        found[name] = verdict
        if set(names) <= found.keys():
            break
    return found


def test_a_test_that_fails_gives_its_finding_and_the_reason():
    """A teacher could not judge the excuse from its reason alone."""
    verdict = verdicts(Loud(), "the output layer")["the output layer"]
    assert verdict.word == "-"
    assert verdict.sentence.endswith("; it shouts")
    assert "twice" in verdict.sentence or "2" in verdict.sentence


def test_a_test_that_passes_needs_no_excuse():
    verdict = verdicts(Loud(), "shapes")["shapes"]
    assert verdict.passed
    assert "rather" not in verdict.sentence


def test_all_other_tests_are_applied():
    class Unmeaning(Loud):
        name = "unmeaning"
        excused: ClassVar[dict[str, str]] = {"shapes": "it would rather not"}

    assert verdicts(Unmeaning(), "the output layer")["the output layer"].word == "FAILED"


def test_a_derived_rule_does_not_inherit_the_excuse():
    """A derived rule may well pass the test, and must declare its own excuse if it cannot."""

    class Daughter(Loud):
        name = "daughter"

    assert excused(Daughter()) == {}


def test_an_excuse_from_an_unknown_test_is_refused():
    """A misspelt name would excuse the rule from nothing, without an error."""

    class Misspelt(FeedbackAlignment):
        name = "misspelt"
        excused: ClassVar[dict[str, str]] = {"slope": "it has none"}

    with pytest.raises(ValueError, match=r"^excused of Misspelt is 'slope' .*the slope"):
        next(check(Misspelt()))


@pytest.mark.parametrize("name", [name for name in RULES if "excused" in vars(RULES[name])])
def test_the_excuses_of_a_rule_name_tests_and_give_reasons(name):
    excuses = vars(RULES[name])["excused"]
    assert set(excuses) <= set(TESTS)
    assert all(len(reason.split()) >= 5 for reason in excuses.values())
