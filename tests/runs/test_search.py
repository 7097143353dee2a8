"""A search continues beyond an end of its grid that wins; otherwise a rule looks too bad."""

import json

import pytest

from nofb.papers.deep_targets import search as deep
from nofb.runs import search as engine
from nofb.runs.search import HIGHEST, LOSS, LOWEST, Search, past_the_end, search
from nofb.runs.specification import Specification
from nofb.runs.tune import FOUND, SEARCHES, Rates, find

DIVERGED = 1000.0
HELD_OUT = Specification(validation=0.2, probe=0)
TUNED = json.loads(FOUND.read_text("utf-8"))
KEPT = [
    (data, optimizer, rule)
    for data, searched in TUNED.items()
    for optimizer, rules in searched["rates"].items()
    for rule in rules
]


@pytest.fixture
def judged_by(monkeypatch):
    """Return a function that sets how well each run does, without data and training."""

    def judge(score):
        def run_all(work, tasks, *arguments, **options):
            for task in tasks:
                end = [score(task)]
                history = {"validation_accuracy": end, "validation_loss": end}
                stopped = None if end[0] < DIVERGED else "it diverged"
                yield {"task": task, "result": {"stopped": stopped, "history": history}}

        monkeypatch.setattr(engine, "run_all", run_all)
        monkeypatch.setattr(Specification, "load", lambda run: None)

    return judge


def measured_by(score, judged_by, grid, rule="bp"):
    """Search for one rule where `score` is the result of a rate; return rate and accuracies."""
    judged_by(lambda task: score(task["lr"]))
    found = find(Rates(HELD_OUT, {"sgd": grid}, seeds=1), jobs=1, rules=[rule])
    return found["rates"]["sgd"][rule], found["validation_accuracy"]["sgd"][rule]


def test_a_search_continues_upwards_until_a_larger_rate_does_worse(judged_by):
    """If it ended at 0.04, the shallow control would be too low, and every rule seem too good."""
    rate, accuracies = measured_by(lambda lr: 1 - abs(lr - 0.32), judged_by, (0.01, 0.02, 0.04))
    assert rate == 0.32
    assert list(accuracies) == ["0.01", "0.02", "0.04", "0.08", "0.16", "0.32", "0.64"]


def test_a_search_continues_downwards_until_a_smaller_rate_does_worse(judged_by):
    """Otherwise a rule that needs small rates would seem not to learn."""
    rate, accuracies = measured_by(lambda lr: 1 - abs(lr - 0.0025), judged_by, (0.01, 0.02))
    assert rate == 0.0025
    assert list(accuracies) == ["0.00125", "0.0025", "0.005", "0.01", "0.02"]


def test_a_search_without_an_end_gives_up(judged_by):
    """A rule for which all rates are equally good must not run forever."""
    rate, _ = measured_by(lambda lr: 0.1, judged_by, (0.01, 0.02))
    assert LOWEST <= rate < 2 * LOWEST
    rate, _ = measured_by(lambda lr: lr, judged_by, (0.01, 0.02))
    assert HIGHEST / 2 < rate <= HIGHEST


def test_a_best_rate_inside_the_grid_ends_the_search(judged_by):
    """Additional runs would take a student's evening."""
    rate, accuracies = measured_by(lambda lr: 1 - abs(lr - 0.02), judged_by, (0.01, 0.02, 0.04))
    assert rate == 0.02 and len(accuracies) == 3
    assert past_the_end([0.2], 0.2) is None


def test_a_search_by_the_loss_takes_the_smallest_and_no_diverged_run(judged_by):
    """If a loss were read as an accuracy, the largest loss would win."""
    judged_by(lambda task: {0.1: 2.0, 0.2: 1.5, 0.4: 1.8, 0.8: DIVERGED}[task["lr"]])
    searched = Search(HELD_OUT, {"lr": (0.1, 0.2, 0.4, 0.8)}, score=LOSS)
    search([searched])
    assert searched.best == (0.2,)
    assert searched.found[(0.8,)] == LOSS.diverged > 2.0


@pytest.mark.parametrize("beyond", [0, 1, 3])
def test_a_search_tries_no_more_rates_beyond_its_grid_than_allowed(judged_by, beyond):
    """A search with one additional rate must not take an evening for ten."""
    judged_by(lambda task: 1 / task["lr"])
    searched = Search(HELD_OUT, {"lr": (0.5, 1.0)}, score=LOSS, beyond=beyond)
    search([searched])
    assert sorted(searched.found) == [(0.5 * 2**power,) for power in range(2 + beyond)]


@pytest.mark.parametrize(("data", "optimizer", "rule"), KEPT)
def test_every_kept_rate_is_the_best_and_inside_the_rates_that_were_tried(data, optimizer, rule):
    """0.032 was the end of the shallow control's grid, and 0.128 is better."""
    rate = TUNED[data]["rates"][optimizer][rule]
    measured = TUNED[data]["validation_accuracy"][optimizer][rule]
    found = {float(tried): accuracy for tried, accuracy in measured.items()}
    assert rate == min(rate for rate in found if found[rate] == max(found.values()))
    assert min(found) < rate < max(found)
    assert set(SEARCHES[data].grids[optimizer]) <= set(found)


def test_a_search_over_several_settings_continues_beyond_the_end_of_each(judged_by):
    """A grid of two rates cannot exclude a third, better one."""
    best = {"lr": 0.008, "noise": 0.2, "inverse_lr": 5e-4, "step_size": 0.2}

    def score(task):
        given = {"lr": task["lr"], **task["attributes"]}
        axes = deep.GRIDS[task["rule"]]
        return 1 - sum(abs(given[name] - best[name]) / best[name] for name in axes)

    judged_by(score)
    found = deep.find(log=None)
    assert found["best"]["bp"] == {"lr": 0.008}
    assert found["best"]["ddtp"]["lr"] == 0.008
    assert found["best"]["sdtp"]["step_size"] == 0.2  # a single value is a choice, not a grid
    assert {each["step_size"] for each in found["measured"]["sdtp"]} == {0.2}
