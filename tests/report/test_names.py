"""Names and titles from users: refused at the input, or shown literally."""

import csv
import io
from contextlib import contextmanager

import numpy as np
import pytest

import nofb
from nofb import report, rules, text
from nofb.custom_rules import checked
from nofb.plots import FIGURES, Picture, accuracy_and_angle, heat_map
from nofb.plots.legend import add_legend
from nofb.plots.style import THEMES
from nofb.report.sweep import as_csv
from nofb.rules import RULES, FeedbackAlignment
from nofb.runs.compare import Comparison, compare
from nofb.runs.grid import run_grid
from nofb.runs.plan import make_plan
from nofb.runs.specification import Specification
from nofb.runs.sweep import carry_out

DOLLARS = ("$5 or $6", r"my $\frac{rule", "$$", r"\$ at once $")
SMALL = Specification(hidden=(6,), epochs=1)


class Mine(FeedbackAlignment):
    """A user's own rule."""

    name = "mine"
    title = "mine"

    def __init__(self, kind: str = "plain") -> None:
        super().__init__()
        self.kind = kind


@contextmanager
def registered(**words):
    """Register a rule with this name, title or paper for a while."""
    rule = rules.register(type("Other", (Mine,), {"__module__": __name__, **words}))
    try:
        yield rule
    finally:
        del RULES[rule.name]


# -- where a rule is registered --------------------------------------------------------------------


@pytest.mark.parametrize("name", [
    "", " ", "\n", "../../x", "a/b", "a b", "=1+1", "-rf", "_hidden", "mine\n", "a|b", "$x$", "é",
    "\ud800", "\x1b[2J", "a" * 41, "1st",
])  # fmt: skip
def test_a_name_that_no_command_or_file_can_contain_is_refused(name):
    """It would fail, or overwrite a file, only after all runs."""
    with pytest.raises(ValueError, match=r"Other has the name .* it must begin with a letter"), \
            registered(name=name):  # fmt: skip
        pass
    assert name not in RULES


@pytest.mark.parametrize("what", ["title", "paper"])
@pytest.mark.parametrize(
    "words", ["", "two\nlines", "\ud800", "\x1b[31mred", "a\u202eb", "a" * 300]
)
def test_a_title_or_a_paper_that_cannot_be_printed_is_refused(what, words):
    """A lone surrogate made the report fail after an hour of runs."""
    with pytest.raises(ValueError, match=f"the {what} of Other must"), registered(**{what: words}):
        pass
    with pytest.raises(TypeError, match=f"the {what} of Other must be a string"), \
            registered(**{what: 7}):  # fmt: skip
        pass


def test_a_rule_that_was_put_into_the_table_by_hand_is_checked_too():
    """RULES is a plain dictionary, which a user can change directly."""
    RULES["bad"] = type("Other", (Mine,), {"title": "two\nlines", "__module__": __name__})
    try:
        with pytest.raises(ValueError, match="the title of Other must be one line"):
            rules.make("bad")
    finally:
        del RULES["bad"]


def test_the_names_of_all_rules_of_nofb_pass():
    """A check that refuses nofb's own rules would be wrong."""
    for rule in RULES.values():
        assert checked(rule) is rule


def test_titles_may_have_letters_of_all_scripts_and_spaces_of_any_width():
    """Titles need not be English."""
    with registered(title="Rückmeldung\u00a0(随机反馈), 1\u202f000"):
        pass


def test_a_data_set_has_a_name_that_can_be_printed():
    """It is printed in sentences, and stored in a checkpoint."""
    x, y = np.eye(4, dtype=np.float32), np.arange(4) % 2
    for name in ("", "a\nb", "\ud800", "\x1b[2J"):
        with pytest.raises(ValueError, match="it must be one line of printable signs"):
            nofb.datasets.Dataset(x, y, x, y, name=name)
    assert nofb.datasets.Dataset(x, y, x, y, name="my $5 data").name == "my $5 data"


# -- in figures ----------------------------------------------------------------------------------


def legend_of(comparison: Comparison) -> list[str]:
    """Return the text of the legend, as matplotlib draws it."""
    picture = Picture(6, 4)
    picture.subplots()
    add_legend(picture, comparison, THEMES["light"], "rules")
    picture.infer_shapes()
    shown = [label._preprocess_math(label.get_text()) for label in picture.legends[0].get_texts()]
    assert not any(is_formula for _, is_formula in shown)
    return [words for words, _ in shown]


@pytest.mark.parametrize("title", DOLLARS)
def test_dollars_in_a_title_are_dollars_in_every_figure_and_the_report(title, tmp_path):
    """`$5 or $6` lost its signs, and `$\frac{` made the report fail after all runs."""
    with registered(title=title):
        comparison = compare(["bp", "mine"], SMALL, seeds=1)
        assert any(label.startswith(f"mine: {title}") for label in legend_of(comparison))
        for draw in FIGURES.values():
            draw(comparison, "dark").to_bytes("svg")
        page = report.write(comparison, tmp_path, "nofb compare").read_text("utf-8")
        assert title in page
        assert title in report.table(comparison)


def test_dollars_in_the_names_of_runs_are_dollars_in_a_lessons_figure():
    """A student may name runs by their cost."""
    data = nofb.datasets.load("digits")
    net = nofb.Network([nofb.Dense(64, 6, "tanh"), nofb.Dense(6, 10)])
    run = nofb.fit(net, rules.make("fa"), data, 1, progress=False)
    picture = accuracy_and_angle({"$5 or $6": [run]})
    picture.to_bytes("png")
    (label,) = picture.axes[0].get_legend().get_texts()
    assert label._preprocess_math(label.get_text()) == ("$5 or $6", False)


def sweep_of(*kinds):
    plan = make_plan(
        ["mine"], 1, {"hidden": [6], "epochs": 1}, {"lr": [0.01, 0.1]},
        {"mine": {"kind": list(kinds)}},
    )  # fmt: skip
    return carry_out(plan, progress=False)


def test_a_sweep_shows_texts_from_a_file_literally():
    """Labels come from TOML: they may hold formulas, line breaks and control sequences."""
    with registered():
        found = sweep_of(r"$\frac{", "$5 or $6", "two\nlines", "\x1b[2J", "=1+1", "a|b")
        heat_map(found).to_bytes("png")
        shown = str(found)
        assert not text.unprintable(shown.replace("\n", ""))
        assert r"two\nlines" in shown and r"\x1b[2J" in shown and "$5 or $6" in shown
        kinds = {row["mine.kind"] for row in csv.DictReader(io.StringIO(as_csv(found)))}
    assert {"'=1+1", "$5 or $6", "a|b", r"two\nlines", r"\x1b[2J"} <= kinds


# -- in tables and in a terminal -------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["=1+1", "+cmd|' /C calc'!A0", "-2+3=", "@SUM(A1)"])
def test_a_cell_that_a_spreadsheet_would_compute_begins_with_an_apostrophe(cell):
    """`=HYPERLINK(...)` in a title would open another page from a teacher's spreadsheet."""
    (row,) = csv.reader(io.StringIO(text.csv_lines([[cell, "fa"]]), newline=""))
    assert row == ["'" + cell, "fa"]


def test_a_carriage_return_does_not_end_a_row():
    """A spreadsheet would show the rest of the cell as another row."""
    assert text.csv_lines([["a\rb", "c\nd"]]) == "a\\rb,c\\nd\n"


@pytest.mark.parametrize("value", [-0.5, -3, "-0.5", "+1e-3", "-0.5 nan -inf", "", "fa", None, 1.5])
def test_numbers_stay_numbers_in_a_csv_file(value):
    """An apostrophe before -0.5 would make it a text, and the mean of its column wrong."""
    (row,) = csv.reader(io.StringIO(text.csv_lines([["fa", value]])))
    assert row == ["fa", "" if value is None else str(value)]


def test_a_bar_in_a_cell_does_not_begin_another_cell():
    """A Markdown table with a column too many is shown as text."""
    heading, _, row = text.markdown([["rule", "title"], ["mine", "a|b\nc"]]).splitlines()
    assert heading.count("|") == 3 and row == r"| mine | a\|b\nc |"


def test_the_text_of_an_untrusted_rule_does_not_control_the_terminal():
    """The message of an exception is printed below the table, and kept in the log."""

    def fails(task):
        raise RuntimeError("\x1b[2J\x1b]0;gone\x07 \ud800")

    (record,) = run_grid(fails, [{"n": 1}])
    assert record["error"] == r"RuntimeError: \x1b[2J\x1b]0;gone\x07 \ud800"
