"""`nofb audit toast`: what the top-down path depends on, and what training it requires."""

from functools import cache

import numpy as np
import pytest

from nofb.audit import steered, top_down, top_down_table
from nofb.audit.top_down_changes import CHANGES, COLUMNS, FIRST, LATER, PATH
from nofb.cli import main
from nofb.layers import Sum
from nofb.transfer import toast

found = cache(lambda method: top_down(method, rules=["bp", "fa"]))


@pytest.mark.parametrize("method", steered.METHODS)
def test_every_claim_about_the_path_holds(method):
    """The command prints these sentences as facts, so each one is measured."""
    verdict = list(top_down_table.verdict(found(method)))
    assert len(verdict) == len(top_down_table.CLAIMS) + 2
    assert all(holds for _, holds in verdict), verdict


@pytest.mark.parametrize("method", steered.METHODS)
def test_the_quantities_that_change_are_those_of_the_equations(method):
    """The table must follow eqs. 1 to 5: a row that never changes may be a broken experiment."""
    moves, steered_too = found(method).moves, {LATER, "output"}
    expected = {
        "the labels": set(),
        "the sample": set(COLUMNS),
        "another token of z": steered_too,
        "the lengths of z's tokens": {*PATH, *steered_too} - {"m"},
        "the order of the tokens": set(),
        "the length of ξ": set(),
        "the direction of ξ": {*PATH, *steered_too},
        "P": {*PATH, *steered_too} - {"m"},
        "A_2": {"td_2", "td_1", *steered_too},
        "C_2": {"td_2", *steered_too},
        "W_V, pass 1 kept": steered_too,
        "W_Q and W_K, pass 1 kept": {FIRST, *steered_too},
        "other W, pass 1 kept": steered_too,
        "the head": {"output"},
    }
    assert {change: moves(change) for change in CHANGES} == expected


def test_backprop_reads_weights_to_train_the_path_and_feedback_alignment_does_not():
    """A frozen backbone has weights, too: to use their transposes is weight transport."""
    reads = found("toast").reads
    assert reads["bp"] == {
        "ξ": ("backbone", "path", "head"),
        "P": ("backbone", "path", "head"),
        "A": ("backbone", "path", "head"),
        "C": ("backbone", "head"),
        "head": (),
    }
    assert reads["fa"] == dict.fromkeys(reads["bp"], ())
    lite = found("toast_lite").reads
    assert lite["bp"]["A"] is None and lite["bp"]["U"] == ("backbone", "path", "head")


@pytest.mark.parametrize(("rule", "reads"), [("wm", ()), ("kp", ()), ("sa", ("backbone", "head"))])
def test_a_rule_that_learns_its_feedback_reads_no_weight_unless_it_follows_w(rule, reads):
    """A mirror observes responses; symmetric alignment copies W, slowly."""
    assert top_down(rules=[rule]).reads[rule]["C"] == reads


def test_direct_feedback_trains_the_matrices_and_leaves_the_task_as_it_is():
    """No signal passes through the mask here, so ξ does not change: the table must say so."""
    assert top_down(rules=["dfa"]).reads["dfa"]["ξ"] is None


def steering_queries(td):
    """Return a function that adds td to the queries too, as a wrong reading of the paper would."""

    def receive(graph, attention, at):
        added = graph.add(Sum(), at, td)
        return [graph.add(each, added) for each in (attention.query, attention.key)] + [
            graph.add(attention.value, added)
        ]

    return receive


def mask_of_all(cos):
    """Return a mask scaled by the mean cosine: then a token's mask depends on the other tokens."""
    return np.clip(0.3 * cos / np.abs(cos).mean(), 0, 1)


@pytest.mark.parametrize(
    ("name", "fault", "claim"),
    [("steered_by", steering_queries, "Queries and keys"), ("mask", mask_of_all, "Each token")],
)
def test_a_fault_in_the_path_is_found(name, fault, claim, monkeypatch):
    """An audit that accepts everything is worth nothing."""
    monkeypatch.setattr(toast, name, fault)
    wrong = [s for s, holds in top_down_table.verdict(top_down(rules=["fa"])) if not holds]
    assert len(wrong) == 1 and wrong[0].startswith(claim)


def test_the_command_prints_both_tables_and_the_verdict_within_a_terminal(capsys):
    """The question of the user: what does the top-down path depend on?"""
    assert main(["audit", "toast"]) == 0
    text = capsys.readouterr().out
    lines = text.splitlines()
    assert max(map(len, lines)) <= 100
    assert sum(line.startswith("* ") for line in lines) == len(top_down_table.CLAIMS) + 2
    assert "Taught by bp or sa, the path needs the weights of the frozen backbone" in text
    assert "NOT" not in text


def test_a_claim_that_fails_is_printed_and_ends_with_an_error(capsys, monkeypatch):
    """A script that runs the audit must be able to detect it."""
    monkeypatch.setattr(toast, "steered_by", steering_queries)
    assert main(["audit", "toast"]) == 1
    assert "* This does NOT hold: Queries and keys stay bottom-up" in capsys.readouterr().out


def test_a_method_without_a_top_down_path_is_refused():
    """LoRA has none, and a table of dashes would look like a finding."""
    with pytest.raises(ValueError, match="method is 'lora', but must be one of: toast, toast_lite"):
        top_down("lora")
