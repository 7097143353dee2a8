"""A warning names the line of the user's own code, and none inside nofb."""

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


def heard(category, run):
    """Call a function of two lines; check that the one warning points to the second of them."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        run()
    (warning,) = [each for each in seen if each.category is category]
    lines, first = inspect.getsourcelines(run)
    assert (warning.filename, warning.lineno) == (__file__, first + len(lines) - 1)


def network():
    return Network([Dense(64, 12, "tanh"), Dense(12, 8, "tanh"), Dense(8, 10)])


def test_a_run_that_diverges_is_warned_of_at_the_line_with_fit():
    """In a notebook with many runs the line says which one it was."""

    def run():
        nofb.fit(network(), rules.make("bp"), PART, optimizer=SGD(1e9), progress=False)

    heard(DivergenceWarning, run)


def test_a_checkpoint_that_cannot_be_written_is_warned_of_at_the_line_with_fit(
    tmp_path, monkeypatch
):
    """The path that is full or read-only stands there."""

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archive, "write", full)

    def run():
        nofb.fit(network(), rules.make("bp"), PART, 1, checkpoint=tmp_path / "a", progress=False)

    heard(CheckpointWarning, run)


def taught():
    """Return a rule whose second inverse is far too large, and has learned."""
    net = network()
    rule = rules.make("itp", iterations=3)
    rule.attach(net, 0)
    trace = net.forward(PART.x_train)
    trace.set_target(net.as_target(PART.y_train, len(PART.x_train)))
    rule.learn_feedback(net, trace)
    net.weighted[2].inverse.B *= -200
    return net, rule, trace


def test_inverses_that_need_not_converge_are_warned_of_at_the_line_that_measures():
    """A line of nofb's, which is called from many places, would say nothing."""
    _, rule, trace = taught()

    def run():
        lipschitz_constants(View(rule, trace))

    heard(ContractionWarning, run)


def test_inverses_that_need_not_converge_are_warned_of_at_the_line_with_fit():
    """Between that line and the measure are six others."""
    net, rule, _ = taught()

    def run():
        probe = nofb.Probe(measures=TARGETS)
        nofb.fit(net, rule, PART, 1, probe=probe, optimizer=SGD(1e-6), progress=False)

    heard(ContractionWarning, run)


@pytest.mark.parametrize("depth", [1, 3])
def test_the_line_is_the_innermost_one_that_is_not_of_nofb(depth):
    """A helper of the user's that calls fit is nearer to the cause than the cell that calls it."""

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
