"""A warning names the line of the user's own code, and no line of nofb."""

import inspect
import warnings

import numpy as np
import pytest

import nofb
from nofb import SGD, Dense, Network, archive, rules
from nofb.datasets import Dataset
from nofb.diagnosis import TARGETS, ContractionWarning, View
from nofb.diagnosis.targets import lipschitz_constants
from nofb.training import DivergenceWarning
from nofb.training.checkpoint_file import CheckpointWarning

DIGITS = nofb.datasets.load("digits")
PART = Dataset(DIGITS.x_train[:40], DIGITS.y_train[:40], DIGITS.x_test[:10], DIGITS.y_test[:10])


def check_warning_line(category, run):
    """Call a function of two lines; check that its one warning points to the second line."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        run()
    (warning,) = [each for each in seen if each.category is category]
    lines, first = inspect.getsourcelines(run)
    assert (warning.filename, warning.lineno) == (__file__, first + len(lines) - 1)


def network():
    return Network([Dense(64, 12, "tanh"), Dense(12, 8, "tanh"), Dense(8, 10)])


def test_the_warning_of_a_diverged_run_points_to_the_line_with_fit():
    """In a notebook with many runs the line shows which one it was."""

    def run():
        nofb.fit(network(), rules.make("bp"), PART, optimizer=SGD(1e9), progress=False)

    check_warning_line(DivergenceWarning, run)


def test_the_warning_of_a_failed_checkpoint_points_to_the_line_with_fit(tmp_path, monkeypatch):
    """This line has the path of the full or read-only disk."""

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archive, "write", full)

    def run():
        nofb.fit(network(), rules.make("bp"), PART, 1, checkpoint=tmp_path / "a", progress=False)

    check_warning_line(CheckpointWarning, run)


def taught():
    """Return a trained rule whose second inverse is far too large."""
    net = network()
    rule = rules.make("itp", iterations=3)
    rule.attach(net, 0)
    trace = net.forward(PART.x_train)
    trace.set_target(net.as_target(PART.y_train, len(PART.x_train)))
    rule.learn_feedback(net, trace)
    net.weighted[2].inverse.B *= -200
    return net, rule, trace


def test_the_warning_about_inverses_points_to_the_line_that_measures():
    """A line of nofb, which has many callers, would not help."""
    _, rule, trace = taught()

    def run():
        lipschitz_constants(View(rule, trace))

    check_warning_line(ContractionWarning, run)


def test_the_warning_about_inverses_points_to_the_line_with_fit():
    """Six other calls are between this line and the measure."""
    net, rule, _ = taught()

    def run():
        probe = nofb.Probe(measures=TARGETS)
        nofb.fit(net, rule, PART, 1, probe=probe, optimizer=SGD(1e-6), progress=False)

    check_warning_line(ContractionWarning, run)


@pytest.mark.parametrize("depth", [1, 3])
def test_the_line_is_the_innermost_one_that_is_not_of_nofb(depth):
    """A user's helper that calls fit is nearer to the cause than the cell that calls the helper."""

    def step(left):
        if left:
            step(left - 1)
            return
        nofb.fit(network(), rules.make("bp"), PART, 1, optimizer=SGD(1e9), progress=False)

    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        step(depth)
    (warning,) = [each for each in seen if each.category is DivergenceWarning]
    lines, first = inspect.getsourcelines(step)
    assert warning.lineno == first + len(lines) - 1
    assert np.size(lines) == 5
