"""Two gradients: a network is as robust as under the stronger of the two attacks."""

import numpy as np
from tiny_images import tiny

import nofb
from nofb.papers.two_gradients import attacks
from nofb.rules import make
from nofb.training.adversarial import WAYS


def record(rule="fa", seed=0, gradient=0.2, feedback=0.8):
    lists = {"gradient": [gradient] * 8, "feedback": [feedback] * 8}
    return {"task": {"rule": rule, "seed": seed, "epochs": 1}, "result": {"stopped": None, **lists}}


def trained(name):
    """Return a network that has learned the tiny images by a rule, the rule, and the data."""
    data, rule = tiny("mnist").flat(), make(name)
    net = nofb.Network([nofb.Dense(784, 30, "tanh"), nofb.Dense(30, 10)], seed=0)
    nofb.fit(net, rule, data, 20, 16, nofb.Adam(lr=0.003), probe=0, progress=False)
    return net, rule, data


def test_backprops_own_feedback_is_the_true_gradient():
    """Both attacks must then be the same, number for number."""
    net, rule, data = trained("bp")
    one, other = (attacks.accuracies(net, rule, data.x_test, data.y_test, way) for way in WAYS)
    assert one == other and one[0] == net.accuracy(data.x_test, data.y_test)
    assert one[-1] < one[0]


def test_fixed_feedback_hides_the_true_gradient():
    """The attack along the network's own feedback is weaker: this is no robustness."""
    net, rule, data = trained("fa")
    ways = {
        way: np.array(attacks.accuracies(net, rule, data.x_test, data.y_test, way)) for way in WAYS
    }
    assert ways["gradient"][0] == ways["feedback"][0] > 0.5
    assert ways["gradient"].sum() < ways["feedback"].sum()


def test_a_cell_has_both_accuracies_as_means_over_seeds():
    """The true gradient first: it is the one that counts."""
    runs = [record(seed=0, gradient=0.2), record(seed=1, gradient=0.4)]
    ((_, (names, row)),) = attacks.tables(runs).items()
    assert names[2:] == ["ε = 0", "ε = 0.04", "ε = 0.1"]
    assert row == ["fa", "2"] + ["30.0 / 80.0"] * 3
    assert len(attacks.lines(runs)) == 1 + 2 * 2 * 8


def test_the_figure_has_a_panel_for_each_gradient_with_the_same_axes():
    """Curves that rise from one panel to the other are masked gradients."""
    figure = attacks.figure([record("bp", feedback=0.2), record("fa")])
    for axes, value in zip(figure.axes[:2], (0.2, 0.8), strict=True):
        curve = next(line for line in axes.lines if line.get_label() == "fa")
        np.testing.assert_allclose(curve.get_ydata(), value)
        assert axes.get_ylim() == (0, 1.02)
