"""The report has every number, opens without a network, and is written completely or not at all."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from comparisons import ALL, ODD, made_up

from nofb import plots, report, rules
from nofb.diagnosis import ALIGNMENT
from nofb.plots.style import THEMES
from nofb.report import numbers, page, skeleton
from nofb.report.folder import put
from nofb.report.origin import origin, rates_note
from nofb.report.summary import summarise, table
from nofb.runs import rates
from nofb.runs.specification import Specification

ABOUT = origin("nofb compare")
FILES = {"report.html", "results.json", "results.csv", "table.md", "table.tex"} | {
    f"{stem}.{form}" for stem in plots.FIGURES for form in ("png", "svg")
}


def refuse(constant):
    raise AssertionError(f"{constant} is not JSON")


class Reader(HTMLParser):
    """Collects what a browser would load, follow or look up, and all ids and texts."""

    def __init__(self, text):
        super().__init__()
        self.links, self.ids, self.tags, self.words = [], [], Counter(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags[tag] += 1
        for name, value in attributes:
            if name == "id":
                self.ids.append(value)
            if name in ("src", "srcset", "href", "xlink:href", "data", "action", "poster"):
                self.links.append(value)
            self.links += re.findall(r"url\(\s*['\"]?([^)'\"]*)", value or "")

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """One report of a comparison with a diverged run, written once."""
    comparison = made_up(("bp", "fa", "drtp", "shallow"), stopped=[("fa", 1)])
    folder = tmp_path_factory.mktemp("out") / "deep" / "er"
    path = report.write(comparison, folder, 'nofb compare --data "<b>&"')
    return comparison, path


# -- numbers ---------------------------------------------------------------------------------------


def test_the_folder_holds_a_page_the_figures_and_the_numbers(written):
    """The command promises these files; it also makes missing parent folders."""
    _, path = written
    assert path.name == "report.html"
    assert {file.name for file in path.parent.iterdir()} == FILES
    assert (path.parent / "alignment.png").read_bytes().startswith(b"\x89PNG")


def test_the_json_holds_every_number_of_every_run(written):
    """A user who draws another figure needs all measured values, from epoch 0 on."""
    comparison, path = written
    found = json.loads(path.with_name("results.json").read_text("utf-8"), parse_constant=refuse)
    assert len(found["runs"]) == len(comparison.results)
    for run, result in zip(found["runs"], comparison.results, strict=True):
        assert (run["rule"], run["seed"], run["lr"]) == (result.rule, result.seed, result.lr)
        assert run["stopped"] == result.stopped
        assert set(run["history"]) == set(result.history)
        assert set(run["start"]) == set(result.history.start)
        for name, values in run["history"].items():
            np.testing.assert_array_equal(np.array(values, float), result.history[name])
        for name, values in run["start"].items():
            np.testing.assert_array_equal(np.array(values, float), result.history.start[name])


def test_the_json_holds_all_that_is_needed_to_repeat_the_runs(written):
    """Another person needs settings, seeds, versions and the command."""
    comparison, path = written
    found = json.loads(path.with_name("results.json").read_text("utf-8"))
    assert Specification(**found["settings"] | {"hidden": (5, 4)}) == comparison.settings
    assert found["seeds"] == [0, 1, 2]
    assert found["command"] == 'nofb compare --data "<b>&"'
    assert {"nofb", "python", "numpy", "numba", "scipy"} <= set(found["versions"])
    assert found["versions"]["numpy"] == np.__version__
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", found["date"])


def test_nan_and_infinity_become_null_and_the_json_stays_strict():
    """Most readers of JSON other than Python's refuse NaN and Infinity."""
    comparison = made_up(["shallow"])
    comparison.results[0].history._rows[0]["loss"] = np.inf
    found = json.loads(numbers.as_json(comparison, ABOUT), parse_constant=refuse)
    history = found["runs"][0]["history"]
    assert history["loss"][0] is None
    assert history["weight_angle"][0] == [None] * 3


def test_the_csv_has_one_line_for_each_number(written):
    """Tidy data: rule, seed, epoch and layer select exactly one value of a measure."""
    comparison, path = written
    lines = list(csv.DictReader(io.StringIO(path.with_name("results.csv").read_text("utf-8"))))
    expected = {
        (r.rule, str(r.seed), str(epoch), name, layer): value
        for r in comparison.results
        for epoch in range(r.history.epochs + 1)
        for name, values in (r.history.start if epoch == 0 else r.history._rows[epoch - 1]).items()
        for layer, value in (
            [(str(n + 1), v) for n, v in enumerate(values)] if np.ndim(values) else [("", values)]
        )
    }
    found = {
        (line["rule"], line["seed"], line["epoch"], line["measure"], line["layer"]): line["value"]
        for line in lines
    }
    assert len(lines) == len(found)
    assert set(found) == set(expected)
    for key, value in expected.items():
        assert (found[key] == "") if np.isnan(value) else (float(found[key]) == value)


# -- table -----------------------------------------------------------------------------------------


def test_the_table_shows_mean_and_spread_of_the_final_accuracy_and_angles():
    """These are the results of a comparison."""
    comparison = made_up(["fa"])
    (row,) = summarise(comparison)
    last = np.array([r.history["test_accuracy"][-1] for r in comparison.results])
    assert row.score == f"{100 * last.mean():.1f} ± {100 * last.std(ddof=1):.1f} %"
    angles = np.mean([r.history["delta_angle_end_to_end"][-1] for r in comparison.results], axis=0)
    assert row.signal == f"{angles[0]:.0f}° {angles[1]:.0f}°"
    angles = np.mean([r.history["weight_angle"][-1] for r in comparison.results], axis=0)
    assert row.matrix == f"{angles[1]:.0f}° {angles[2]:.0f}°"  # the first layer has no B
    assert (row.seconds, row.lr) == ("1.00", "0.1")


@pytest.mark.parametrize(("seeds", "expected"), [(3, "0.30"), (1, "9.00")])
def test_seconds_per_run_leave_out_the_run_that_compiles_and_the_page_says_so(seeds, expected):
    """Seconds of compiling would make the rule that was trained first look slow."""
    comparison = made_up(["fa"], seeds=seeds)
    for number, result in enumerate(comparison.results):
        rows = result.history._rows
        for row in rows:
            row["seconds"] = (0.3 if number else 9.0) / len(rows)
    assert summarise(comparison)[0].seconds == expected
    words = "without the first run" if seeds > 1 else "with only one seed including the first run"
    assert words in " ".join(table(comparison).split())
    assert words in page.render(comparison, {}, origin("nofb compare")).replace("\n", " ")


@pytest.mark.parametrize("hidden", [(), (5,), (5, 4), (5, 4, 3, 2, 2), (3,) * 20])
def test_the_table_fits_into_100_columns_for_any_depth(hidden):
    """A wrapped table cannot be read."""
    comparison = made_up(ALL, hidden=hidden, stopped=[("fa", 0)])
    assert max(map(len, report.table(comparison).splitlines())) <= 100


def test_the_table_explains_matrix_angles_above_ninety_degrees():
    """121° looks like a failure, and is alignment with the negative of the matrix."""
    assert "more than 90° is alignment" in report.table(made_up(ALL)).replace("\n", " ")
    assert "more than 90°" not in report.table(made_up(("bp", "fa")))


def test_the_table_says_which_runs_were_stopped_and_why():
    """A rule that diverges for one seed in three must not look like one that never does."""
    comparison = made_up(stopped=[("fa", 1), ("dfa", 0), ("dfa", 1), ("dfa", 2)])
    text = report.table(comparison)
    assert text.count("was stopped in epoch 4, step 1: the loss is nan") == 4
    assert re.search(r"^dfa .* stopped ", text, re.MULTILINE)


@pytest.mark.parametrize("case", ODD)
def test_every_comparison_gives_a_table_a_page_and_numbers(case):
    """A comparison of one hour must not be lost because one rule has no angle."""
    comparison = ODD[case]
    assert all(rule in report.table(comparison) for rule in comparison.rules)
    assert "</html>" in page.render(comparison, {}, ABOUT)
    json.loads(numbers.as_json(comparison, ABOUT), parse_constant=refuse)
    assert numbers.as_csv(comparison).count("\n") > 10


# -- page ------------------------------------------------------------------------------------------


def test_the_page_loads_nothing_from_a_network(written):
    """It must open offline, on a train or in class, and must not track its readers."""
    _, path = written
    text = path.read_text("utf-8")
    reader = Reader(text)
    files = {link for link in reader.links if not link.startswith("#")}
    assert files <= FILES - {"report.html"}
    assert not {"script", "link", "iframe", "object", "embed", "img", "base"} & set(reader.tags)
    assert "@import" not in text
    assert len(text) < 1_000_000


def test_every_reference_inside_the_page_has_exactly_one_target(written):
    """Several drawings share a page: a clip path or marker of another one would cut lines off."""
    _, path = written
    reader = Reader(path.read_text("utf-8"))
    assert reader.tags["svg"] == len(plots.FIGURES)
    assert max(Counter(reader.ids).values()) == 1
    inner = {link[1:] for link in reader.links if link.startswith("#")}
    assert inner
    assert inner <= set(reader.ids)


def test_the_page_follows_the_readers_theme(written):
    """A white page at night hurts, and dark text on a dark page cannot be read."""
    _, path = written
    text = path.read_text("utf-8")
    light, dark = text.split("@media (prefers-color-scheme: dark)")[:2]
    for name, colour in vars(THEMES["light"]).items():
        assert f"--{name}: {colour};" in light
        assert text.upper().count(colour) == 1  # nowhere else, so every one of them changes
    for name, colour in vars(THEMES["dark"]).items():
        assert f"--{name}: {colour};" in dark


def test_a_drawing_with_dark_colours_equals_the_drawing_in_the_dark_theme():
    """One drawing serves both themes, and only neutral colours may differ."""
    comparison = made_up(["bp", "fa"], hidden=(5,))
    light, dark = (plots.alignment(comparison, theme).to_bytes("svg") for theme in THEMES)
    switched = skeleton.inline(light, "figure", "words")
    for name, colour in vars(THEMES["dark"]).items():
        switched = switched.replace(f"var(--{name})", colour.lower())

    def without_hashes(text):
        return re.sub(r"\b([a-z]+-)?[a-z][0-9a-f]{10}\b", "id", text)

    expected = dark.decode()[dark.decode().index("<svg") :]
    expected = re.sub(r'(\bid="|href="#|url\(#)', r"\1figure-", expected)
    expected = expected.replace("<svg", '<svg role="img" aria-label="words"', 1)
    assert without_hashes(switched) == without_hashes(expected)


def test_the_page_names_every_rule_its_paper_its_result_and_the_measures(written):
    """A reader who does not know the short names must see what was compared."""
    comparison, path = written
    text = Reader(path.read_text("utf-8")).text
    for row in summarise(comparison):
        for words in (row.title, row.paper, row.score, row.signal, row.lr):
            assert words in text
    for measure in ALIGNMENT:
        assert measure.name in text
        assert measure.meaning in text


def test_the_page_says_which_runs_were_stopped_and_why(written):
    """A diverged run is a result, and must be shown."""
    comparison, path = written
    (sentence,) = [r.stopped for r in comparison.results if r.stopped]
    assert f"Seed 1: {sentence}." in Reader(path.read_text("utf-8")).text


def test_text_from_users_is_shown_as_text_and_never_as_html(written):
    """A command or a title may hold any character."""
    _, path = written
    text = path.read_text("utf-8")
    assert "<b>&" not in text
    assert 'nofb compare --data "<b>&"' in Reader(text).text


def test_the_title_of_a_custom_rule_is_escaped_too(monkeypatch):
    """A user can write any title."""
    titled = type("Mine", (rules.FeedbackAlignment,), {"title": "<i>mine</i>", "paper": "a & b"})
    monkeypatch.setitem(rules.RULES, "mine", titled)
    text = page.render(made_up(["mine"]), {}, ABOUT)
    assert "<i>" not in text
    assert "<i>mine</i>" in Reader(text).text
    assert "a & b" in Reader(text).text


def test_the_summary_counts_the_rules_that_are_better_than_the_last_layer_alone():
    """Most readers remember only the first sentences of the page."""
    comparison = made_up(("bp", "fa", "dfa", "ifa", "shallow"))
    ends = {"bp": 0.9, "fa": 0.8, "dfa": 0.4, "ifa": 0.7, "shallow": 0.6}
    for result in comparison.results:
        result.history._rows[-1]["test_accuracy"] = ends[result.rule]
    text = Reader(page.render(comparison, {}, ABOUT)).text
    assert "Backprop ends with a test accuracy of 90.0 ± 0.0 %." in text
    assert "Of the 3 other rules, 2 end on average better than that (fa, ifa)." in text


def test_in_a_regression_a_lower_loss_is_the_better_one():
    """If the largest loss counted as the best, the result would be inverted."""
    comparison = made_up(("fa", "dfa", "shallow"), classes=None)
    ends = {"fa": 0.1, "dfa": 0.9, "shallow": 0.5}
    for result in comparison.results:
        result.history._rows[-1]["test_loss"] = ends[result.rule]
    text = Reader(page.render(comparison, {}, ABOUT)).text
    assert "Of the 2 other rules, 1 ends on average better than that (fa)." in text


def test_the_page_says_how_the_learning_rates_were_chosen():
    """Rates that fit only one rule would determine the result of a comparison."""
    assert "given by hand" in rates_note(Specification(lr=0.03))
    note = rates_note(Specification())
    assert "held out" in note
    assert "`python -m nofb.runs.tune`" in note


def test_the_page_says_where_the_rates_come_from_if_not_from_these_settings():
    """Rates that were found for one network may be poor for another."""
    found = json.loads(Path(rates.__file__).with_name("tuned.json").read_text("utf-8"))
    searched = found["digits"]["settings"]
    same = Specification(**searched | {"hidden": tuple(searched["hidden"]), "optimizer": "adam"})
    _, _, other = rates_note(same.replace(hidden=(9,), epochs=7)).partition("other settings")
    assert other.startswith(f" than these: hidden {searched['hidden']}, epochs")
    assert "optimizer" not in other
    assert ("other settings" in rates_note(same)) == (set(searched) != set(same.settings))


# -- folder ----------------------------------------------------------------------------------------


def test_a_report_replaces_an_earlier_one_and_changes_no_other_files(tmp_path):
    """The folder belongs to the user; a second run with the same folder is usual."""
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "report.html").write_text("old")
    put({"results.csv": b"new", "report.html": b"new"}, tmp_path)
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {
        "notes.txt": "mine",
        "report.html": "new",
        "results.csv": "new",
    }


@pytest.mark.parametrize("there", [True, False])
def test_a_full_disk_leaves_no_half_written_file(tmp_path, monkeypatch, there):
    """Half of a report could be taken for a complete one."""
    folder = tmp_path / "a" / "b"
    if there:
        folder.mkdir(parents=True)
        (folder / "report.html").write_text("old")
    write = Path.write_bytes

    def fill_up(path, content):
        if path.name == "report.html":
            write(path, content[:2])
            raise OSError(28, "No space left on device")
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", fill_up)
    with pytest.raises(OSError, match=r"cannot be written to .*b: No space left on device$"):
        put({"results.csv": b"new", "report.html": b"new"}, folder)
    if there:
        assert [(p.name, p.read_text()) for p in folder.iterdir()] == [("report.html", "old")]
    else:
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("below", ["", "deeper/still"])
def test_a_path_that_is_a_file_is_refused_in_one_sentence_before_any_work(
    tmp_path, monkeypatch, below
):
    """The check must come before minutes of training, and must not change the file."""
    file = tmp_path / "taken"
    file.write_text("mine")
    folder = file / below
    monkeypatch.setattr(plots, "FIGURES", {"none": None})  # otherwise drawing would fail
    for attempt in (
        lambda: report.check_folder(folder),
        lambda: report.write(made_up(), folder, "nofb compare"),
    ):
        with pytest.raises(OSError, match="the report cannot be written to") as caught:
            attempt()
        assert str(folder) in str(caught.value)
        assert "\n" not in str(caught.value)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("taken", "mine")]


def test_a_folder_without_permission_is_refused_in_one_sentence(tmp_path, monkeypatch):
    """The administrator may write anywhere, so the error of the system is simulated."""
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(OSError, match=f"{tmp_path} is not writable"):
        report.check_folder(tmp_path / "new")
    assert list(tmp_path.iterdir()) == []
