"""The results of a sweep: its table, its file of numbers, its figure."""

from __future__ import annotations

import csv
import io
import re

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from runs.sweeps import SHORT

import nofb
from nofb.plots import Picture, heat_map
from nofb.runs.plan import make_plan
from nofb.runs.sweep import Sweep
from nofb.runs.sweep_table import table
from nofb.strict_json import canonical


def made_up(ends, seeds=3, validation=0.2, **lists):
    """A sweep that was not run: `ends` gives a run's accuracy, `None` for diverged, or an error."""
    fixed = {name: value for name, value in SHORT.items() if name not in lists}
    plan = make_plan(["bp", "fa"], seeds, fixed, lists, {}, validation)
    records = {}
    for cell in plan.cells:
        for task in plan.tasks_of(cell):
            settings = {name: task[name] for name in cell.run.settings}
            end = ends(task["rule"], task["seed"], **settings)
            record = {"task": task, "seconds": 0.5}
            if isinstance(end, str):
                record["error"] = end
            else:
                curve = [] if end is None else [0.1, end]
                history = {
                    f"{split}_{measure}": curve
                    for split in ("validation", "test")
                    for measure in ("accuracy", "loss")
                }
                stopped = "bp was stopped in epoch 1" if end is None else None
                record["result"] = {"stopped": stopped, "start": {}, "history": history}
            records[canonical(task)] = record
    return Sweep(plan, records)


def some_diverge(rule, seed, lr, **settings):
    if rule == "fa" and lr == 0.2:
        return None if seed else 0.99
    if rule == "fa" and lr == 0.4:
        return "ValueError: lr is too large" if seed else None
    return 0.9 + 0.01 * seed - 0.1 * lr


def test_the_table_shows_mean_and_sample_deviation_over_the_seeds():
    """With n instead of n - 1, three seeds would look more certain than they are."""
    found = made_up(some_diverge, lr=[0.1, 0.2, 0.4])
    first = found.plan.cells[0]
    ends = [0.89, 0.90, 0.91]
    assert found.outcome(first).mean == pytest.approx(np.mean(ends))
    assert found.outcome(first).spread == pytest.approx(np.std(ends, ddof=1))
    assert re.search(r"^bp +0\.1 +90\.00 ± 1\.00 % \* +3 +0 +0 +0\.50$", str(found), re.M)


def test_runs_that_diverged_or_failed_are_counted_and_in_no_mean():
    """If they were left out silently, a rate that is too large would look like the best."""
    found = made_up(some_diverge, lr=[0.1, 0.2, 0.4])
    assert re.search(r"^fa +0\.2 +99\.00 % +1 +2 +0 ", str(found), re.M)
    assert re.search(r"^fa +0\.4 +– +0 +1 +2 ", str(found), re.M)
    assert "2 failed with ValueError: lr is too large" in str(found)
    assert [(cell.run.rule, cell.run.lr) for cell in found.best()] == [("bp", 0.1), ("fa", 0.1)]


def test_test_samples_are_not_used_for_a_choice():
    """The table must say so, and mark no best setting."""
    found = made_up(some_diverge, validation=0.0, lr=[0.1, 0.2])
    assert found.plan.measure == "test_accuracy" and found.best() == []
    assert "do not choose settings by them" in str(found).replace("\n", " ")
    assert "*" not in str(found)
    with pytest.raises(ValueError, match=r"measure is 'validation_loss', but must be one of: test"):
        table(found, "validation_loss")
    held = made_up(some_diverge, lr=[0.1, 0.2])
    assert "do not choose" not in str(held)
    assert "do not choose" in table(held, "test_accuracy").replace("\n", " ")


def test_of_losses_the_smallest_is_the_best():
    """A regression has no accuracy; the largest loss is not its best setting."""
    found = made_up(lambda rule, seed, lr, **settings: lr, data=["linear_teacher"], lr=[0.1, 0.2])
    assert found.plan.measure == "validation_loss"
    assert {cell.run.lr for cell in found.best()} == {0.1}


def test_a_best_rate_at_an_end_of_the_grid_is_reported():
    """A student would report the end of a grid as the best rate."""

    def notes(peak):
        sweep = made_up(lambda *_, lr, **__: -abs(lr - peak), lr=[0.001, 0.004, 0.016])
        return " ".join(table(sweep).split())

    ending = "that was tried, {}: a {} one may do better."
    assert "fa did best with the largest lr " + ending.format(0.016, "larger") in notes(0.016)
    assert "bp did best with the smallest lr " + ending.format(0.001, "smaller") in notes(0.001)
    assert "did best with" not in notes(0.004)


def test_the_largest_integer_and_a_dropout_of_none_are_no_ends_of_a_grid():
    """No dropout is smaller than zero, and more epochs are always better."""
    better = made_up(lambda *_, epochs, **__: epochs, epochs=[1, 2, 4])
    without = made_up(lambda *_, input_dropout, **__: -input_dropout, input_dropout=[0, 0.1, 0.2])
    assert "did best with" not in table(better) + table(without)


def test_the_csv_has_one_line_for_each_run_with_its_settings_and_its_results(tmp_path):
    """A researcher loads it into pandas."""
    found = nofb.sweep(
        ["bp", "dfa"],
        2,
        settings={**SHORT, "activation": "relu"},
        attributes={"dfa": {"zero_weights": [False, True]}},
        validation=0.2,
        out=tmp_path,
    )
    lines = list(csv.DictReader(io.StringIO((tmp_path / "results.csv").read_text())))
    assert len(lines) == len(found.rows()) == 6
    for line, row in zip(lines, found.rows(), strict=True):
        assert line == {name: "" if value is None else str(value) for name, value in row.items()}
    assert [line["dfa.zero_weights"] for line in lines] == ["", "", *2 * ["False"], *2 * ["True"]]
    assert all(", since its slope at 0 is 0" in line["error"] for line in lines[4:])
    assert all(line["test_accuracy"] == "" for line in lines[4:])
    (result,) = (r for r in found.results(found.plan.cells[1]) if r.seed == 1)
    assert float(lines[3]["validation_loss"]) == result.history["validation_loss"][-1]
    angles = lines[3]["delta_angle_end_to_end"].split()
    np.testing.assert_array_equal(
        np.array(angles, float), result.history["delta_angle_end_to_end"][-1]
    )


def squares(picture):
    """Return the texts in the squares of each panel."""
    return [[text.get_text() for text in axes.texts] for axes in picture.axes if axes.texts]


def test_the_heat_map_shows_the_numbers_of_the_table():
    """The colour shows where to look, and the number the result; an empty cell says why."""
    found = made_up(some_diverge, lr=[0.1, 0.2, 0.4])
    picture = heat_map(found)
    assert isinstance(picture, Picture)
    (panel,) = squares(picture)
    assert panel == [
        "90.0\n± 1.0", "89.0\n± 1.0", "87.0\n± 1.0", "90.0\n± 1.0", "99.0\n1 of 3 runs", "diverged",
    ]  # fmt: skip
    axes = picture.axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0.1", "0.2", "0.4"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["bp", "fa"]
    framed = [patch.get_xy() for patch in axes.patches if not patch.get_fill()]
    assert [(int(x), int(y)) for x, y in framed] == [(0, 0), (0, 1)]
    hatched = [patch.get_xy() for patch in axes.patches if patch.get_hatch()]
    assert hatched == [(2, 1)]


def test_with_more_than_two_axes_every_rule_has_a_panel_with_all_cells():
    """If a third axis were left out, or averaged, its effect would be hidden."""
    found = made_up(
        lambda rule, seed, lr, **settings: lr, seeds=1, lr=[0.1, 0.2],
        optimizer=["sgd", "adam"], hidden=[[4], []],
    )  # fmt: skip
    picture = heat_map(found)
    assert squares(picture) == 2 * [4 * ["10.0", "20.0"]]
    rows = [label.get_text() for label in picture.axes[0].get_yticklabels()]
    assert rows == ["sgd, 4", "sgd, none", "adam, 4", "adam, none"]
    assert [axes.get_title() for axes in picture.axes[:2]] == ["bp", "fa"]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("end", [0.5, None, "ValueError: no"])
@pytest.mark.parametrize("lists", [{}, {"lr": [0.1, 0.2]}, {"data": ["linear_teacher"]}])
def test_a_heat_map_is_drawn_for_any_results(end, lists, theme):
    """A sweep of a night must not end in an error of its figure."""
    found = made_up(lambda *task, **settings: end, **lists)
    assert heat_map(found, theme=theme).to_bytes("svg").startswith(b"<?xml")


def test_numbers_can_be_read_on_every_colour():
    """White on yellow, or black on dark blue, cannot be read."""
    found = made_up(lambda rule, seed, lr, **s: lr, seeds=1, lr=list(np.linspace(0.88, 0.99, 12)))
    axes = heat_map(found).axes[0]
    fills = [patch.get_facecolor()[:3] for patch in axes.patches if patch.get_fill()]
    for fill, text in zip(fills, axes.texts, strict=True):
        low, high = sorted(map(luminance, (fill, to_rgb(text.get_color()))))
        assert (high + 0.05) / (low + 0.05) > 4.5  # the requirement of WCAG


def luminance(colour):
    """Return the luminance of an sRGB colour, from 0 to 1."""
    parts = np.array(colour)
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_the_table_of_a_sweep_has_the_same_words_as_markdown_and_latex():
    """A table in a paper that was typed by hand has mistakes."""
    found = made_up(some_diverge, lr=[0.1, 0.2])
    lines = str(found).splitlines()
    heading, _, *body = found.markdown().splitlines()
    assert lines[0].split() == heading.replace("|", " ").split()
    assert [line.split() for line in lines[2 : 2 + len(body)]] == [
        row.replace("|", " ").split() for row in body
    ]
    latex = found.latex().splitlines()
    assert latex[0] == r"\begin{tabular}{lllllll}" and len(latex) == len(body) + 6
    assert latex[2].replace("&", " ").removesuffix(r" \\").split() == lines[0].split()
