"""A dash in the column of signals: the line below the table says what it stands for."""

from dataclasses import replace

import numpy as np
from comparisons import SIGNAL, made_up

import nofb
from nofb import Dense, Network
from nofb.datasets import Dataset
from nofb.report import table
from nofb.report.origin import origin
from nofb.report.page import render
from nofb.report.summary import without_signal
from nofb.training import History


def silenced(rule, seeds, layer):
    """Return a comparison in which a rule's signal at a layer is zero at the end, by its seeds."""
    comparison = made_up(["bp", rule])
    return replace(
        comparison,
        results=tuple(
            replace(run, history=without(run.history, layer))
            if (run.rule, run.seed) in {(rule, seed) for seed in seeds}
            else run
            for run in comparison.results
        ),
    )


def without(history, layer):
    """Return a history whose last epoch has no angle at a layer."""
    other = History()
    other.start = history.start
    rows = [{name: history[name][epoch] for name in history} for epoch in range(history.epochs)]
    rows[-1][SIGNAL] = np.array(rows[-1][SIGNAL])
    rows[-1][SIGNAL][layer] = np.nan
    for row in rows:
        other.append(row)
    return other


def test_a_rule_that_sends_no_signal_is_told_from_one_that_has_lost_it():
    """Shallow is a control, and a lost signal is a finding, or a mistake."""
    assert without_signal(made_up(["bp", "fa", "shallow"])) == [
        "shallow: no signal is sent to the hidden layers, so there is no angle."
    ]
    (found,) = without_signal(silenced("fa", seeds=(0, 2), layer=1))
    assert found.startswith("fa: at the end hidden layer 2 had no angle in 2 of 3 runs")
    assert without_signal(made_up(["bp", "fa"])) == []


def test_both_are_said_below_the_table_and_on_the_page():
    """A reader of the table does not see the history."""
    comparison = silenced("fa", seeds=(1,), layer=0)
    assert "hidden layer 1 had no angle in 1 of 3 runs" in " ".join(table(comparison).split())
    assert "hidden layer 1 had no angle in 1 of 3 runs" in render(comparison, {}, origin("nofb"))


def test_a_run_that_was_stopped_is_not_said_to_have_lost_its_signal():
    """The line on stopped runs says what happened."""
    assert without_signal(made_up(["fa"], seeds=1, stopped=[("fa", 0)])) == []


def test_a_signal_that_is_lost_in_training_is_reported():
    """Feedback of zeros sends a signal of zeros, which has no direction."""

    class Silent(nofb.rules.FeedbackAlignment):
        name = "silent"

        def after_step(self, net):
            for layer in net.weighted[1:]:
                layer.B[:] = 0

    x, y = np.random.default_rng(0).normal(size=(60, 4)), np.arange(60) % 3
    data = Dataset(x, y, x[:30], y[:30], name="mine")

    def make(seed):
        return Network([Dense(4, 5, "tanh"), Dense(5, 3)], seed=seed)

    found = nofb.compare([Silent(), "shallow"], make, data, [0, 1], epochs=1, progress=False)
    lost, shallow = without_signal(found)
    assert lost.startswith("silent: at the end hidden layer 1 had no angle in 2 of 2 runs")
    assert shallow.startswith("shallow: no signal is sent")
