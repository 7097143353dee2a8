"""The study of iterated inverses: its theory must hold in its numbers, and its page must show them.

MNIST is not here: what trains does so on embedded digits, with a network of the same kind.
"""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nofb import Dense, Network, datasets, rules
from nofb.experiments import bengio2020, deep_targets, inverse_anatomy, inverse_training
from nofb.experiments.inverse_contraction import CONSTANTS, contraction
from nofb.jacobians import output_jacobians
from nofb.report import bengio2020 as report
from nofb.report import deep_targets as deep_report
from nofb.rules.gauss_newton_targets import gauss_newton

SMALL = replace(deep_targets.SETTINGS, data="digits", hidden=(20, 20, 20))


@pytest.fixture
def small(monkeypatch):
    """Let every part that trains do so on digits, with three hidden layers of 20."""
    for module in (inverse_anatomy, inverse_training, deep_targets):
        monkeypatch.setattr(module, "SETTINGS", SMALL)


def taught(seed: int = 0):
    """Return a rule attached to a square tanh network, and a trace that knows its target."""
    layers = [Dense(64, 20, "tanh"), *(Dense(20, 20, "tanh") for _ in range(2)), Dense(20, 10)]
    net = Network(layers, seed=seed, dtype=np.float64)
    rule = rules.make("itp", step_size=0.01)
    rule.attach(net, seed)
    data = datasets.load("digits").flat()
    trace = net.forward(data.x_train[:6])
    return rule, trace.set_target(net.as_target(data.y_train[:6], 6))


@pytest.mark.parametrize("constant", CONSTANTS)
def test_a_linear_inverse_that_is_wrong_by_a_rotation_attains_the_bound(constant):
    """If the error shrank otherwise, either the iteration or the constant would be wrong."""
    result = contraction({"part": "contraction", "constant": constant})
    assert result["constant"] == pytest.approx(constant)
    np.testing.assert_allclose(result["error"], constant ** np.arange(13), rtol=1e-6)


def test_a_learned_inverse_is_never_slower_than_its_constant():
    """The theorem of the paper, on a tanh layer whose inverse learned."""
    result = contraction({"part": "contraction", "lessons": 300})
    assert result["constant"] < 1
    assert (np.array(result["error"]) <= result["constant"] ** np.arange(13) * (1 + 1e-9)).all()


def test_exact_local_inverses_move_the_output_as_asked_and_yet_not_as_little_as_they_could():
    """They reach the target, so their length is not an error of theirs: it is what they are."""
    rule, trace = taught()
    changes, conditions = inverse_anatomy.exact_changes(rule, trace)
    assert len(conditions) == 2 and min(conditions) >= 1
    for layer, J in output_jacobians(trace):
        moved = np.einsum("nji,ni->nj", J, changes[layer])
        np.testing.assert_allclose(moved, -rule.step_size * trace.error, rtol=1e-6, atol=1e-12)
        least = rule.step_size * gauss_newton(J, trace.error, 0.0)
        lengths = np.linalg.norm(changes[layer], axis=1), np.linalg.norm(least, axis=1)
        assert (lengths[0] >= lengths[1] * (1 - 1e-6)).all()


def test_the_measures_of_the_best_change_are_those_of_gauss_newton(monkeypatch):
    """An angle of 0, a length of 1 and an empty null space: the yardstick measured with itself."""
    rule, trace = taught()
    damping = rules.make("gnt").damping
    changes = {trace.net.weighted[-1]: -rule.step_size * trace.error}
    for layer, J in output_jacobians(trace):
        changes[layer] = -rule.step_size * gauss_newton(J, trace.error, damping)
    found = inverse_anatomy.measures(rule, trace, changes)
    np.testing.assert_allclose(found["gauss_newton_angle"], 0, atol=1e-4)
    np.testing.assert_allclose(found["length"], 1)
    np.testing.assert_allclose(found["null_space_share"], 0, atol=1e-9)


def runs():
    """Return every run of a study of one epoch."""
    chosen = [task for task in bengio2020.tasks(epochs=1) if task.get("lessons", 150) == 150]
    forms = "1 iteration", "Gauss-Newton, c = 0.1"
    chosen = [task for task in chosen if task.get("form", forms[0]) in forms]
    return [{"task": task, "result": bengio2020.work(Path(), task)} for task in chosen]


def test_the_page_holds_every_part_and_every_number(small, tmp_path):
    """A figure without numbers can not be checked, and numbers without a figure are not seen."""
    records = runs()
    page = report.STUDY.write(records, tmp_path, "nofb reproduce bengio2020").read_text()
    for part in report.STUDY.parts.values():
        assert part.heading in page
        assert (tmp_path / f"{part.figure}.png").stat().st_size > 10_000
        rows = list(csv.reader((tmp_path / f"{part.figure}.csv").read_text().splitlines()))
        assert len({len(row) for row in rows}) == 1 and len(rows) > 5
    assert "Gauss-Newton, c = 0.1" in page
    assert report.STUDY.parts["training"].heading in report.STUDY.table(records)


def test_deep_targets_are_trained_with_what_the_search_found():
    """Settings chosen by hand, or on the test split, would make the table worth nothing."""
    found = deep_targets.found()
    assert set(found) == set(deep_targets.GRIDS)
    for rule, chosen in found.items():
        grid = deep_targets.GRIDS[rule]
        assert all(chosen[name] in values for name, values in grid.items())
        attributes = deep_targets.attributes_of(rule, chosen)
        assert "lr" not in attributes and rules.make(rule, **attributes)
    tasks = deep_targets.tasks()
    assert len({(t["data"], t["rule"], t["seed"]) for t in tasks}) == len(tasks) == 35
    assert all(task["lr"] == found[task["rule"]]["lr"] for task in tasks)


def test_a_trial_sees_held_out_samples_and_never_the_test_split(small, monkeypatch):
    """A test sample that took part in the choice is no test sample any more."""
    data = datasets.load("digits").flat()
    blind = datasets.Dataset(data.x_train, data.y_train, data.x_test * 0, data.y_test, "blind")
    monkeypatch.setattr(deep_targets, "load", lambda name: data)
    seen = deep_targets.trial({"rule": "bp", "epochs": 2, "lr": 1e-3})
    monkeypatch.setattr(deep_targets, "load", lambda name: blind)
    assert seen == deep_targets.trial({"rule": "bp", "epochs": 2, "lr": 1e-3})


def test_the_table_of_deep_targets_has_published_numbers_beside_ours(small, tmp_path):
    """A number stands beside the one it is to be compared with, or it is only a number."""
    tasks = [t for t in deep_targets.tasks(epochs=1) if t["rule"] == "dtp" and t["seed"] < 2]
    tasks = [task | {"data": "mnist"} for task in tasks[:1]] + [tasks[2] | {"data": "mnist"}]
    digits = [task | {"data": "digits"} for task in tasks]
    records = [
        {"task": task, "result": deep_targets.work(tmp_path, on_digits)}
        for task, on_digits in zip(tasks, digits, strict=True)
    ]
    page = deep_report.write(records, tmp_path, "nofb reproduce deep_targets").read_text()
    assert "2.39 ± 0.19" in page and "quoted from memory" in page
    lines = (tmp_path / "deep_targets.csv").read_text().splitlines()
    assert len(lines) == 1 + len(records)
