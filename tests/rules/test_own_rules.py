"""A custom rule: found by its address, checked, and accepted by every command."""

import contextlib
import json
import re
import sys
from pathlib import Path

import pytest

from nofb import fingerprint, rules
from nofb.check import TESTS
from nofb.cli import main
from nofb.custom_rules import load
from nofb.rules import RULES, FeedbackAlignment
from nofb.runs.rates import RATED, tuned_rate
from nofb.runs.specification import Specification

FILE = """
from nofb.rules import Rule, Uses


class Mine(Rule):
    name = "mine"
    uses = Uses(error=True, feedback=True)

    def __init__(self, scale=0.3):
        self.scale = scale

    def draw_feedback(self, net, rng):
        for layer in net.weighted[1:]:
            layer.B = rng.normal(0, self.scale, layer.feedback_shape).astype(net.dtype)

    def signals(self, net, trace):
        for layer in trace.downward():
            delta = trace.delta(layer)
            yield layer, delta
            if layer.sends:
                trace.arrive(layer, delta @ layer.B)


class Broken(Mine):
    name = "broken"

    def __init__(self):
        self.scale = 1 / 0


class Flat(Mine):
    name = "flat"

    def signals(self, net, trace):
        signal = trace.error
        for layer in trace.downward():
            yield layer, signal
            if layer.sends:
                signal = trace.below(layer, signal @ layer.B)


class Unfinished(Rule):
    name = "unfinished"
    uses = Uses()


class Nameless(Mine):
    name = None


class Quiet(Mine):
    name = "quiet"
    uses = None


class Needy(Mine):
    name = "needy"

    def __init__(self, scale):
        self.scale = scale


class Thief(Mine):
    name = "fa"


def helper():
    pass
"""


@pytest.fixture
def desk(tmp_path):
    """Work in a folder with a student's file."""
    (tmp_path / "students_file.py").write_text(FILE)
    (tmp_path / "no_python.py").write_text("x = 1 +\n")
    (tmp_path / "needs_more.py").write_text("import a_module_that_nobody_has\n")
    (tmp_path / "stops.py").write_text("x = 1\ny = x / 0\n")
    with contextlib.chdir(tmp_path):
        yield tmp_path
    sys.modules.pop("students_file", None)


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["students_file:Mien"],
            "has no 'Mien'; the rules in it are: Broken, Flat, Mine",
        ),
        (["students_file"], "rule is 'students_file', but must be one of: bp, fa"),
        (["students_file:"], "must be module:Class, such as my_rule:MyRule"),
        (["student_file:Mine"], "no module is called 'student_file': there is no student_file.py"),
        (["students_file.py:Mine"], "write students_file without .py"),
        (["no_python:Mine"], "no_python cannot be imported: SyntaxError in line 1"),
        (["needs_more:Mine"], "needs_more cannot be imported: No module named 'a_module_that_n"),
        (
            ["stops:Mine"],
            "stops cannot be imported: ZeroDivisionError in line 2: division",
        ),
        (["students_file:helper"], "is no rule: it must be a class derived from nofb.rules.Rule"),
        (["students_file:Unfinished"], "Unfinished has no method signals"),
        (["students_file:Nameless"], "Nameless has no name"),
        (["students_file:Quiet"], "Quiet has no uses"),
        (["students_file:Needy"], "rule 'needy' needs 'scale'"),
        (["students_file:Thief"], "Thief calls itself 'fa', as FeedbackAlignment does"),
        (["students_file:Broken"], "students_file:Broken cannot be built: ZeroDivisionError"),
        (
            ["students_file:Mine", "--set", "size=2"],
            "rule 'mine' has no attribute 'size'; it has",
        ),
        (["students_file:Mine", "--set", "scale"], "must be NAME=VALUE, such as decay=0.1"),
    ],
)
def test_a_mistake_in_the_address_gets_one_sentence(capsys, words, sentence):
    """A student begins with the address, before a rule can be checked."""
    assert main(["check", *words]) == 2
    error = capsys.readouterr().err
    assert error.startswith("nofb: ") and error.count("\n") == 1
    assert sentence in error


@pytest.mark.usefixtures("desk")
def test_the_checker_prints_a_line_for_each_test_and_its_exit_code_says_whether_one_failed(capsys):
    """A grading script reads the exit code, a student the sentences."""
    assert main(["check", "students_file:Mine", "--set", "scale=0.2"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("mine: a custom rule (not published)\n")
    assert len(re.findall("^passed", out, re.M)) == len(TESTS) and "No failure." in out
    assert main(["check", "students_file:Flat"]) == 1
    out = capsys.readouterr().out
    assert re.search("^FAILED  the slope ", out, re.M) and "Fix the first one first" in out
    assert max(map(len, out.splitlines())) <= 100


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_custom_rule_joins_the_comparison_with_a_note_about_its_default_rate(capsys, jobs):
    """A rate that was tuned for another rule must not look like its own."""
    words = ["--seeds", "1", "--epochs", "1", "--hidden", "8", "--jobs", jobs]
    assert main(["compare", "--rules", "fa", "students_file:Mine", *words]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert re.search(r"mine a custom rule \d", out), out
    assert f"mine has no learning rate of its own yet and runs with that of {RATED}, 0.008" in out
    runs = json.loads(Path("nofb-compare/results.json").read_text("utf-8"))["runs"]
    assert [run["rule"] for run in runs] == ["fa", "mine"]


@pytest.mark.usefixtures("desk")
def test_a_given_rate_gets_no_note(capsys):
    """The note is for a user who has not chosen a rate."""
    words = ["--epochs", "1", "--hidden", "8", "--lr", "0.01"]
    assert main(["train", "students_file:Mine", *words]) == 0
    out = capsys.readouterr().out
    assert out.startswith("mine: a custom rule (not published)") and "no learning" not in out
    assert tuned_rate("digits", "mine", "rmsprop") == tuned_rate("digits", RATED, "rmsprop")
    assert Specification(rule="fa").default_rate is None
    assert Specification(rule="mine", lr=0.1).default_rate is None


@pytest.mark.usefixtures("desk")
def test_a_custom_rule_is_explained_from_its_own_file(capsys):
    """The explanation of its base class would not be one of this rule."""
    assert main(["explain", "students_file:Mine"]) == 0
    out = capsys.readouterr().out
    assert "students_file.py" in out and "trace.arrive(layer, delta @ layer.B)" in out
    assert "Its short name in" not in out


RATES = """
rules = ["students_file:Mine"]
seeds = 1

[settings]
epochs = 1
hidden = [8]

[grid]
lr = [0.01, 0.02]
"""


def test_a_sweep_finds_the_rate_of_a_custom_rule(capsys, desk):
    """The note about the default rate recommends a sweep."""
    (desk / "rates.toml").write_text(RATES)
    assert main(["sweep", "rates.toml", "--jobs", "1"]) == 0
    assert "mine" in capsys.readouterr().out


def test_a_change_of_any_line_of_the_file_makes_another_rule_after_loading(desk):
    """A student who fixes a helper in the file must not see the results of the old version."""
    before = fingerprint.of_class(load("students_file:Mine"))
    assert before == fingerprint.of_class(load("students_file:Mine"))
    assert before != fingerprint.of_class(load("students_file:Flat"))
    (desk / "students_file.py").write_text(FILE + "\n\nMENDED = True\n")
    with pytest.warns(fingerprint.StaleCodeWarning, match="start Python again"):
        assert before == fingerprint.of_class(load("students_file:Mine"))
    del sys.modules["students_file"]
    assert before != fingerprint.of_class(load("students_file:Mine"))


def test_a_class_that_is_defined_again_replaces_the_first():
    """A notebook runs a cell many times, and the last class is the valid one."""
    first, second = (type("Mine", (FeedbackAlignment,), {"name": "mine"}) for _ in range(2))
    assert rules.register(first) is first and isinstance(rules.make("mine"), first)
    assert rules.register(second) is RULES["mine"] is second


def test_an_own_rule_does_not_inherit_the_title_and_paper_of_its_base():
    """Its page and the checker would credit other authors with it."""

    class Mine(rules.FeedbackAlignment):
        name = "mine"

    class Stated(Mine):
        name = "stated"
        title, paper = "stated alignment", "Mine et al. 2026"

    class Further(Stated):
        name = "further"

    for kind in (Mine, Further):
        assert (kind.title, kind.paper) == ("a custom rule", "not published")
    assert (Stated.title, Stated.paper) == ("stated alignment", "Mine et al. 2026")
    assert rules.RULES["usf"].paper == "Liao, Leibo & Poggio 2016"  # nofb's own variants
