"""The source beside its equations: what is shown must be what runs, and leave no equation out."""

import re
import tokenize
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

from nofb.activations import ACTIVATIONS
from nofb.explain import header, source
from nofb.explain.running import example, plain_python
from nofb.kernels import products, slopes
from nofb.rules import RULES, FeedbackAlignment, IteratedInverses, WeightMirror, weight_mirror

ROOT = Path(__file__).parent.parent
read = cache(source)  # as several tests look at the same one
CHEAP = [
    name for name in RULES if name != "wm_released"
]  # which mirrors for a second, as `wm` does


@pytest.mark.parametrize("name", CHEAP)
def test_every_equation_of_a_rule_finds_the_line_that_implements_it(name):
    """An equation without a line is a promise that nobody can check."""
    shown = read(name)
    assert [e for e in shown.header.numbered.values() if not shown.lines_of(e)] == []


@pytest.mark.parametrize("name", CHEAP)
def test_every_line_that_is_shown_stands_in_the_file_under_its_number(name):
    """A reader who opens the file must find there what was shown."""
    for function in read(name).functions:
        lines = (ROOT / function.file).read_text("utf-8").splitlines()
        for line in function.lines:
            assert line.code.strip() and line.code.strip() in lines[line.number - 1]


@pytest.mark.parametrize("path", sorted((ROOT / "nofb/rules").glob("*.py")), ids=lambda p: p.stem)
def test_every_mark_in_a_rules_file_names_an_equation_of_its_header(path):
    """An equation that was renumbered, and its mark not, sends the reader to the wrong one."""
    rules = [kind for kind in RULES.values() if kind.__module__ == f"nofb.rules.{path.stem}"]
    numbers = set(header(rules[0]).numbered) if rules else set()
    with path.open("rb") as file:
        comments = [
            t.string for t in tokenize.tokenize(file.readline) if t.type == tokenize.COMMENT
        ]
    marked = {int(n) for text in comments for n in re.findall(r"\beqs?\. (\d+)", text)}
    assert marked <= numbers


def test_the_two_linear_maps_of_feedback_alignment_stand_beside_their_equation():
    """The five lines that the README shows, with what they mean."""
    shown = read("fa")
    signals = next(f for f in shown.functions if f.name == "FeedbackAlignment.signals")
    beside = {line.code.strip(): line for line in signals.lines}
    back = beside["signal = trace.back(layer, delta, layer.B)"]
    assert (back.note, back.shape) == ("δ_l B_l", "(N, n_{l-1})")
    (mark,) = beside["delta = trace.times_slope(below, signal)"].marks
    assert mark.equation == shown.header.numbered[2] and mark.of == ""


def test_what_a_rule_takes_from_another_file_is_shown_with_that_file():
    """The mirror's engaged mode is feedback alignment's own lines, and not a copy of them."""
    files = {function.name: function.file for function in read("wm").functions}
    assert files["FeedbackAlignment.signals"] == "nofb/rules/feedback_alignment.py"
    assert files["mirror"] == "nofb/rules/weight_mirror.py"


def test_an_equation_that_another_rule_numbers_is_told_apart():
    """Information alignment has an eq. 6 of its own, and a line that is the mirror's eq. 6."""
    lines = [line for function in read("ia").functions for line in function.lines]
    marks = [
        mark for line in lines if line.code.strip() == "np.dot(z.T, xi, dB)" for mark in line.marks
    ]
    assert [(mark.equation.number, mark.of) for mark in marks] == [(6, "Weight mirror")]


def test_the_weight_product_that_all_rules_share_is_shown_once_for_its_equation():
    """ΔW = hᵀδ/N stands in no rule's file, and is half of every rule."""
    shown = read("dfa")
    where = {function.name for function, _ in shown.lines_of(shown.header.numbered[3])}
    assert where == {"Rule.teach", "weight_product"}
    assert not any(f.own for f in shown.functions if f.name in where)


def test_a_rules_attributes_decide_what_is_shown_as_run():
    """A biased mirror adds biases, and one that is not does not."""
    names = {f.name for f in source(WeightMirror(bias=True)).functions}
    assert "add_bias" in names - {f.name for f in read("wm").functions}
    unused = {f.name for f in read("itp").functions if not f.ran}
    variants = {"IteratedFromInverse.start", "IteratedInOutputSpace.target_below"}
    assert unused == {"minimum_norm", *variants}
    assert all(f.ran for f in source(IteratedInverses(minimum_norm=True)).functions
               if f.name == "minimum_norm")  # fmt: skip


class Doubled(FeedbackAlignment):
    """A student's rule."""

    def signals(self, net, trace):
        for layer, delta in super().signals(net, trace):
            yield layer, 2 * delta  # δ_{l-1} = (δ_l B_l) ∘ f'(a_{l-1})  (N, n_l)


def test_a_students_rule_is_read_like_any_other():
    """The one who most needs to see line and equation together is the one who wrote them."""
    shown = source(Doubled)
    own = next(f for f in shown.functions if f.name == "Doubled.signals")
    assert own.own and own.file == Path(__file__).name
    assert own.lines[-1].marks[0].equation.number == 2 and own.lines[-1].shape == "(N, n_l)"
    shared = [[f.name for f in each.functions if not f.own] for each in (shown, read("fa"))]
    assert shared[0] == shared[1]  # this test, which stands in the rule's file, calls for no more


def test_reading_a_rule_leaves_the_reader_as_he_was():
    """Explaining a rule in the middle of a run must not slow the run down, or move its weights."""
    with plain_python("fa"):
        net = example("wm", (2, 3, 2)).net
    rule = net.rule
    before = net.weighted[1].rule_state.dB.copy(), net.weighted[1].B.copy()
    source(rule)
    assert net.rule is rule
    assert np.array_equal(before, (net.weighted[1].rule_state.dB, net.weighted[1].B))
    with pytest.raises(ZeroDivisionError), plain_python("wm"):
        assert not isinstance(weight_mirror.mirror, Dispatcher)
        assert not isinstance(products.mean, Dispatcher)
        assert not isinstance(ACTIVATIONS["tanh"].times_slope, Dispatcher)
        raise ZeroDivisionError
    assert isinstance(products.mean, Dispatcher)
    assert ACTIVATIONS["tanh"].times_slope is slopes.times_tanh_slope
