"""A custom rule explained: its own code alone, and a command that finds it again."""

import re

import pytest
from desks import at_work_in

import nofb
from nofb.cli import main
from nofb.explain import explain, source
from nofb.rules import RULES, FeedbackAlignment, IndirectFeedbackAlignment

FILE = '''
"""Four rules of one student."""

import numpy as np

from nofb.kernels.jit import kernel
from nofb.rules import FeedbackAlignment, Rule, Uses


@kernel
def through_signs(delta, B):
    return delta @ np.sign(B)  # s = δ sgn(B)


@kernel
def through_squares(delta, B):
    return delta @ (B * B)  # δ_L = e = ŷ - y


def scaled(B):
    return halved(B) + halved(B)


def halved(B):
    return B / 2  # δ_L = e = ŷ - y


class Base(FeedbackAlignment):
    uses = Uses(error=True, feedback=True)

    def draw_feedback(self, net, rng):
        for layer in net.senders:
            layer.B = rng.normal(size=layer.feedback_shape)


class Alone(Rule):
    name, uses = "alone_of_four", Uses(error=True)

    def signals(self, net, trace):
        layer = net.weighted[-1]
        yield layer, trace.error


class OneBit(Base):
    name, title = "one_bit_of_four", "one bit"

    def signals(self, net, trace):
        for layer in trace.downward():
            delta = trace.delta(layer)
            yield layer, delta
            if layer.sends:
                trace.arrive(layer, through_signs(delta, layer.B))

    def unused(self, B):
        return scaled(B)


class NoSends(OneBit):
    name = "no_sends_of_four"

    def signals(self, net, trace):
        for layer in trace.downward():
            yield layer, trace.delta(layer)


class Typo(OneBit):
    name = "typo_of_four"

    def draw_feedback(self, net, rng):
        for layer in net.senders:
            one = through_squares(np.ones((1, 1)), np.ones((1, 1)))
            layer.B = one * rng.normal(size=layer.feedback_shape)
'''
ADDRESS = "four_rules:OneBit"


@pytest.fixture
def desk(tmp_path):
    """A folder with the file of four rules."""
    (tmp_path / "four_rules.py").write_text(FILE.lstrip(), encoding="utf-8")
    with at_work_in(tmp_path):
        yield


@pytest.mark.usefixtures("desk")
def test_the_command_at_the_end_works_as_it_is_printed(capsys):
    """The short name of a custom rule is known only where its file has been read."""
    assert main(["explain", ADDRESS]) == 0
    text = capsys.readouterr().out
    (command,) = re.findall(r"nofb explain (\S+ --all)", text)
    (called,) = re.findall(r"nofb\.explain\('([^']+)',\s+everything=True\)", text)
    del RULES["one_bit_of_four"]
    assert main(["explain", *command.split()]) == 0
    assert called == ADDRESS and len(str(nofb.explain(called, everything=True))) > len(text)


@pytest.mark.usefixtures("desk")
def test_a_rule_without_code_elsewhere_is_not_said_to_have_some():
    """`--all` would print the same once more."""
    alone = explain("four_rules:Alone")
    assert "--all" not in str(alone)
    assert str(alone) == str(explain("four_rules:Alone", everything=True))


@pytest.mark.usefixtures("desk")
def test_a_class_is_found_again_by_its_address():
    """In a notebook a student gives the class, and the terminal needs its file."""
    kind = nofb.rules.find(ADDRESS)
    assert "nofb explain four_rules:OneBit --all" in str(explain(kind))
    assert "nofb explain fa --all" in str(explain(FeedbackAlignment()))


def test_a_class_of_a_notebook_has_no_command():
    """No other program can import it."""

    class Typed(FeedbackAlignment):
        name = "typed"

    Typed.__module__ = "__main__"
    text = str(explain(Typed))
    assert "nofb.explain(..., everything=True)" in text and "nofb explain" not in text


@pytest.mark.usefixtures("desk")
def test_a_rule_is_shown_without_the_other_rules_of_its_file():
    """The methods of a subclass looked like further methods of the rule itself."""
    names = [each.name for each in source(ADDRESS).functions if each.file == "four_rules.py"]
    assert sorted(names) == [
        "Base.draw_feedback", "OneBit.signals", "OneBit.unused", "halved", "through_signs",
    ]  # fmt: skip


@pytest.mark.usefixtures("desk")
def test_a_subclass_is_shown_with_its_bases_and_what_it_calls():
    """What a rule inherits belongs to it."""
    names = {each.name for each in source("four_rules:Typo").functions}
    assert {"Typo.draw_feedback", "OneBit.signals", "through_signs", "through_squares"} <= names
    assert "NoSends.signals" not in names


def test_a_variant_that_is_not_listed_is_shown_with_the_rule_of_its_file():
    """The page of a rule of nofb has the variants that its header describes."""
    names = {each.name for each in source(IndirectFeedbackAlignment).functions}
    assert "RandomRelay.relay_of" in names
