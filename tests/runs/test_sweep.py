"""Sweeps: which runs they have, and that the results are the same wherever they run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from functools import cache
from importlib.util import find_spec

import numpy as np
import pytest
from processes import workers
from runs.sweeps import SHORT

import nofb
from nofb.runs.grid import run_grid
from nofb.runs.plan import make_plan
from nofb.runs.run_tasks import work_for
from nofb.runs.specification import Specification
from nofb.runs.train import train
from nofb.strict_json import canonical


def numbers(found):
    """Return the results of each run, without the time."""
    return {
        (row["rule"], row["seed"], row["lr"], row["hidden"]): [
            value for name, value in row.items() if name != "run_seconds"
        ]
        for row in found.rows()
    }


# -- which runs -----------------------------------------------------------------------------------


def test_every_combination_is_run_once_for_every_seed():
    """A combination that is missing cannot be the best one."""
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


def test_equal_values_in_different_spellings_are_the_same_run():
    """`lr = 1` in one file and `lr = 1.0` in another must not be trained twice."""
    one = make_plan(["dfa"], 1, {"hidden": [8], "lr": 1})
    other = make_plan(["dfa"], [0], {"hidden": (8,)}, {"lr": np.array([1.0])})
    spelled = make_plan(["dfa"], 1, {"hidden": [8], "lr": 1}, None, {"dfa": {"entries": None}})
    assert list(map(canonical, one.tasks)) == list(map(canonical, other.tasks))
    assert list(map(canonical, one.tasks)) == list(map(canonical, spelled.tasks))


def test_the_default_rate_is_each_rules_own():
    """As in `nofb compare`; the task must hold the rate, since the table may change."""
    plan = make_plan(["bp", "fa"], 1)
    assert [task["lr"] for task in plan.tasks] == [
        Specification(rule=rule).rate for rule in plan.rules
    ]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"rules": "bp"}, "rules must be a list, but is 'bp'"),
        ({"rules": []}, "rules is an empty list, but must hold at least one value"),
        ({"rules": ["bp", "fb"]},
         "rules is 'fb' (did you mean 'bp', 'fa' or 'ff'?), but must be one of: bp, fa, dfa"),
        ({"rules": ["bp", "bp"]}, "rules holds 'bp' twice"),
        ({"seeds": 0}, "seeds must be at least 1, but is 0"),
        ({"seeds": "three"}, "seeds must be a whole number, but is 'three'"),
        ({"seeds": [0, -1]}, "seeds must be at least 0, but is -1"),
        ({"seeds": [1, 1]}, "seeds holds 1 twice"),
        ({"validation": 1.0}, "validation must be finite and at least 0 and less than 1"),
        ({"settings": {"epoch": 3}}, "settings has no 'epoch'; it has: data, network, hidden, act"),
        ({"settings": {"epochs": "ten"}}, "epochs must be a whole number, but is 'ten'"),
        ({"settings": {"data": "minst"}},
         "data is 'minst' (did you mean 'mnist'?), but must be one of: digits"),
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
def test_a_mistake_gets_a_sentence_that_names_it_before_any_run(tmp_path, arguments, sentence):
    """A misspelt name must not be found after an hour."""
    with pytest.raises((TypeError, ValueError)) as caught:
        nofb.sweep(**{"rules": ["bp", "dfa"], "out": tmp_path / "out", **arguments})
    assert sentence in str(caught.value) and "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


# -- the same results -----------------------------------------------------------------------------


def test_a_run_is_the_same_alone_in_a_sweep_with_two_jobs_and_after_a_restart(tmp_path):
    """A row of a table must be reproducible alone."""
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


def test_validation_samples_come_from_the_training_split():
    """A choice by test samples makes every published accuracy too high."""
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
    """Return a plan of short runs, half of them with backprop."""
    return make_plan(["bp", "dfa"], total // 4, SHORT, {"lr": [0.004, 0.01]}, validation=0.2)


def ended(records):
    """Return the result of each task, without times."""
    found = {}
    for record in records:
        name = canonical(record["task"])
        assert name not in found and "result" in record
        found[name] = json.loads(json.dumps(record["result"]))
        del found[name]["history"]["seconds"]
    return found


@cache
def undisturbed(total):
    """Return the results of the same sweep in this process, without interruption."""
    return ended(run_grid(work_for(["bp", "dfa"]), short_runs(total).tasks))


@pytest.mark.parametrize("total", SIZES)
def test_a_worker_killed_during_a_sweep_changes_no_result(tmp_path, total):
    """All results are present, each once."""
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
    """Only the address differs, and no digit of a result."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0"
    ) as two:
        work, tasks = work_for(["bp", "dfa"]), short_runs(total).tasks
        assert ended(run_grid(work, tasks, cluster=two.scheduler_address)) == undisturbed(total)


@pytest.mark.slow
def test_two_workers_that_compile_the_same_empty_cache_at_once_do_no_harm(tmp_path):
    """The first sweep after an installation starts with an empty cache."""
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
