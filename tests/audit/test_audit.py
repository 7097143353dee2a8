"""The audit: what a rule really uses, whatever it claims, and rules planted to deceive it."""

import contextlib
import re
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from rule_pages import audited

import nofb
from nofb import rules
from nofb.audit import QUESTIONS, audit, contradictions, table
from nofb.cli import main
from nofb.rules import RULES, DirectFeedbackAlignment, FeedbackAlignment, Uses
from nofb.text import markdown

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")

PLANT = """
from nofb.rules import FeedbackAlignment


class Secret(FeedbackAlignment):
    name = "secret"

    def signals(self, net, trace):
        for layer in net.weighted[1:]:
            layer.B[:] = layer.W.T
        return super().signals(net, trace)
"""


@pytest.fixture(scope="module")
def findings():
    """Return what the audit finds for every rule of nofb with its defaults."""
    return {name: audit(name) for name in RULES}


@pytest.mark.parametrize("name", RULES)
def test_a_rule_uses_what_it_claims_and_nothing_else(name, findings):
    """Students, tables and pages rely on the claim: a wrong claim is a wrong result."""
    assert contradictions(rules.make(name).uses, findings[name]) == []


@pytest.mark.parametrize(
    ("name", "rule"),
    [("ifa", rules.RandomRelay()), ("dtp", rules.make("dtp", gradient_at_top=False))],
)
def test_a_rule_that_uses_less_claims_less(name, rule):
    """A variant or a setting that changes what a rule uses must change its claim."""
    assert rule.uses != RULES[name].uses
    assert contradictions(rule.uses, audit(rule)) == []


def test_the_audit_measures_everything_that_a_rule_can_claim():
    """A claim that is never measured could be anything."""
    assert {use.name for use in fields(Uses)} <= set(QUESTIONS)


def test_the_rows_in_the_readme_are_what_the_audit_finds(findings):
    """Rows that were copied by hand would be those of an older version."""
    heading, line, *rows = markdown(table.rows(findings)).splitlines()
    assert f"{heading}\n{line}\n" in README
    shown = README[README.index(heading) :].split("\n\n")[0].splitlines()[2:]
    assert len(shown) == 4 and set(shown) <= set(rows), "put in what nofb audit --markdown prints"


def test_the_table_on_the_site_is_what_the_audit_finds(findings):
    """The table is written when the site is built, so no rule can be missing."""
    assert audited() == markdown(table.rows(findings))
    page = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
    assert "```{include} rules/audit.txt\n```" in page


# What the header of a rule's file says in words, for each of its uses.
WORDS = {
    "error": r"\berror\b",
    "labels": r"\blabels?\b",
    "transport": r"(?<!signs of )W(_L)?ᵀ|\btransposed\b",
    "signs": r"\bsigns of Wᵀ",
    "forward_weights": r"\bits own W\b",
    "second_phase": r"\bsecond phase\b",
    "second_pass": r"\bforward passe?s?\b",
}


@pytest.mark.parametrize("name", RULES)
def test_the_header_of_a_file_states_what_the_rule_claims(name):
    """A reader reads the words and the audit checks the claim: both must agree."""
    header = __import__(RULES[name].__module__, fromlist=["__doc__"]).__doc__
    said = re.search(r"^Uses: (.*?)(?:Does not use|^\w[\w ]*:|\Z)", header, re.M | re.S)[1]
    for use, pattern in WORDS.items():
        claimed = getattr(RULES[name].uses, use)
        assert bool(re.search(pattern, " ".join(said.split()))) == claimed, (use, said)


# -- planted rules, which claim to be feedback alignment -----------------------------------------


class PlantedRule(FeedbackAlignment):
    """Feedback alignment by its claim; the classes derived from it do something else."""

    name = "liar"

    def signals(self, net, trace):
        for layer in trace.downward():
            delta = trace.delta(layer)
            yield layer, delta
            if layer.sends:
                trace.arrive(layer, delta @ self.feedback_matrix(net, layer))

    def feedback_matrix(self, net, layer):
        return layer.B


class Transposer(PlantedRule):
    def feedback_matrix(self, net, layer):
        return layer.W.T


class Dilutor(PlantedRule):
    """A thousandth of Wᵀ is enough for alignment, and too small to notice in B."""

    def feedback_matrix(self, net, layer):
        return layer.B + 0.001 * layer.W.T


class Viewer(PlantedRule):
    def draw_feedback(self, net, rng):
        for layer in net.weighted[1:]:
            layer.B = layer.W.T


class Copier(PlantedRule):
    """It reads the weights once, before training."""

    def draw_feedback(self, net, rng):
        for layer in net.weighted[1:]:
            layer.B = np.ascontiguousarray(layer.W.T)


class Hoarder(PlantedRule):
    """Its feedback is random, but it keeps the weights where no layer has them."""

    def draw_feedback(self, net, rng):
        super().draw_feedback(net, rng)
        self.kept = [layer.W for layer in net.weighted]

    def feedback_matrix(self, net, layer):
        return self.kept[net.weighted.index(layer)].T


class Follower(PlantedRule):
    """It reads the weights only after a step, never during one."""

    def after_step(self, net):
        for layer in net.weighted[1:]:
            layer.B[:] = layer.W.T


class Signer(PlantedRule):
    def feedback_matrix(self, net, layer):
        return np.abs(layer.B) * np.sign(layer.W.T)


class SignCopier(PlantedRule):
    def draw_feedback(self, net, rng):
        super().draw_feedback(net, rng)
        for layer in net.weighted[1:]:
            layer.B = np.abs(layer.B) * np.sign(layer.W.T)


class Scaler(PlantedRule):
    """One number computed from the weights above is a use of these weights."""

    def feedback_matrix(self, net, layer):
        return layer.B * np.linalg.norm(layer.W)


class Cheat(PlantedRule):
    """It knows the label, not only the error of the output."""

    def signals(self, net, trace):
        for layer, delta in super().signals(net, trace):
            yield layer, delta + (0.0 if layer is net.weighted[-1] else trace.target.sum(0).max())


class Prompter(DirectFeedbackAlignment):
    """Direct feedback of y instead of ŷ - y."""

    name = "prompter"

    def signals(self, net, trace):
        yield net.weighted[-1], trace.error
        for layer in net.weighted[:-1]:
            yield layer, trace.delta(layer, trace.target @ layer.D)


class Subtracter(PlantedRule):
    """To compute the error again is no use of the labels."""

    def signals(self, net, trace):
        np.subtract(trace.output, trace.target, out=trace.error)
        yield from super().signals(net, trace)


class Relayer(PlantedRule):
    """It scales the signal of each layer by the layer's own weights."""

    def signals(self, net, trace):
        for layer, delta in super().signals(net, trace):
            yield layer, delta * (1.0 if layer is net.weighted[-1] else layer.W.std())


class Mirrorer(PlantedRule):
    """A correct weight mirror in a few lines, which does not claim to be one."""

    def draw_feedback(self, net, rng):
        super().draw_feedback(net, rng)
        self.rng = rng

    def after_step(self, net):
        for layer in net.weighted[1:]:
            xi = self.rng.normal(size=(20, layer.n_in))
            z = layer.activation(xi @ layer.W)
            layer.B += 0.1 * (z.T @ xi / len(xi) - layer.B)


class Hebbian(PlantedRule):
    """Its feedback learns from the activities, as in Kolen-Pollack, but it does not claim so."""

    def teach(self, net, trace):
        updates = super().teach(net, trace)
        for layer, update in zip(net.weighted, updates, strict=True):
            update.dB = None if layer.B is None else update.dW.T.copy()
        return updates


PLANTED = [
    # the rule, what it uses but hides, what it claims but does not use
    (PlantedRule, "", ""),
    (Subtracter, "", ""),
    (Transposer, "transport", "feedback"),
    (Dilutor, "transport", ""),
    (Viewer, "transport", "feedback"),
    (Copier, "transport", "feedback"),
    (Hoarder, "transport", "feedback"),
    (Follower, "transport", "feedback"),
    (Signer, "signs", ""),
    (SignCopier, "signs", ""),
    (Scaler, "transport", ""),
    (Cheat, "labels", ""),
    (Prompter, "labels", "error"),
    (Relayer, "forward_weights", ""),
    (Mirrorer, "learned_feedback second_phase", "feedback"),
    (Hebbian, "learned_feedback", "feedback"),
]


@pytest.mark.parametrize(("planted", "hidden", "pretended"), PLANTED, ids=str)
def test_the_audit_finds_what_a_planted_rule_hides_and_what_it_falsely_claims(
    planted, hidden, pretended
):
    """A table that a rule can deceive is worth nothing."""
    found = audit(planted()).uses
    uses = {use.name: getattr(found, use.name) for use in fields(Uses)}
    claims = {use: getattr(planted.uses, use) for use in uses}
    assert {use for use in uses if uses[use] > claims[use]} == set(hidden.split())
    assert {use for use in uses if uses[use] < claims[use]} == set(pretended.split())


class Gambler(PlantedRule):
    """It draws from a generator that no seed controls."""

    def feedback_matrix(self, net, layer):
        return np.random.default_rng().normal(size=layer.feedback_shape)


def test_a_rule_with_random_numbers_outside_of_the_seed_is_not_audited():
    """If two runs differ without any change, a difference between them shows nothing."""
    with pytest.raises(ValueError, match=r"Gambler\(\) cannot be audited.*draw_feedback gets"):
        audit(Gambler())


def test_an_audit_leaves_the_rule_as_it_is():
    """A student continues to train with the rule and its network after an audit."""
    rule, net = rules.make("wm"), nofb.Network([nofb.Dense(4, 3, "tanh"), nofb.Dense(3, 2)])
    rule.attach(net)
    layer = net.layers[1]
    B, state = layer.B.copy(), layer.rule_state.rng.bit_generator.state
    audit(rule)
    assert net.rule is rule and (layer.B == B).all()
    assert layer.rule_state.rng.bit_generator.state == state


def test_the_command_names_a_rule_with_a_wrong_claim_and_how_it_was_found(capsys, tmp_path):
    """A teacher runs the audit on twenty submissions, and reads only the lines with a finding."""
    (tmp_path / "planted.py").write_text(PLANT)
    with contextlib.chdir(tmp_path):
        assert main(["audit", "fa", "planted:Secret"]) == 1
    out = capsys.readouterr().out
    assert re.search(r"^secret .* yes", out, re.M)
    assert re.search(
        r"^secret: it uses Wᵀ and does not say so: .* changes by \d+ % if the w", out, re.M
    )
    assert "fa:" not in out


def test_the_command_says_that_every_claim_is_right(capsys):
    """An empty output could mean that nothing was measured."""
    assert main(["audit", "dfa"]) == 0
    assert "Every claim agrees" in capsys.readouterr().out
