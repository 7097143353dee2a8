"""A run in a cell is one line: what was trained, and how it ended."""

import re

import pytest

import nofb
from nofb import Conv2D, Dense, Dropout, Flatten, Network, StopTraining
from nofb.training import Run

DATA = nofb.datasets.load("digits").take(100, 40)


def stop(run):
    """Stop after the first epoch."""
    raise StopTraining


def train(net, data=DATA, rule="fa", **options):
    return nofb.fit(net, rule, data, **{"epochs": 2, "progress": False, "probe": 0, **options})


def test_a_run_shows_its_rule_its_units_its_epochs_and_its_last_accuracies():
    """The text of its arrays filled a screen."""
    net = Network([Dense(64, 8, "tanh"), Dropout(0.1), Dense(8, 10)])
    run = train(net, validation=0.2, rule=nofb.rules.make("dfa", entries=1))
    measured = [f"{name} accuracy {run.history[f'{name}_accuracy'][-1]:.3f}"
                for name in ("train", "test", "validation")]  # fmt: skip
    start = "Run(DirectFeedbackAlignment(entries=1), 64-8-10, 2 epochs, "
    assert repr(run) == str(run) == f"{start}{', '.join(measured)})"


def test_a_stopped_run_says_so():
    """Its last accuracy is not that of all epochs that were asked for."""
    run = train(Network([Dense(64, 10)]), callbacks=[stop])
    assert re.fullmatch(r"Run\(.*, 64-10, 1 epoch, .*, stopped early\)", repr(run))


def test_a_network_of_other_layers_shows_how_many_have_weights():
    """Channels and units in one chain of numbers would mean two things."""
    net = Network([Conv2D(1, 3, 3), Flatten(), Dense(108, 10)])
    assert ", 2 layers with weights, 2 epochs, " in repr(train(net, DATA.as_images()))


def test_regression_has_no_accuracy_and_a_new_run_no_measure():
    """NaN is no accuracy."""
    net = Network([Dense(30, 10)], loss="squared_error")
    run = train(net, nofb.datasets.load("linear_teacher").take(50, 20))
    assert repr(run) == "Run(FeedbackAlignment(), 30-10, 2 epochs)"
    assert repr(Run(net, run.rule, run.optimizer)) == "Run(FeedbackAlignment(), 30-10, 0 epochs)"


def test_an_error_that_quotes_a_run_can_be_read_to_its_end():
    """The cure stands after what was given."""
    run = train(Network([Dense(64, 8, "tanh"), Dense(8, 10)]))
    with pytest.raises(TypeError, match=r"but is Run\(FeedbackAlignment\(\), 64-8-10") as caught:
        nofb.datasets.register(run)
    assert len(str(caught.value)) < 160
