"""A sweep and a resumable comparison on one's own network and data, without the command line."""

from __future__ import annotations

import json
from functools import partial

import numpy as np
import pytest

import nofb
from nofb import SGD, Dense, Network, rules
from nofb.datasets import Dataset

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(80, 4)), np.arange(80) % 3
DATA = Dataset(X, Y, X[:30], Y[:30], name="mine to sweep")


def make(seed, hidden=5):
    return Network([Dense(4, hidden, "tanh"), Dense(hidden, 3)], seed=seed)


def sweep(*given, **more):
    few = {"seeds": 2, "epochs": 2, "progress": False}
    return nofb.sweep(*(given or (["bp", "fa"], make, DATA)), **{**few, **more})


def test_a_sweep_of_rates_gives_what_the_command_gives(tmp_path):
    """Rows, the best rate of each rule, a table, a heat map and the log."""
    found = sweep(rates=[0.01, 0.1], out=tmp_path)
    assert len(found.rows()) == 2 * 2 * 2
    assert [cell.run.rule for cell in found.best()] == ["bp", "fa"]
    assert {"results.csv", "table.txt", "heatmap.png", "runs.jsonl"} <= {
        path.name for path in tmp_path.iterdir()
    }
    assert nofb.plots.heat_map(found).axes


def test_a_run_of_a_sweep_is_that_of_fit():
    """Other weights, data or order than the user's own `fit` would be another experiment."""
    found = sweep("fa", make, DATA, rates=[0.1], seeds=1, validation=0)
    (row,) = found.rows()
    run = nofb.fit(
        make(0), "fa", DATA, 2, optimizer=SGD(lr=0.1, momentum=0.9, schedule="cosine"),
        progress=False,
    )  # fmt: skip
    assert row["test_loss"] == pytest.approx(run.history["test_loss"][-1], rel=1e-6)


def test_arguments_of_the_function_can_be_varied():
    """A width matters as much as a rate."""
    found = sweep(["bp"], make, DATA, rates=[0.1], seeds=1, grid={"hidden": [2, 3]})
    assert [row["hidden"] for row in found.rows()] == [2, 3]
    assert found.plan.axes == ["hidden"]


def test_data_with_a_name_of_nofbs_get_their_own():
    """They may be a part, or centred, and a log must not take them for the whole."""
    part = nofb.datasets.load("digits").take(100, 50)
    found = sweep(
        "bp", lambda seed: Network([Dense(64, 10)], seed=seed), part, rates=[0.1], seeds=1
    )
    assert found.plan.run.data == "my_digits"
    assert len(nofb.datasets.load("digits").y_train) == 1438


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((["bp"], make(0), DATA), "make_network must be a function of the seed"),
        ((["bp"], make, X), "data must be a nofb.datasets.Dataset"),
        ((["bq"], make, DATA), r"'bq' \(did you mean 'bp'\?\), but must be one of"),
    ],
)
def test_a_mistake_gets_a_sentence(arguments, sentence):
    """Before the first run."""
    with pytest.raises((TypeError, ValueError), match=sentence):
        sweep(*arguments, rates=[0.1])


def test_a_function_of_this_program_is_refused_for_other_processes():
    """They cannot import it: each run would fail with an error about pickles."""
    with pytest.raises(ValueError, match=r"make_network is not in a module.*or use jobs=1"):
        sweep("bp", lambda seed: make(seed), DATA, rates=[0.1], seeds=1, jobs=2)
    with pytest.raises(ValueError, match=r"make_network is not in a module.*or use jobs=1"):
        nofb.compare(["bp"], lambda seed: make(seed), DATA, 1, jobs=2, progress=False)


# -- a log for a comparison -----------------------------------------------------------------------


def compare(log, kinds=("bp", "fa"), function=make, data=DATA, **more):
    few = {"seeds": 2, "epochs": 2, "progress": False}
    return nofb.compare(list(kinds), function, data, log=log, **{**few, **more})


def lines(log):
    return [json.loads(line) for line in log.read_text("utf-8").splitlines()]


def test_a_comparison_with_a_log_does_only_the_missing_runs(tmp_path, monkeypatch):
    """An hour of runs must survive a closed laptop."""
    log = tmp_path / "runs.jsonl"
    first = compare(log, ["bp"])
    done = []
    from nofb.runs import own_run

    fit = own_run.fit
    monkeypatch.setattr(own_run, "fit", lambda *a, **k: done.append(a[1].name) or fit(*a, **k))
    both = compare(log)
    assert done == ["fa", "fa"] and len(lines(log)) == 4
    for one, again in zip(first.results, both.of("bp"), strict=True):
        np.testing.assert_array_equal(one.history["loss"], again.history["loss"])
    assert [each["task"]["rule"] for each in both.records] == ["bp", "bp", "fa", "fa"]


def test_a_log_changes_no_number(tmp_path):
    """A run that is read back must be the run that was done."""
    kept = compare(tmp_path / "runs.jsonl")
    for one, other in zip(compare(None).results, kept.results, strict=True):
        for name in one.history:
            if name != "seconds":
                np.testing.assert_allclose(one.history[name], other.history[name], rtol=1e-6)


def test_other_data_attributes_rates_and_functions_are_other_runs(tmp_path):
    """A log must never give the result of another experiment."""
    log = tmp_path / "runs.jsonl"
    compare(log, ["dfa"], seeds=1)
    others = [
        {"data": Dataset(X + 1, Y, X[:30], Y[:30], name=DATA.name)},
        {"kinds": [rules.make("dfa", entries=1)]},
        {"optimizer": SGD(lr=0.3)},
        {"epochs": 3},
        {"function": lambda seed: make(seed, 6)},
    ]
    for number, each in enumerate(others, start=2):
        compare(log, **{"kinds": ["dfa"], "seeds": 1, **each})
        assert len(lines(log)) == number, each


class Maker:
    """A callable object, which has no name of its own."""

    def __call__(self, seed):
        return make(seed)


@pytest.mark.parametrize("function", [Maker(), partial(make, hidden=4), lambda seed: make(seed)])
def test_any_callable_object_makes_networks(function, tmp_path):
    """Whether it is a partial or a lambda is the user's business."""
    for log in (None, tmp_path / "runs.jsonl"):
        assert compare(log, ["bp"], function, seeds=1).rules == ["bp"]
    assert sweep("bp", function, DATA, rates=[0.1], seeds=1).rows()[0]["error"] is None


def test_learning_curves_take_runs():
    """A student has runs of `fit`, and not a comparison."""
    runs = [nofb.fit(make(s), "fa", DATA, 2, seed=s, progress=False) for s in range(2)]
    for given in (runs, {"fa": runs}, {"one": runs[0], "two": runs[1]}):
        picture = nofb.plots.learning_curves(given)
        labels = [line.get_label() for line in picture.axes[0].lines]
        for name in given if isinstance(given, dict) else ["fa"]:
            drawn = picture.axes[0].lines[labels.index(name)].get_ydata()
            mine = given[name] if isinstance(given, dict) else runs
            mine = mine if isinstance(mine, list) else [mine]
            seeds = [run.history.from_start("test_accuracy") for run in mine]
            np.testing.assert_allclose(drawn, np.mean(seeds, axis=0))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ([], "runs is empty"),
        ({}, "runs is empty"),
        (["fa"], "must hold runs of nofb.fit, but holds 'fa'"),
        ({"fa": 3}, "must hold runs of nofb.fit, but holds 3"),
        ("fa", "must be a comparison, or runs of nofb.fit in a list or by name"),
    ],
)
def test_what_is_no_run_is_refused_by_learning_curves(given, sentence):
    """The sentence names what was given."""
    with pytest.raises((TypeError, ValueError), match=sentence):
        nofb.plots.learning_curves(given)


def test_runs_of_different_lengths_are_refused():
    """Their mean over seeds would not exist."""
    runs = [nofb.fit(make(0), "fa", DATA, epochs, progress=False) for epochs in (1, 2)]
    with pytest.raises(ValueError, match="1 and 2 epochs"):
        nofb.plots.learning_curves(runs)
