"""Depth: the size of a signal, measured before training, is what theory says."""

import numpy as np
import pytest
from tiny_images import tiny

from nofb.papers.depth import STUDY, layers
from nofb.rules import make


@pytest.fixture
def started(tiny_images):
    """Return the signal's length at each hidden layer before training, for a form and a depth."""

    def lengths(form, depth):
        net = layers.network(layers.FORMS[form], tiny("mnist").centred().flat(), depth, seed=0)
        rule = make(layers.FORMS[form].rule)
        rule.attach(net, 0)
        return layers.lengths(net, rule, tiny("mnist").centred().flat())

    return lengths


def test_direct_feedback_is_as_strong_at_every_depth(started):
    """Each layer has its own D from the output, and from zero all slopes are one."""
    found = np.array(started("dfa from zero", 10))
    assert found.min() > 0.9 * found.max()


def test_a_signal_that_goes_back_from_layer_to_layer_changes_by_a_factor_at_each(started):
    """A uniform B of ±1/√n multiplies the length by 1/√3, and slopes of tanh are at most one."""
    found = np.array(started("fa", 10))
    steps = found[:-1] / found[1:]
    assert steps.max() < 1.05 / np.sqrt(3) and steps.min() > 0.5 / np.sqrt(3)


def test_backprop_from_zero_sends_nothing(started):
    """Wᵀ is zero: this is why the paper's backprop starts elsewhere."""
    assert not np.any(started("bp from zero", 3))


def test_the_length_is_that_of_the_error_behind_a_layer_that_turns_it(started):
    """With one layer and W a part of a rotation, the error keeps its length."""
    data = tiny("mnist").centred().flat()
    net = layers.network(layers.FORMS["bp from zero"], data, 1, seed=0)
    net.weighted[1].W[:10] = np.eye(10)  # h = 0, so that every slope is one
    rule = make("bp")
    rule.attach(net, 0)
    assert layers.lengths(net, rule, data) == [pytest.approx(1, abs=1e-3)]


def test_lengths_and_angles_are_those_before_and_after_training(tiny_images):
    """Measured twice at one time, they would show that training changes nothing."""
    task = {"form": "fa", "layers": 2, "lr": 0.003, "seed": 0, "epochs": 3}
    result, data = layers.train(task), layers.load()
    rule, net = make("fa"), layers.network(layers.FORMS["fa"], data, 2, seed=0)
    rule.attach(net, 0)
    assert result["length_before"] == layers.lengths(net, rule, data)
    assert result["length_after"] != result["length_before"]
    faster = layers.train({**task, "lr": 0.006})
    assert faster["angle_before"] == result["angle_before"] != result["angle_after"]
    assert faster["angle_after"] != result["angle_after"]


def record(form="bp", depth=30, seed=0, errors=(5.0,), lr=layers.RATES[0]):
    values = np.linspace(0.1, 1, depth).tolist()
    names = ("length_before", "length_after", "angle_before", "angle_after")
    result = {"stopped": None, "test_error": list(errors), **dict.fromkeys(names, values)}
    task = {"form": form, "layers": depth, "lr": lr, "seed": seed, "epochs": 1}
    return {"task": task, "result": result}


def test_a_run_that_diverged_is_in_no_mean_and_is_named():
    """Left out without a word, it would make the mean of the other seeds look better."""
    lost = record(depth=50, seed=1, errors=())
    lost["result"]["stopped"] = "bp was stopped in epoch 1"
    page = STUDY.page([record(depth=50, errors=(10.0,)), lost], "nofb reproduce depth")
    assert "| bp | - | - | - | - | - | - | - | 10.0 | - |" in page
    assert "Excluded: bp 50 0.0003, seed 1: bp was stopped in epoch 1" in page


def test_the_figure_shows_errors_lengths_and_angles():
    """Each form has a curve of errors over depth, and one at each layer of the network of 30."""
    runs = [
        record(form, depth, lr=lr)
        for form in layers.FORMS
        for depth in (1, 30)
        for lr in layers.RATES
    ]
    *errors, length, angle = layers.figure(runs).axes
    for axes in (*errors, length, angle):
        assert len(axes.lines) == len(layers.FORMS)
    assert [list(axes.lines[0].get_xdata()) for axes in errors] == [[1, 30], [1, 30]]
    assert len(layers.lines(runs)) == 1 + 2 * len(layers.FORMS) * 31


def test_only_training_samples_are_left_out(tiny_images, monkeypatch):
    """The test error is that of all test images."""
    monkeypatch.setattr(layers, "SAMPLES", 100)
    data = layers.load()
    assert len(data.x_train) == 100 and len(data.x_test) == len(tiny("mnist").x_test)
    assert data.x_train.min() < -0.9  # centred
