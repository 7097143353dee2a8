"""The page of one update: its numbers are those of the update, and its lines are in the source."""

import json
import linecache
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import nofb
from nofb.explain import stepper, walk
from nofb.explain.running import RATE
from nofb.explain.stepper.data import described
from nofb.explain.stepper.story import Story
from nofb.rules import RULES, FeedbackAlignment
from nofb.transfer import METHODS

walked = cache(walk)
ROOT = Path(nofb.__file__).parents[1]
CHEAP = [name for name in RULES if name != "wm_released"]


@cache
def events_of(subject):
    """Return all steps of a subject, and the arrays of the network after the last one."""
    story = Story(walked(subject))
    return list(story.events()), story.state.held


@cache
def data_of(subject):
    return stepper.data(walked(subject))


def arrays_at(steps, index):
    """Return the arrays of the network after a step."""
    return {each.name: each.content for step in steps[: index + 1] for each in step.sets}


def step_with(steps, code):
    """Return the index of the step whose last line is this code."""
    lines = [step.call.lines[-1].code.strip() if step.call else "" for step in steps]
    return next(index for index, line in enumerate(lines) if line.startswith(code))


def test_the_numbers_of_every_step_of_feedback_alignment_are_those_done_by_hand():
    """A student checks the page with a calculator."""
    steps, held = events_of("fa")
    start = arrays_at(steps, 0)
    x, y, W1, W2, B2 = (start[name] for name in ("x", "y", "W_1", "W_2", "B_2"))
    h1 = np.tanh(x @ W1)
    output = np.exp(h1 @ W2) / np.exp(h1 @ W2).sum(axis=1, keepdims=True)
    delta2 = output - y
    delta1 = (delta2 @ B2) * (1 - h1**2)
    expected = {"h_1": h1, "h_2": output, "e": delta2, "δ_2": delta2, "δ_1": delta1,
                "dW_2": h1.T @ delta2 / len(x), "dW_1": x.T @ delta1 / len(x),
                "db_1": delta1.mean(0), "W_1": W1 - RATE * x.T @ delta1 / len(x)}  # fmt: skip
    for name, value in expected.items():
        np.testing.assert_allclose(held[name], value, err_msg=name)
    back = steps[step_with(steps, "return delta @ B")]
    assert [(each.name, each.same_as) for each in back.reads] == [("delta", "δ_2"), ("B", "B_2")]
    np.testing.assert_allclose(back.makes[0].content, delta2 @ B2)


@pytest.mark.parametrize("name", ["bp", "fa", "usf", "kp", "wm", "np_feedback"])
def test_the_signal_that_arrives_times_the_slope_is_delta(name):
    """The product in f'(a) is the half of the equation that the code does not spell out."""
    steps, _ = events_of(name)
    found = [step for step in steps if "f'(a)" in [each.name for each in step.reads]]
    assert found
    for step in found:
        read = {each.name: each.content for each in step.reads}
        np.testing.assert_allclose(read["signal"] * read["f'(a)"], step.makes[0].content)
        assert f"a_{step.layer}" in step.uses


@pytest.mark.parametrize("name", CHEAP)
def test_the_arrays_after_the_last_step_are_those_after_the_update(name):
    """Steps that lose a change would show another update than the one that is trained with."""
    _, held = events_of(name)
    for value in walked(name).ran.end:
        np.testing.assert_array_equal(held[value.name], value.content, err_msg=value.name)


@pytest.mark.parametrize("name", CHEAP)
def test_each_update_is_the_product_of_the_arrays_beside_it(name):
    """ΔW = hᵀ δ / N, of all passes of a rule: otherwise the step would show wrong factors."""
    steps, _ = events_of(name)
    shown = [step for step in steps if step.title.startswith("The update of layer")]
    assert shown
    for step in shown:
        reads = [each.content for each in step.reads]
        made = {each.name: each.content for each in step.makes}
        if not reads:  # a layer that does not learn has no signal
            assert not made[f"dW_{step.layer}"].any()
            continue
        total = sum(h.T @ delta for h, delta in zip(reads[::2], reads[1::2], strict=True))
        np.testing.assert_allclose(total / len(reads[0]), made[f"dW_{step.layer}"], atol=1e-12)


@pytest.mark.parametrize("name", [*CHEAP, *METHODS])
def test_the_page_shows_every_equation_that_the_text_shows(name):
    """A reader of the page must not learn less than a reader of the terminal."""
    steps, _ = events_of(name)
    calls = [call for step in steps for call in (step.call, *step.callers) if call]
    shown = {each.number for call in calls for each in call.equations}
    own = [line for moment in walked(name).moments for line in moment.lines]
    assert {each.number for line in own for each in line.equations if each.number} <= shown


@pytest.mark.parametrize("name", ["bp", "wm", "dtp", "ff", "pepita", "toast"])
def test_every_line_of_a_step_is_in_the_source(name):
    """The number beside a line is where a student opens the file."""
    shown = data_of(name)
    for step in filter(lambda each: each["call"], shown["steps"]):
        for call in (step["call"], *step["callers"]):
            function = shown["functions"][call["function"]]
            code = {line["number"]: line["code"] for line in function["lines"]}
            assert call["lines"]
            for number in call["lines"]:
                written = linecache.getline(str(ROOT / function["file"]), number)
                assert code[number].strip() and code[number].strip() in written


def test_weights_that_a_mirror_sees_are_those_after_the_step():
    """The mirror runs after the optimizer: the page must not show the weights of before."""
    steps, _ = events_of("wm")
    drive = steps[step_with(steps, "return xi @ W")]
    assert [each.same_as for each in drive.reads] == ["", "W_2"]
    stepped = next(i for i, step in enumerate(steps) if step.title.startswith("The step W"))
    assert stepped < steps.index(drive)
    follow = steps[-1]
    (changed,) = [each for each in follow.makes if each.same_as == "B_2"]
    assert changed.before is not None and not np.array_equal(changed.before, changed.content)


def test_both_passes_of_forward_forward_are_in_the_update():
    """ΔW_1 is a sum over the right and the wrong labels."""
    steps, _ = events_of("ff")
    update = next(step for step in steps if step.title == "The update of layer 1")
    assert len(update.reads) == 4


def test_the_object_has_the_numbers_of_the_arrays():
    """Colours and numbers of the page are read from this object only."""
    shown, (_, held) = data_of("fa"), events_of("fa")
    state = {name: index for step in shown["steps"] for name, index in step["sets"].items()}
    for name, index in state.items():
        entry = shown["contents"][index]
        assert tuple(entry["shape"]) == held[name].shape
        rows = held[name].reshape(-1, held[name].shape[-1])
        np.testing.assert_allclose(entry["rows"], rows[: len(entry["rows"])], rtol=1e-4)
        assert entry["more"] == len(rows) - len(entry["rows"])


def test_the_network_is_drawn_with_the_paths_of_its_rule():
    """W back for backprop, B for feedback alignment, D for direct feedback, none for PEPITA's W."""
    ways = {name: [(way["name"], way.get("transposed", False), way["from"], way["to"])
                   for way in data_of(name)["network"]["back"]]
            for name in ("bp", "fa", "dfa", "ifa", "pepita", "ff")}  # fmt: skip
    assert ways["bp"] == [("W_2", True, 2, 1)]
    assert ways["fa"] == [("B_2", False, 2, 1)]
    assert ways["dfa"] == [("D_1", False, 2, 1)]
    assert ("D_1", False, 3, 1) in ways["ifa"]
    assert ways["pepita"] == [("F_1", False, 2, 0)] and ways["ff"] == []


def test_a_rule_object_is_shown_with_its_own_attributes():
    """A student who changes λ wants to see this λ."""
    story = Story(walk(RULES["kp"](decay=0.25)))
    steps = list(story.events())
    start, held = arrays_at(steps, 0), story.state.held
    before = start["W_2"] - start["B_2"].T
    np.testing.assert_allclose(held["W_2"] - held["B_2"].T, 0.75 * before)


class Sneaky(FeedbackAlignment):
    """</script><script>alert(1)</script>"""

    title = "</script><script>alert(2)</script>"

    def signals(self, net, trace):
        """</script><img src=x>"""
        delta = trace.error
        for layer in trace.downward():
            yield layer, delta
            words = "</script><!--<script>"  # <img src=x onerror=alert(3)> & `x`
            if layer.sends:
                delta = delta @ layer.B + 0 * len(words)


def test_a_rule_of_ones_own_is_shown_and_its_words_are_not_markup():
    """A docstring with </script> must not end the page, or run."""
    page = stepper.page(walked(Sneaky))
    assert page.count("</script>") == 2 and "<img" not in page and "<!--" not in page
    shown = data_of(Sneaky)
    source = [line["code"] for each in shown["functions"] for line in each["lines"]]
    assert any('words = "</script><!--<script>"' in code for code in source)
    text = page.split('id="data">')[1].split("</script>")[0]
    assert json.loads(text) == json.loads(json.dumps(shown))
    assert not any("<img" in step["says"] for step in shown["steps"])


@pytest.mark.parametrize("name", ["fa", "toast"])
def test_the_same_update_gives_the_same_page_which_needs_no_network(name):
    """Pages that change with each build cannot be compared, and a lecture room may be offline."""
    page = stepper.page(walked(name))
    assert page == stepper.page(walk(name))
    for link in ("src=", "href=", "@import", "url(", "fetch("):
        assert link not in page
    assert len(page.encode()) < 300_000


def test_a_diverged_update_still_makes_a_page():
    """JSON has no NaN, and a student looks at a page because something went wrong."""
    entry = described(np.array([[np.nan, np.inf, 1.0]]))
    assert entry["rows"] == [["nan", "inf", 1.0]] and entry["largest"] == 1.0
