"""`nofb explain` as a student uses it: in a terminal, in a notebook, and one step line by line."""

import os
import re
import subprocess
import sys
import unicodedata
from functools import cache
from html.parser import HTMLParser

import numpy as np
import pytest

import nofb
from nofb.cli import main
from nofb.explain import Explanation, explain, header, latex, source, walk
from nofb.explain.running import RATE, example
from nofb.rules import RULES, FeedbackAlignment, KolenPollack

CHEAP = [
    name for name in RULES if name != "wm_released"
]  # which mirrors for a second, as `wm` does


walked = cache(walk)  # as several tests use the same one
read = cache(source)


def explained(name, step):
    """Return an explanation of a rule; it is computed once for all tests."""
    return Explanation(header(name), walked(name) if step else read(name), everything=True)


def shown(steps, name):
    """Return the values that a walk shows of an array, in order, with the initial value."""
    lines = [value for moment in steps.moments for value in moment.values]
    values = [*steps.ran.start, *steps.ran.forward, *lines, *steps.ran.end]
    return [value.content for value in values if value.name == name]


def beside(steps, code):
    """Return the values beside a line, by their names."""
    moments = [m for m in steps.moments if m.lines[-1].code.strip().startswith(code) and m.values]
    return [{value.name: value.content for value in moment.values} for moment in moments]


# -- one step, line by line ------------------------------------------------------------------------


def test_the_numbers_of_a_step_are_those_a_student_gets_with_paper_and_pencil():
    """A student checks the walk by hand, so every number must be right."""
    steps = walk("fa")
    x, y, W1, W2, B2 = (shown(steps, name)[0] for name in ("x", "y", "W_1", "W_2", "B_2"))
    a1 = x @ W1
    h1 = np.tanh(a1)
    output = np.exp(h1 @ W2) / np.exp(h1 @ W2).sum(axis=1, keepdims=True)
    delta2 = output - y
    delta1 = (delta2 @ B2) * (1 - h1**2)
    expected = {"a_1": a1, "h_1": h1, "h_2": output, "e": delta2,
                "dW_2": h1.T @ delta2 / len(x), "db_2": delta2.mean(0),
                "dW_1": x.T @ delta1 / len(x), "db_1": delta1.mean(0),
                "W_1": W1 - RATE * x.T @ delta1 / len(x)}  # fmt: skip
    for name, value in expected.items():
        np.testing.assert_allclose(shown(steps, name)[-1], value, err_msg=name)
    (given,) = beside(steps, "def send_back(")
    np.testing.assert_allclose(given["delta"], delta2)
    np.testing.assert_allclose(given["B"], B2)
    (back,) = beside(steps, "return delta @ B")
    np.testing.assert_allclose(back["returned"], delta2 @ B2)
    top, hidden = beside(steps, "delta = trace.delta(layer)")
    np.testing.assert_allclose(top["delta"], delta2)
    np.testing.assert_allclose(hidden["delta"], delta1)


@pytest.mark.parametrize("name", CHEAP)
def test_a_step_that_is_explained_is_the_step_that_is_trained_with(name):
    """The walk runs kernels as Python, and training runs them compiled: both must agree."""
    steps = walked(name)
    alone = example(name, steps.setting.units)
    before = alone.arrays()
    alone.forward()
    alone.update()
    for held, now in zip(before, alone.arrays(), strict=True):
        if not np.array_equal(held.content, now.content):
            np.testing.assert_allclose(shown(steps, now.name)[-1], now.content, atol=1e-9)


@pytest.mark.parametrize("name", CHEAP)
def test_a_step_shows_every_equation_that_it_takes(name):
    """An equation without its line would be the one that a reader needs."""
    steps = walked(name)
    elsewhere = {
        "itp": {4},  # where it iterates in output space
        "dfa_blocks": {3},  # inside a block of several layers, which is not in a list of layers
    }
    assert steps.shows == set(steps.reader.header.numbered) - elsewhere.get(name, set())


def test_a_network_has_one_more_layer_only_for_what_happens_between_two_hidden_ones():
    """A relay, or a difference of targets, does not exist in a 2-3-2 network."""
    sizes = {
        name: walked(name).setting.units
        for name in ("fa", "dfa", "wm", "tp", "ifa", "dtp", "dtp_drl")
    }
    deep = [name for name, units in sizes.items() if units == (2, 3, 5, 2)]
    assert deep == ["ifa", "dtp"] and set(sizes.values()) == {(2, 3, 2), (2, 3, 5, 2)}


def test_the_walk_shows_that_kolen_pollack_brings_w_and_b_together_by_its_law():
    """W - Bᵀ shrinks by exactly 1 - λ, and a reader can check it with the printed arrays."""
    steps = walk(KolenPollack(decay=0.25))
    W, B = shown(steps, "W_2")[-1], shown(steps, "B_2")[-1]
    before = shown(steps, "W_2")[0] - shown(steps, "B_2")[0].T
    np.testing.assert_allclose(W - B.T, 0.75 * before)


def test_the_second_phase_of_a_mirror_is_explained_down_to_its_kernel():
    """The mirror step happens after the weight step, and inside a kernel."""
    steps = walk("wm")
    names = [moment.function.name for moment in steps.moments]
    assert names.index("WeightMirror.signals") < names.index("correlate") < names.index("follow")
    (given,) = beside(steps, "def correlate(")
    (product,) = beside(steps, "return z.T @ xi / z.dtype.type(count)")
    np.testing.assert_allclose(product["returned"], given["z"].T @ given["xi"] / given["count"])
    assert given["count"] == 63
    loops = [
        moment
        for moment in steps.moments
        if moment.lines[0].code.strip() == "for i in range(B.shape[0]):"
    ]
    assert len(loops) == 1 and [value.name for value in loops[0].values] == ["B"]


def test_feedback_that_is_trained_in_separate_passes_is_explained():
    """Otherwise the walk would not show where the inverse of difference targets comes from."""
    names = [moment.function.name for moment in walk("tp").moments]
    assert names.index("reconstruction") < names.index("output_target")
    assert "difference_reconstruction" in [m.function.name for m in walk("dtp_drl").moments]


@pytest.mark.parametrize("name", CHEAP)
def test_a_step_is_short_enough_to_read(name):
    """Nobody reads nine hundred lines that show the same loss of an inverse ten times."""
    assert len(str(explained(name, True)).splitlines()) <= 400
    calls = {moment.function: 0 for moment in walked(name).moments}
    for moment in walked(name).moments:
        calls[moment.function] += "def " in moment.lines[0].code
    assert max(calls.values()) <= 1  # a kernel that runs for each layer is shown for one of them


def test_every_line_of_a_mirror_step_shows_what_it_makes():
    """Noise, response and estimate are the rule; a reader must be able to check each line."""
    steps = walked("wm")
    ((xi,), raw, (centred,)) = (
        beside(steps, line) for line in ("xi = self.width", "z = self.respond", "z = z - z.mean")
    )
    assert xi["xi"].shape == (64, 3) and len(raw) == 1
    np.testing.assert_allclose(centred["z"].mean(axis=0), 0, atol=1e-15)
    (hidden,) = beside(walked("dfa"), "delta = trace.delta(layer, project")
    error, D = shown(walked("dfa"), "e")[0], shown(walked("dfa"), "D_1")[0]
    h = shown(walked("dfa"), "h_1")[0]
    np.testing.assert_allclose(hidden["delta"], (error @ D) * (1 - h**2))


def test_a_call_that_is_shown_names_its_layer():
    """Only one of several layers is shown: without its number its arrays cannot be identified."""
    assert "# WeightMirror.mirror_layer, layer 2" in str(explained("wm", True))
    assert "DifferenceTargetPropagation.target_below, layer 2" in str(explained("dtp", True))


def test_a_step_states_what_it_leaves_out():
    """An inverse takes five training steps, and one is shown: the walk must mention the others."""
    text = str(explained("ldrl", True))
    assert "inverse_loss, one of 5 calls" in text and "..." not in text
    signals = str(explained("fa", True))  # a loop of two iterations is shown to its end
    assert "FeedbackAlignment.signals" in signals and "and so on" not in signals
    assert "and so on" in str(explained("itp", True))  # its third iteration


class Summed(FeedbackAlignment):
    """A student's rule, which forgets the derivative."""

    def signals(self, net, trace):
        delta = trace.error
        for layer in trace.downward():
            yield layer, delta
            spare = delta
            if layer.sends:
                delta = delta @ layer.B + 0 * spare.sum()


def test_a_students_own_lines_are_explained_without_further_text():
    """A student needs the walk most for a rule that does not learn yet."""
    steps = walk(Summed)
    error, B = shown(steps, "e")[0], shown(steps, "B_2")[0]
    (wrong,) = beside(steps, "delta = delta @ layer.B")
    np.testing.assert_allclose(wrong["delta"], error @ B)
    first, second = beside(steps, "spare = delta")
    np.testing.assert_allclose(first["spare"], error)
    np.testing.assert_allclose(second["spare"], error @ B)


def test_only_the_seed_determines_the_network_and_the_batch():
    """Two students who compare notes must have the same numbers, or know the reason."""
    first, again, other = (str(explain("dfa", step=True, seed=seed)) for seed in (0, 0, 1))
    assert first == again != other


def test_a_tracer_that_was_active_stays_active():
    """A debugger or a coverage tool must continue to work."""

    def tracer(frame, event, argument):
        """Trace this frame, too."""

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        walk("fa")
        assert sys.gettrace() is tracer
    finally:
        sys.settrace(before)


# -- in a terminal ---------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [False, True])
@pytest.mark.parametrize("name", CHEAP)
def test_no_line_is_wider_than_a_terminal(name, step):
    """A line that wraps separates the code from its equation."""
    for line in str(explained(name, step)).splitlines():
        assert sum(not unicodedata.combining(sign) for sign in line) <= 100, line


def test_a_rule_is_explained_from_its_question_to_its_last_kernel(capsys):
    """The README promises it: the header, then each line beside its equation."""
    assert main(["explain", "wm", "--all"]) == 0
    text = capsys.readouterr().out
    for part in ("What if the feedback path learned Wᵀ by itself", "Differences of the",
                 "# WeightMirror.signals", "What all rules share"):  # fmt: skip
        assert part in text
    line = next(line for line in text.splitlines() if "return delta @ B" in line)
    assert line.rstrip().endswith("(2) δ_{l-1} = (δ_l B_l) ∘ f'(a_{l-1})")
    assert main(["explain", "kp", "--all"]) == 0
    text = capsys.readouterr().out
    for part in ("What it runs of nofb/rules/feedback_alignment.py", "# FeedbackAlignment.signals"):
        assert part in text


def test_a_step_is_printed_with_arrays_that_line_up(capsys):
    """Numbers in columns that are not aligned are hard to read."""
    assert main(["explain", "kp", "--step", "--seed", "3"]) == 0
    text = capsys.readouterr().out
    rows = re.search(
        r"^ *dB_2  \(2, 3\)\n((?: +-?\d+\.\d{4}){3}\n)((?: +-?\d+\.\d{4}){3}\n)", text, re.M
    )
    assert rows and len(rows[1]) == len(rows[2])


@pytest.mark.parametrize(
    ("words", "sentence"),
    [(["bq"], "rule is 'bq' (did you mean 'bp'?), but must be one of: bp, fa"),
     (["fa", "--seed", "-1"], "seed must"),
     (["fa", "--seed", "one"], "argument --seed: invalid int value"), ([], "required: RULE")],
)  # fmt: skip
def test_a_mistake_gets_one_sentence(capsys, words, sentence):
    """The error for an unknown rule must list the known ones."""
    try:
        code = main(["explain", *words])
    except SystemExit as exit_:
        code = exit_.code
    assert code == 2 and sentence in (err := capsys.readouterr().err) and err.count("\n") == 1


def test_a_pager_may_close_before_the_end():
    """A reader uses `nofb explain wm | head` for a long text."""
    command = [sys.executable, "-m", "nofb", "explain", "wm"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        running.stdout.readline()
        running.stdout.close()
        assert running.stderr.read() == b"" and running.wait() == 0


def test_nothing_changes_if_the_user_has_disabled_compilation():
    """A student with a debugger sets `NUMBA_DISABLE_JIT=1`."""
    command = [sys.executable, "-m", "nofb", "explain", "sa", "--step"]
    without = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    text = subprocess.run(command, env=without, capture_output=True, text=True, check=True).stdout
    assert text.strip() == str(explain("sa", step=True)).strip()


# -- in a notebook ---------------------------------------------------------------------------------


class Page(HTMLParser):
    """Collects the text of a page, and the tags that were left open."""

    def __init__(self, text):
        super().__init__()
        self.open, self.words, self.links = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)
        self.links += [value for name, value in attributes if name in ("src", "href")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


@pytest.mark.parametrize("step", [False, True])
@pytest.mark.parametrize("name", ["fa", "wm", "np_feedback", "itp"])
def test_a_notebook_gets_a_whole_page_with_every_equation_as_mathematics(name, step):
    """Rich output that is broken, or needs a network, cannot be used in a lecture."""
    page = Page(explained(name, step)._repr_html_())
    text = "".join(page.words)
    assert page.open == [] and page.links == []
    for equation in header(name).equations:
        assert f"$\\displaystyle {latex(equation.text)}$" in text
    assert "def signals(" in text or step


def test_explain_is_a_function_and_a_package_in_any_order_of_imports():
    """`nofb.explain("fa")` must not fail because a part of the package was imported before."""
    from nofb.explain import headers

    assert headers.header("fa") == nofb.explain.header("fa")
    assert "feedback alignment (fa)" in str(nofb.explain("fa"))
    assert "explain" in dir(nofb)


def test_importing_nofb_does_not_import_its_explanations():
    """Training a network needs none of these modules."""
    code = "import sys, nofb; print('nofb.explain' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
