"""The study of iterated inverses: its numbers must follow its theory, and its page must show them.

MNIST is not available in tests: networks of the same kind train on the embedded digits.
"""

import csv

import numpy as np
import pytest

from nofb import Dense, Network, datasets, rules
from nofb.jacobians import output_jacobians
from nofb.papers.bengio2020 import STUDY, anatomy, changes, network, training
from nofb.papers.bengio2020.contraction import CONSTANTS, contraction
from nofb.rules.gauss_newton_targets import gauss_newton

SMALL = network.RUN.replace(data="digits", hidden=(20, 20, 20))


@pytest.fixture
def small(monkeypatch):
    """Let every part that trains do so on digits, with three hidden layers of 20."""
    for module in (anatomy, training):
        monkeypatch.setattr(module, "RUN", SMALL)


def taught(seed: int = 0):
    """Return a rule attached to a square tanh network, and a trace with a target."""
    layers = [Dense(64, 20, "tanh"), *(Dense(20, 20, "tanh") for _ in range(2)), Dense(20, 10)]
    net = Network(layers, seed=seed, dtype=np.float64)
    rule = rules.make("itp", step_size=0.01)
    rule.attach(net, seed)
    data = datasets.load("digits").flat()
    trace = net.forward(data.x_train[:6])
    return rule, trace.set_target(net.as_target(data.y_train[:6], 6))


@pytest.mark.parametrize("constant", CONSTANTS)
def test_a_linear_inverse_with_the_error_of_a_rotation_reaches_the_bound(constant):
    """If the error shrank at another rate, the iteration or the constant would be wrong."""
    result = contraction({"part": "contraction", "constant": constant})
    assert result["constant"] == pytest.approx(constant)
    np.testing.assert_allclose(result["error"], constant ** np.arange(13), rtol=1e-6)


def test_a_trained_inverse_is_never_slower_than_its_constant():
    """The theorem of the paper, for a tanh layer with a trained inverse."""
    result = contraction({"part": "contraction", "lessons": 300})
    assert result["constant"] < 1
    assert (np.array(result["error"]) <= result["constant"] ** np.arange(13) * (1 + 1e-9)).all()


def test_exact_local_inverses_change_the_output_as_requested_but_not_by_the_smallest_change():
    """They reach the target, so the length of the change is no error of the inverses."""
    rule, trace = taught()
    exact, conditions = changes.exact_changes(rule, trace)
    assert len(conditions) == 2 and min(conditions) >= 1
    for layer, J in output_jacobians(trace):
        moved = np.einsum("nji,ni->nj", J, exact[layer])
        np.testing.assert_allclose(moved, -rule.step_size * trace.error, rtol=1e-6, atol=1e-12)
        least = rule.step_size * gauss_newton(J, trace.error, 0.0)
        lengths = np.linalg.norm(exact[layer], axis=1), np.linalg.norm(least, axis=1)
        assert (lengths[0] >= lengths[1] * (1 - 1e-6)).all()


def test_the_measures_of_the_best_change_are_those_of_gauss_newton(monkeypatch):
    """An angle of 0, a length of 1 and an empty null space: the reference compared with itself."""
    rule, trace = taught()
    damping = rules.make("gnt").damping
    best = {trace.net.weighted[-1]: -rule.step_size * trace.error}
    for layer, J in output_jacobians(trace):
        best[layer] = -rule.step_size * gauss_newton(J, trace.error, damping)
    found = changes.measures(rule, trace, best)
    np.testing.assert_allclose(found["gauss_newton_angle"], 0, atol=1e-4)
    np.testing.assert_allclose(found["length"], 1)
    np.testing.assert_allclose(found["null_space_share"], 0, atol=1e-9)


def runs():
    """Return every run of a study of one epoch."""
    chosen = [task for task in STUDY.tasks(epochs=1) if task.get("lessons", 150) == 150]
    forms = "1 iteration", "Gauss-Newton, c = 0.1"
    chosen = [task for task in chosen if task.get("form", forms[0]) in forms]
    return [{"task": task, "result": STUDY.part(task).run(task)} for task in chosen]


def test_the_page_holds_every_part_and_every_number(small, tmp_path):
    """A figure needs its numbers so that a reader can check it."""
    records = runs()
    page = STUDY.write(records, tmp_path, "nofb reproduce bengio2020").read_text()
    for part in STUDY.parts:
        assert (tmp_path / f"{part.image}.png").stat().st_size > 10_000
        rows = list(csv.reader((tmp_path / f"{part.numbers}.csv").read_text().splitlines()))
        assert len({len(row) for row in rows}) == 1 and len(rows) > 5
    assert "Gauss-Newton, c = 0.1" in page
    for part, found in STUDY.by_part(records):
        (heading,) = part.tables(found)
        assert heading in page and heading in STUDY.table(records)
