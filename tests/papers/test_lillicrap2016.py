"""Lillicrap's non-linear teacher: the remaining error is measured fairly and stated as it is."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from nofb import datasets
from nofb.papers.lillicrap2016 import STUDY, depth

DOCS = Path(__file__).parents[2] / "docs"


def record(network="30-20-10", rule="bp", lr=0.02, seed=0, loss=1.0, left=0.5):
    """Return a run of one epoch that was not trained."""
    task = {"network": network, "rule": rule, "lr": lr, "seed": seed, "epochs": 1}
    return {"task": task, "result": {"stopped": None, "loss": [loss], "left": [1.0, left]}}


def test_every_network_rule_rate_and_seed_is_run_once():
    """A rule with more rates than another would have an advantage."""
    tasks = [tuple(task.values()) for task in STUDY.tasks()]
    assert len(set(tasks)) == len(tasks) == 2 * 3 * 2 * 3
    assert {task["epochs"] for task in STUDY.tasks(epochs=4)} == {4}


@pytest.mark.parametrize("network", depth.NETWORKS)
def test_the_networks_are_those_of_the_paper(network):
    """The shallower one has one layer of ten units less, and no other difference."""
    run = depth.RUN.replace(hidden=depth.NETWORKS[network])
    net = run.network_for(run.load())
    sizes = [net.weighted[0].n_in, *(layer.n_out for layer in net.weighted)]
    assert "-".join(map(str, sizes)) == network
    assert [layer.activation.name for layer in net.weighted[:-1]] == ["tanh"] * (len(sizes) - 2)
    assert net.head.name == "squared_error"


def test_predicting_the_mean_leaves_all_of_the_variance_and_predicting_the_target_none(monkeypatch):
    """Divided by another variance, the number would not be a fraction."""
    data = datasets.load("nonlinear_teacher")
    wrong = data.y_test - data.y_train.mean(axis=0)
    losses = np.array([0.5 * (wrong**2).sum() / len(wrong), 0.0])
    history = {"test_loss": losses, "loss": losses[1:]}

    class History(dict):
        epochs = 1

        def from_start(self, name):
            return self[name]

    made = SimpleNamespace(history=History(history), stopped=None)
    monkeypatch.setattr(depth, "train", lambda *given, **options: made)
    found = depth.learn(depth.tasks(epochs=1)[0])
    assert found["left"] == pytest.approx([1.0, 0.0])


def test_a_rate_is_chosen_by_the_training_loss_and_never_by_test_samples():
    """The smallest test error of several rates would be too good."""
    runs = [record(lr=0.02, loss=1.0, left=0.9), record(lr=0.05, loss=2.0, left=0.1)]
    ((heading, (_, row)),) = depth.tables(runs).items()
    assert "test samples" in heading
    assert row == ["30-20-10", "bp", "0.02", "1", "1", "90.00", "-"]


def test_a_row_has_the_mean_and_the_sample_deviation_over_seeds():
    """With n instead of n - 1, three seeds look more certain than they are."""
    runs = [record(seed=seed, left=left) for seed, left in enumerate((0.1, 0.2, 0.6))]
    ((_, (_, row)),) = depth.tables(runs).items()
    assert row[3:] == ["3", "1", "30.00", f"{100 * np.std([0.1, 0.2, 0.6], ddof=1):.2f}"]


@pytest.mark.parametrize(("left", "word"), [(0.3, " less than"), (0.7, "not less than")])
def test_the_page_states_whether_the_papers_order_is_reproduced(left, word):
    """A negative result must be stated as clearly as a positive one."""
    runs = [record(left=0.5), record(network="30-20-10-10", rule="fa", left=left)]
    assert f"has {100 * left:.2f} % left,{' ' * (word[0] != ' ')}{word}" in depth.note(runs)
    assert "not both here" in depth.note(runs[:1])
    (claim,) = depth.claims(runs)
    assert claim.holds == (left < 0.5) and not list(depth.claims(runs[:1]))


def test_the_figure_has_a_panel_for_each_network_and_a_curve_for_each_rule():
    """Means over seeds, from before training on."""
    runs = [
        record(network, rule, seed=seed, left=0.1 + 0.2 * seed)
        for network in depth.NETWORKS
        for rule in depth.RULES
        for seed in range(2)
    ]
    panels = depth.figure(runs).axes
    assert [axes.get_title() for axes in panels] == list(depth.NETWORKS)
    for axes in panels:
        curves = {line.get_label(): line.get_ydata() for line in axes.lines}
        assert set(depth.RULES) <= set(curves)
        for rule in depth.RULES:
            np.testing.assert_allclose(curves[rule], [1.0, 0.2])


def test_in_the_kept_runs_depth_helps_feedback_alignment_as_the_paper_says():
    """This is the claim of the study; the control shows that hidden layers must learn."""
    log = (DOCS / "lillicrap2016" / "runs.jsonl").read_text("utf-8").splitlines()
    left = {
        place: np.mean([run["result"]["left"][-1] for run in seeds])
        for place, seeds in depth.chosen([json.loads(line) for line in log]).items()
    }
    assert left["30-20-10-10", "fa"] < left["30-20-10", "bp"] < left["30-20-10", "shallow"]
    assert left["30-20-10-10", "bp"] < 0.01  # it has the form of the teacher
