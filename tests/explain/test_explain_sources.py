"""The source beside its equations: the code shown must be the code that runs, for all equations."""

import re
import tokenize
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from nofb.explain import header, source
from nofb.explain.running import example, watching
from nofb.kernels.dense import mean_rows
from nofb.rules import RULES, FeedbackAlignment, IteratedInverses, WeightMirror, weight_mirror
from nofb.rules import fixed_weight_difference_target_propagation as fixed_weight

ROOT = Path(__file__).parents[2]
read = cache(source)  # as several tests use the same one
CHEAP = [
    name for name in RULES if name != "wm_released"
]  # which mirrors for a second, as `wm` does


@pytest.mark.parametrize("name", CHEAP)
def test_every_equation_of_a_rule_finds_the_line_that_implements_it(name):
    """An equation without a line is a claim that a reader cannot check."""
    shown = read(name)
    assert [e for e in shown.header.numbered.values() if not shown.lines_of(e)] == []


@pytest.mark.parametrize("name", CHEAP)
def test_every_line_that_is_shown_is_in_the_file_at_its_number(name):
    """A reader who opens the file must find the same lines there."""
    for function in read(name).functions:
        lines = (ROOT / function.file).read_text("utf-8").splitlines()
        for line in function.lines:
            assert line.code.strip() and line.code.strip() in lines[line.number - 1]


@pytest.mark.parametrize("path", sorted((ROOT / "nofb/rules").glob("*.py")), ids=lambda p: p.stem)
def test_every_mark_in_a_rules_file_names_an_equation_of_its_header(path):
    """If an equation gets a new number and its mark does not, the reader finds the wrong one."""
    rules = [kind for kind in RULES.values() if kind.__module__ == f"nofb.rules.{path.stem}"]
    numbers = set(header(rules[0]).numbered) if rules else set()
    with path.open("rb") as file:
        comments = [
            t.string for t in tokenize.tokenize(file.readline) if t.type == tokenize.COMMENT
        ]
    marked = {int(n) for text in comments for n in re.findall(r"\beqs?\. (\d+)", text)}
    assert marked <= numbers


def test_the_kernel_of_feedback_alignment_is_beside_its_equation():
    """These are the lines of the README, with their equations."""
    shown = read("fa")
    beside = {line.code.strip(): line for f in shown.functions for line in f.lines}
    back = beside["return delta @ B"]
    assert (back.equations, back.shape) == ((shown.header.numbered[2],), "(N, n_{l-1})")
    slope = beside["delta = trace.delta(layer)"]
    assert slope.note == "the sum of all signals, ∘ f'(a_l)"
    assert slope.equations == (shown.header.numbered[2],)


def test_what_a_rule_uses_from_another_file_is_shown_with_that_file():
    """Kolen-Pollack's signals are feedback alignment's own lines, and not a copy of them."""
    files = {function.name: function.file for function in read("kp").functions}
    assert files["FeedbackAlignment.signals"] == "nofb/rules/feedback_alignment.py"
    assert files["decay_both"] == "nofb/rules/kolen_pollack.py"


def test_an_equation_with_another_number_in_another_file_has_the_rules_own_number():
    """The mirror's eq. 7 is eq. 8 of information alignment, and its eq. 6 has no line there."""
    lines = {
        line.code.strip(): line for function in read("ia").functions for line in function.lines
    }
    follow = lines["follow(B, dB, factor * self.mirror_rate, factor * self.decay)"]
    assert [each.number for each in follow.equations] == [8]
    estimate = lines["dB = self.estimate(xi, z, B)"]
    assert [(each.number, each.text) for each in estimate.equations] == [
        (None, header("wm").numbered[6].text)
    ]


def test_the_weight_product_that_all_rules_share_is_shown_once_for_its_equation():
    """ΔW = hᵀδ/N is in no rule's file, but a part of every rule."""
    shown = read("dfa")
    found = [function for function, _ in shown.lines_of(shown.header.numbered[3])]
    assert [function.name for function in found] == ["weight_update"]
    assert found[0] in shown.shared and len(found[0].lines) == 1


def test_the_attributes_of_a_rule_determine_which_lines_are_shown():
    """A mirror with biases adds them, and one without does not."""
    unused = {f.name for f in read("itp").functions if f.marked and not f.ran}
    variants = {"IteratedFromInverse.start", "IteratedInOutputSpace.target_below"}
    assert unused == {"minimum_norm", *variants}
    assert all(f.ran for f in source(IteratedInverses(minimum_norm=True)).functions
               if f.name == "minimum_norm")  # fmt: skip


class Doubled(FeedbackAlignment):
    """A student's rule."""

    def signals(self, net, trace):
        for layer, delta in super().signals(net, trace):
            yield layer, 2 * delta  # δ_{l-1} = (δ_l B_l) ∘ f'(a_{l-1})  (N, n_l)


def test_a_students_rule_is_explained_like_any_other():
    """The author of a rule needs most to see each line with its equation."""
    shown = source(Doubled)
    own = next(f for f in shown.functions if f.name == "Doubled.signals")
    assert shown.files == [Path(__file__).name, "nofb/rules/feedback_alignment.py"]
    assert own.lines[-1].equations[0].number == 2 and own.lines[-1].shape == "(N, n_l)"
    parents = [f.name for f in shown.functions if f.file == shown.files[1]]
    assert parents == [
        "send_back",
        "FeedbackAlignment.signals",
    ]  # a line that does not run is not shown


def test_explaining_a_rule_changes_no_state():
    """An explanation in the middle of a run must not slow it down, or change its weights."""
    net = example("wm", (2, 3, 2)).net
    rule, kernel = net.rule, weight_mirror.correlate
    before = net.weighted[1].rule_state.dB.copy(), net.weighted[1].B.copy()
    kinds = type(kernel), type(weight_mirror.follow)
    source(rule)
    assert net.rule is rule
    assert np.array_equal(before, (net.weighted[1].rule_state.dB, net.weighted[1].B))

    def look_on(frame, event, argument):
        """Trace nothing."""

    with pytest.raises(ZeroDivisionError), watching(look_on, WeightMirror):
        raise ZeroDivisionError
    assert weight_mirror.correlate is kernel and kinds == (type(kernel), type(weight_mirror.follow))


def test_a_kernel_is_traced_though_others_import_it_by_another_name():
    """Nine files import the difference of targets; none of them needs a change for the trace."""
    seen = []
    with watching(lambda frame, *_: seen.append(frame.f_code.co_name), RULES["dtp"]):
        fixed_weight.difference_target(*np.ones((3, 2, 2)))
    assert seen == ["difference_target"]
    with watching(lambda frame, *_: seen.append(frame.f_code.co_name), RULES["dtp"]):
        mean_rows(np.ones((2, 2)), 2, np.ones(2))
    assert seen == ["difference_target"]  # what is below the rules is compiled
