"""Sweeps: every combination once, the same numbers wherever it is run, and nothing hidden."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from processes import gone, workers

import nofb
from nofb.cli import main
from nofb.cli.sweep import EXAMPLE, read_plan
from nofb.plots import Picture, heat_map
from nofb.runs.grid import run_grid
from nofb.runs.plan import make_plan
from nofb.runs.run_log import read_log
from nofb.runs.run_tasks import work_for
from nofb.runs.specification import Specification
from nofb.runs.sweep import Sweep
from nofb.runs.sweep_table import table
from nofb.runs.task import task_of
from nofb.runs.train import result_of, train
from nofb.strict_json import canonical

SHORT = {"hidden": [6], "epochs": 2}
ROOT = Path(__file__).parents[2]


def numbers(found):
    """What each run found, without the time it took."""
    return {
        (row["rule"], row["seed"], row["lr"], row["hidden"]): [
            value for name, value in row.items() if name != "run_seconds"
        ]
        for row in found.rows()
    }


def made_up(ends, seeds=3, validation=0.2, **lists):
    """A sweep that nobody ran: `ends` gives a run's accuracy, `None` for diverged, or an error."""
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


# -- what is run -----------------------------------------------------------------------------------


def test_every_combination_is_run_once_for_every_seed():
    """A combination that is left out can not be the best one."""
    plan = make_plan(
        ["bp", "dfa"],
        [0, 7],
        {"epochs": 1},
        {"lr": [0.1, 0.2], "hidden": [[4], []], "activation": ["relu"]},
        {"dfa": {"entries": [1, None], "zero_weights": False}},
    )
    assert plan.axes == ["lr", "hidden", "dfa.entries"]
    assert len(plan.cells) == 4 + 8
    assert len({canonical(task) for task in plan.tasks}) == 2 * 12
    assert {task["seed"] for task in plan.tasks} == {0, 7}
    assert {task["activation"] for task in plan.tasks} == {"relu"}
    assert {task["epochs"] for task in plan.tasks} == {1}


def test_an_attribute_applies_to_its_rule_alone():
    """Sparse feedback for DFA must not multiply the runs of backprop."""
    plan = make_plan(["bp", "dfa"], 1, attributes={"dfa": {"entries": [1, 2]}})
    assert [(cell.run.rule, dict(cell.run.attributes)) for cell in plan.cells] == [
        ("bp", {}),
        ("dfa", {"entries": 1}),
        ("dfa", {"entries": 2}),
    ]


def test_equal_values_written_in_other_ways_are_the_same_run():
    """`lr = 1` in the one file and `lr = 1.0` in the other must not be trained twice."""
    one = make_plan(["dfa"], 1, {"hidden": [8], "lr": 1})
    other = make_plan(["dfa"], [0], {"hidden": (8,)}, {"lr": np.array([1.0])})
    spelled = make_plan(["dfa"], 1, {"hidden": [8], "lr": 1}, None, {"dfa": {"entries": None}})
    assert list(map(canonical, one.tasks)) == list(map(canonical, other.tasks))
    assert list(map(canonical, one.tasks)) == list(map(canonical, spelled.tasks))


def test_a_rate_that_is_left_out_is_each_rules_own():
    """As in `nofb compare`; and a rate that is looked up must be in the task, lest it change."""
    plan = make_plan(["bp", "fa"], 1)
    assert [task["lr"] for task in plan.tasks] == [
        Specification(rule=rule).rate for rule in plan.rules
    ]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"rules": "bp"}, "rules must be a list, but is 'bp'"),
        ({"rules": []}, "rules is an empty list, but must hold at least one value"),
        ({"rules": ["bp", "fb"]}, "rules is 'fb', but must be one of: bp, fa, dfa"),
        ({"rules": ["bp", "bp"]}, "rules holds 'bp' twice"),
        ({"seeds": 0}, "seeds must be at least 1, but is 0"),
        ({"seeds": "three"}, "seeds must be a whole number, but is 'three'"),
        ({"seeds": [0, -1]}, "seeds must be at least 0, but is -1"),
        ({"seeds": [1, 1]}, "seeds holds 1 twice"),
        ({"validation": 1.0}, "validation must be finite and at least 0 and less than 1"),
        ({"settings": {"epoch": 3}}, "settings has no 'epoch'; it has: data, network, hidden, act"),
        ({"settings": {"epochs": "ten"}}, "epochs must be a whole number, but is 'ten'"),
        ({"settings": {"data": "minst"}}, "data is 'minst', but must be one of: digits"),
        ({"settings": {"hidden": 64}}, "hidden must be a list such as [128, 64], but is 64"),
        ({"settings": 3}, "settings must be a table of names and values, but is 3"),
        ({"grid": {"lr": 0.1}}, "grid.lr must be a list, but is 0.1"),
        ({"grid": {"lr": []}}, "grid.lr is an empty list"),
        ({"grid": {"lr": [0.1, "fast"]}}, "grid.lr: lr must be a number, but is 'fast'"),
        ({"grid": {"lr": [0.1, float("nan")]}}, "grid.lr: lr must be finite"),
        ({"grid": {"lr": [0.1, 0.1]}}, "grid.lr holds 0.1 twice"),
        ({"grid": {"hidden": [64]}}, "grid.hidden: hidden must be a list such as"),
        ({"grid": {"entries": [1]}}, "grid has no 'entries'; it has: data"),
        ({"settings": {"lr": 1}, "grid": {"lr": [1]}}, "lr is in settings and in grid"),
        ({"attributes": {"usf": {}}}, "attributes has 'usf', but rules has only: bp, dfa"),
        ({"attributes": {"dfa": {"entry": 1}}}, "attributes.dfa has no 'entry'; it has: feedback"),
        ({"attributes": {"bp": {"entries": 1}}}, "attributes.bp has no 'entries'; it has: nothing"),
        ({"attributes": {"dfa": {"entries": "two"}}}, "entries must be a whole number, but is"),
        ({"attributes": {"dfa": {"shared": "yes"}}}, "attributes.dfa.shared must be true or false"),
        ({"attributes": {"dfa": {"feedback_init": print}}}, "must be a number, a string or a swit"),
    ],
)  # fmt: skip
def test_a_mistake_gets_a_sentence_that_names_it_before_anything_is_run(
    tmp_path, arguments, sentence
):
    """A typo that is found after an hour has cost an hour."""
    with pytest.raises((TypeError, ValueError)) as caught:
        nofb.sweep(**{"rules": ["bp", "dfa"], "out": tmp_path / "out", **arguments})
    assert sentence in str(caught.value) and "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


# -- the same numbers ------------------------------------------------------------------------------


def test_a_run_is_the_same_alone_in_a_sweep_with_two_jobs_and_after_a_restart(tmp_path):
    """A row of a table that nobody can train again by itself proves nothing."""
    arguments = {"settings": SHORT, "grid": {"lr": [0.002, 0.01]}}
    one = nofb.sweep(["bp", "brsf"], 2, **arguments)
    two = nofb.sweep(["bp", "brsf"], 2, **arguments, jobs=2, out=tmp_path)
    np.testing.assert_equal(numbers(two), numbers(one))
    log = tmp_path / "runs.jsonl"
    lines = log.read_text().splitlines(keepends=True)
    log.write_text("".join(lines[:3]) + lines[3][:50])
    np.testing.assert_equal(
        numbers(nofb.sweep(["bp", "brsf"], 2, **arguments, out=tmp_path)), numbers(one)
    )
    for cell in one.plan.cells:
        for result in one.results(cell):
            alone = train(cell.run.replace(seed=result.seed)).history
            assert set(alone) == set(result.history)
            for name in set(alone) - {"seconds"}:
                np.testing.assert_array_equal(alone[name], result.history[name])
                if name in alone.start:
                    np.testing.assert_array_equal(alone.start[name], result.history.start[name])


def test_validation_samples_come_out_of_the_training_split():
    """Choosing by test samples makes every published accuracy too high."""
    found = nofb.sweep(["fa"], 1, settings=SHORT, validation=0.25)
    (cell,) = found.plan.cells
    (result,) = found.results(cell)
    data = cell.run.load()
    held = data.split_validation(0.25, 0)
    train = nofb.fit(
        cell.run.network_for(data), nofb.rules.make("fa"), held, 2, 32,
        cell.run.make_optimizer(), probe=0, progress=False,
    )  # fmt: skip
    np.testing.assert_array_equal(
        result.history["validation_accuracy"], train.history["test_accuracy"]
    )
    assert found.plan.measure == "validation_accuracy"
    assert found.outcome(cell).mean == train.history["test_accuracy"][-1]


SIZES = [12, pytest.param(100, marks=pytest.mark.slow)]


def short_runs(total):
    """A plan of so many short runs, half of them backprop's."""
    return make_plan(["bp", "dfa"], total // 4, SHORT, {"lr": [0.004, 0.01]}, validation=0.2)


def ended(records):
    """The results by task, each once, with times left out."""
    found = {}
    for record in records:
        name = canonical(record["task"])
        assert name not in found and "result" in record
        found[name] = json.loads(json.dumps(record["result"]))
        del found[name]["history"]["seconds"]
    return found


@cache
def undisturbed(total):
    """The results of the same sweep in this process, which nobody disturbs."""
    return ended(run_grid(work_for(["bp", "dfa"]), short_runs(total).tasks))


@pytest.mark.parametrize("total", SIZES)
def test_a_worker_killed_in_the_middle_of_a_sweep_changes_no_result(tmp_path, total):
    """All results are there, each once, as if nothing had happened."""
    log, found = tmp_path / "runs.jsonl", []
    for record in run_grid(work_for(["bp", "dfa"]), short_runs(total).tasks, jobs=2, log=log):
        found.append(record)
        if len(found) == total // 3 and (there := workers(os.getpid())):
            os.kill(there[0], signal.SIGKILL)
    assert ended(found) == undisturbed(total)
    assert ended(map(json.loads, log.read_text().splitlines())) == undisturbed(total)


@pytest.mark.skipif(find_spec("distributed") is None, reason="dask is an extra")
@pytest.mark.parametrize("total", SIZES)
def test_a_cluster_gives_the_same_numbers(total):
    """One word is changed, and no digit."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0"
    ) as two:
        work, tasks = work_for(["bp", "dfa"]), short_runs(total).tasks
        assert ended(run_grid(work, tasks, cluster=two.scheduler_address)) == undisturbed(total)


@pytest.mark.slow
def test_two_workers_that_compile_the_same_cold_cache_at_once_do_no_harm(tmp_path):
    """The first sweep after an installation starts with nothing compiled."""
    code = (
        "import nofb, sys, json; found = nofb.sweep(['bp', 'fa', 'dfa', 'brsf'], 1, jobs=2,"
        "settings={'hidden': [6, 5], 'epochs': 2});"
        "print(json.dumps([[r['rule'], r['test_loss']] for r in found.rows()]))"
    )
    prints = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)},
            capture_output=True, text=True, check=True,
        ).stdout
        for _ in ("cold", "warm")
    ]  # fmt: skip
    settings = Specification(hidden=(6, 5), epochs=2)
    expected = [
        [rule, train(settings.replace(rule=rule)).history["test_loss"][-1]]
        for rule in ("bp", "fa", "dfa", "brsf")
    ]
    assert [json.loads(text) for text in prints] == 2 * [expected]


# -- what is shown ---------------------------------------------------------------------------------


def some_diverge(rule, seed, lr, **settings):
    if rule == "fa" and lr == 0.2:
        return None if seed else 0.99
    if rule == "fa" and lr == 0.4:
        return "ValueError: lr is too large" if seed else None
    return 0.9 + 0.01 * seed - 0.1 * lr


def test_the_table_shows_mean_and_sample_deviation_over_the_seeds():
    """With n in the place of n - 1, three seeds would look more certain than they are."""
    found = made_up(some_diverge, lr=[0.1, 0.2, 0.4])
    first = found.plan.cells[0]
    ends = [0.89, 0.90, 0.91]
    assert found.outcome(first).mean == pytest.approx(np.mean(ends))
    assert found.outcome(first).spread == pytest.approx(np.std(ends, ddof=1))
    assert re.search(r"^bp +0\.1 +90\.00 ± 1\.00 % \* +3 +0 +0 +0\.50$", str(found), re.M)


def test_runs_that_diverged_or_failed_are_counted_and_in_no_mean():
    """Averaged over survivors in silence, the rate that is too large looks like the best."""
    found = made_up(some_diverge, lr=[0.1, 0.2, 0.4])
    assert re.search(r"^fa +0\.2 +99\.00 % +1 +2 +0 ", str(found), re.M)
    assert re.search(r"^fa +0\.4 +– +0 +1 +2 ", str(found), re.M)
    assert "2 failed with ValueError: lr is too large" in str(found)
    assert [(cell.run.rule, cell.run.lr) for cell in found.best()] == [("bp", 0.1), ("fa", 0.1)]


def test_test_samples_choose_nothing():
    """The table must say so where somebody would choose by it, and mark no best setting."""
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


def test_a_best_rate_at_an_end_of_what_was_tried_is_said():
    """A student would report the end of a grid as the best there is."""

    def notes(peak):
        sweep = made_up(lambda *_, lr, **__: -abs(lr - peak), lr=[0.001, 0.004, 0.016])
        return " ".join(table(sweep).split())

    ending = "that was tried, {}: a {} one may do better."
    assert "fa did best with the largest lr " + ending.format(0.016, "larger") in notes(0.016)
    assert "bp did best with the smallest lr " + ending.format(0.001, "smaller") in notes(0.001)
    assert "did best with" not in notes(0.004)


def test_the_largest_whole_number_and_a_dropout_of_none_are_no_ends():
    """Nothing is smaller than no dropout, and more epochs are always better."""
    better = made_up(lambda *_, epochs, **__: epochs, epochs=[1, 2, 4])
    without = made_up(lambda *_, input_dropout, **__: -input_dropout, input_dropout=[0, 0.1, 0.2])
    assert "did best with" not in table(better) + table(without)


def test_the_csv_has_one_line_for_each_run_with_what_decided_and_what_was_measured(tmp_path):
    """It is what a researcher loads into pandas."""
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
    """The texts in the squares of each panel."""
    return [[text.get_text() for text in axes.texts] for axes in picture.axes if axes.texts]


def test_the_heat_map_shows_the_numbers_of_the_table():
    """Colours say where to look, numbers what is there; a cell without any says why."""
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


def test_with_two_axes_and_more_every_rule_has_a_panel_with_all_cells():
    """A third axis that is left out, or averaged over, would hide what it does."""
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
def test_a_heat_map_is_drawn_whatever_came_out(end, lists, theme):
    """A sweep that took a night must not end in an error of its figure."""
    found = made_up(lambda *task, **settings: end, **lists)
    assert heat_map(found, theme=theme).to_bytes("svg").startswith(b"<?xml")


def test_letters_can_be_read_on_every_colour():
    """White on yellow, or black on dark blue, is no number at all."""
    found = made_up(lambda rule, seed, lr, **s: lr, seeds=1, lr=list(np.linspace(0.88, 0.99, 12)))
    axes = heat_map(found).axes[0]
    fills = [patch.get_facecolor()[:3] for patch in axes.patches if patch.get_fill()]
    for fill, text in zip(fills, axes.texts, strict=True):
        low, high = sorted(map(luminance, (fill, to_rgb(text.get_color()))))
        assert (high + 0.05) / (low + 0.05) > 4.5  # what the WCAG ask for


def luminance(colour):
    """How bright sRGB looks, from 0 to 1."""
    parts = np.array(colour)
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


# -- the command -----------------------------------------------------------------------------------

CONFIG = """
rules = ["bp", "fa"]
seeds = 2
validation = 0.2

[settings]
hidden = [6]
epochs = 1

[grid]
lr = [0.002, 0.01]
"""


@pytest.fixture
def config(tmp_path, monkeypatch):
    """A file, in an empty folder that is the current one."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "rates.toml"
    path.write_text(CONFIG)
    return path


def run(capsys, *words):
    """Run the command in this process; return its exit code and what it printed."""
    code = main(list(words))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_the_command_prints_a_table_and_fills_a_folder(capsys, config):
    """A file of ten lines, one command, and everything that a report needs."""
    code, out, err = run(capsys, "sweep", "rates.toml", "--jobs", "1")
    assert (code, err) == (0, "")
    assert len(re.findall(r"^(bp|fa) +0\.0\d+ +\d+\.\d\d ± \d+\.\d\d % ", out, re.M)) == 4
    folder = Path("nofb-sweep")
    assert {path.name for path in folder.iterdir()} == {
        "runs.jsonl", "results.csv", "table.txt", "heatmap.png", "heatmap.svg",
        "config.toml", "config.json",
    }  # fmt: skip
    assert (folder / "config.toml").read_text() == CONFIG
    assert (folder / "table.txt").read_text() in out
    understood = json.loads((folder / "config.json").read_text())
    names = ("rules", "seeds", "settings", "grid", "attributes", "validation")
    again = make_plan(**{name: understood[name] for name in names})
    assert list(map(canonical, again.tasks)) == list(map(canonical, read_plan(config).tasks))
    assert {"command", "date", "versions", "machine"} <= set(understood)


def test_the_same_command_goes_on_and_another_configuration_shares_what_it_can(capsys, config):
    """Adding one learning rate must cost the runs of one learning rate."""
    run(capsys, "sweep", "rates.toml", "--jobs", "1")
    log = Path("nofb-sweep", "runs.jsonl")
    lines = log.read_text().splitlines(keepends=True)
    log.write_text("".join(lines[:5]) + lines[5][:-9])
    _, out, _ = run(capsys, "sweep", "rates.toml", "--jobs", "1")
    assert out.startswith("5 of 8 runs were finished earlier: ")
    assert len(log.read_text().splitlines()) == 8
    config.write_text(CONFIG.replace("0.01]", "0.01, 0.02]"))
    _, out, _ = run(capsys, "sweep", "rates.toml", "--jobs", "1")
    assert out.startswith("8 of 12 runs were finished earlier: ")
    assert len(read_log(log)) == 12


def test_a_failed_run_gives_exit_code_1_after_all_others(capsys, config):
    """A script must be able to tell; the results of the others are there all the same."""
    config.write_text(
        'rules = ["bp", "dfa"]\nseeds = 1\nsettings.epochs = 1\nattributes.dfa.entries = 11'
    )
    code, out, _ = run(capsys, "sweep", "rates.toml", "--jobs", "1")
    assert code == 1
    assert "1 failed with ValueError: entries is 11, but there are only 10 output errors" in out
    assert Path("nofb-sweep", "heatmap.png").exists()


@pytest.mark.parametrize(
    ("content", "words", "sentence"),
    [
        ('rule = ["bp"]', [], "rates.toml: a sweep has no 'rule'; it has: rules, seeds, settings"),
        ("seeds = 1", [], 'rates.toml: rules is missing, such as rules = ["bp", "fa"]'),
        ('rules = ["bp"', [], "rates.toml: Unclosed array"),
        ("seeds = " + "[" * 10**5, [], "rates.toml: maximum recursion depth exceeded"),
        ('rules = ["bp"]\nsettings.epochs = "1"', [], "rates.toml: epochs must be a whole number"),
        ('rules = ["bp"]', ["--jobs", "0"], "jobs must be at least 1, but is 0"),
        ('rules = ["bp"]', ["--cluster", "here"], "cluster must be the address of a dask schedul"),
        ('rules = ["bp"]', ["--out", "rates.toml"], "rates.toml is not a folder"),
        ('rules = ["bp"]\nsettings.data = "mnist"', [], "it must be an existing folder"),
    ],
)
def test_a_mistake_in_the_file_gets_one_sentence_and_leaves_nothing_behind(
    capsys, config, monkeypatch, content, words, sentence
):
    """A traceback teaches a beginner nothing about the word that was mistyped."""
    monkeypatch.setenv("NOFB_DATA_DIR", str(config.parent / "nowhere"))
    config.write_text(content)
    code, out, err = run(capsys, "sweep", "rates.toml", *words)
    assert code == 2 and out == ""
    assert err.startswith("nofb: ") and sentence in err and err.count("\n") == 1
    assert list(config.parent.iterdir()) == [config]


def test_a_log_of_another_program_is_refused_and_left_alone(capsys, config):
    """The folder is the user's."""
    log = Path("nofb-sweep", "runs.jsonl")
    log.parent.mkdir()
    log.write_text('{"epoch": 1}\n')
    code, _, err = run(capsys, "sweep", "rates.toml")
    assert code == 2 and "line 1 of nofb-sweep/runs.jsonl is not a run that nofb" in err
    assert log.read_text() == '{"epoch": 1}\n'


def test_control_c_says_one_sentence_and_leaves_no_worker_behind(config):
    """A terminal sends it to the workers too, and they have nothing to say."""
    config.write_text(CONFIG.replace("epochs = 1", "epochs = 400"))
    # A suite that runs in the background of a shell has Ctrl-C turned off.
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from nofb.cli import main; sys.exit(main(['sweep', 'rates.toml', '--jobs', '2']))"
    )
    command, environment = [sys.executable, "-c", code], {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment, start_new_session=True,
    ) as sweep:  # fmt: skip
        log = Path("nofb-sweep", "runs.jsonl")
        until = time.monotonic() + 60
        while time.monotonic() < until and not (log.exists() and len(read_log(log)) >= 1):
            time.sleep(0.1)
        started = workers(sweep.pid)
        os.killpg(sweep.pid, signal.SIGINT)
        out, err = sweep.communicate(timeout=30)
    assert sweep.returncode == 130 and out == ""
    assert err == (
        "nofb: stopped; nofb-sweep/runs.jsonl keeps the finished runs, "
        "and the same command goes on from there\n"
    )
    assert 1 <= len(read_log(log)) < 8
    assert all(gone(worker) for worker in started)


def test_none_in_a_file_is_pythons_none(config):
    """TOML has no word for it, and sparse feedback is compared with full feedback."""
    config.write_text('rules = ["dfa"]\nattributes.dfa.entries = [1, "none"]\ngrid.lr = ["none"]')
    plan = read_plan(config)
    assert plan.attributes == {"dfa": {"entries": (1, None)}} and plan.grid == {"lr": (None,)}


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_file_from_an_editor_on_windows_is_read(config, newline):
    """Notepad puts a byte-order mark in front, which TOML itself does not allow."""
    text = '# ø\nrules = ["bp"]\nseeds = 2\n'.replace("\n", newline)
    config.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert read_plan(config).seeds == (0, 1)
    config.write_bytes(text.encode("utf-16"))
    with pytest.raises(ValueError, match=r"rates\.toml: it is not UTF-8.*: save it as UTF-8"):
        read_plan(config)


SHOWN = re.findall(
    r"```toml\n(.*?)```", (ROOT / "docs" / "sweeps.md").read_text("utf-8"), re.DOTALL
)


@pytest.mark.parametrize("text", [EXAMPLE, *SHOWN])
def test_every_example_that_is_shown_is_a_sweep(config, text):
    """What is copied from a page must run."""
    config.write_text(text[text.index("rules") :])
    plan = read_plan(config)
    assert plan.run.validation > 0 and len(plan.tasks) > 1


def test_nofb_alone_loads_nothing_that_only_sweeps_need():
    """Every notebook begins with this import."""
    code = (
        "import sys, nofb; late = {'joblib', 'dask', 'distributed', 'matplotlib'};"
        "assert not late & set(sys.modules), late & set(sys.modules); nofb.sweep;"
        "assert not late & set(sys.modules), late & set(sys.modules);"
        "assert {'sweep', 'plots'} <= set(dir(nofb)); nofb.plots.LivePlot"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_sweep_and_a_comparison_share_their_runs(tmp_path):
    """The task of a run is its name, whoever asks for it."""
    plan = make_plan(["fa"], 1, SHORT)
    task = task_of(Specification(hidden=(6,), epochs=2, rule="fa"))
    assert plan.tasks == [task]
    (record,) = run_grid(work_for(["fa"]), [task], log=tmp_path / "runs.jsonl")
    assert result_of(record).rule == "fa"
