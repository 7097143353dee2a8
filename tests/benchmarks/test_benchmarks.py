"""The benchmarks: all contenders compute the same step, and the ratios are the right way round."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks import measure, report
from benchmarks.cases import CASES, RULES, Case
from benchmarks.contenders import available, bare, ours, plain_numpy

SMALL = Case("small", (12, 9, 7, 10), 5)
CONV = Case("LeNet-like", (), 2)


def timed(seconds: float) -> measure.Timed:
    return {"seconds": seconds, "spread": 0.01}


@pytest.mark.parametrize("case", [SMALL, CONV], ids=["dense", "convolutional"])
def test_every_installed_contender_takes_a_step_with_every_rule(case):
    """A contender that fails would be missing from the table without an explanation."""
    for contender in available():
        for rule in RULES:
            step = contender.make(case, rule)
            if step is not None:
                with contender.threads(1):
                    step()


def test_the_textbook_contender_computes_what_nofb_computes():
    """A comparison of speed with another computation would mean nothing."""
    net = ours.network(SMALL)
    x, labels = SMALL.samples()
    W, b = [layer.W for layer in net.weighted], [layer.b for layer in net.weighted]
    h = plain_numpy.forward(x, W, b)
    trace = net.forward(x).set_target(net.as_target(labels, len(x)))
    np.testing.assert_allclose(h[-1], trace.output, rtol=1e-5)
    e = trace.error / np.float32(len(x))
    found = [g.T @ d for g, d in zip(h, plain_numpy.signals("bp", h, e, W, W, W), strict=False)]
    rule = ours.rules.make("bp")
    rule.attach(net)
    for dW, update in zip(found, rule.updates(net, x, labels), strict=True):
        np.testing.assert_allclose(dW, update.dW, rtol=1e-4, atol=1e-7)


def test_the_bare_products_are_those_of_backprop():
    """Three products for each layer, but two for the first, which sends nothing back."""
    shapes = [(left.shape, right.shape) for left, right, _ in bare.products(SMALL)]
    assert len(shapes) == 3 * 3 - 1
    assert shapes[0] == ((5, 12), (12, 9))
    assert shapes[3] == ((5, 10), (10, 7))
    assert shapes[-3] == ((12, 5), (5, 9))
    for left, right, out in bare.products(CONV):
        assert (left @ right).shape == out.shape


def test_a_ratio_above_one_is_the_time_of_another_over_ours_with_the_same_rule():
    """If the ratio were inverted, the table would call the slower library the faster one."""
    players = {
        "nofb bp": timed(0.002), "nofb fa": timed(0.002), "nofb dfa": timed(0.001),
        "bare products bp": timed(0.0016), "bare products, cut bp": timed(0.0018),
        "PyTorch bp": timed(0.006), "PyTorch fa": timed(0.008), "PyTorch dfa": timed(0.005),
        "NumPy bp": timed(0.003),
    }  # fmt: skip
    heading, _, row = report.step_table({"a net": players})
    cells = dict(zip(heading.split(" | "), row.split(" | "), strict=True))
    assert cells["bp ms"] == "2" and cells["dfa ÷ bp"] == "0.50"
    assert cells["bp ÷ bare"] == "1.25", "the faster of the two limits"
    assert cells["PyTorch ÷ nofb"] == "3.00 4.00 5.00"
    assert cells["NumPy ÷ nofb"] == "1.50 - -"


def test_contenders_take_turns_and_are_timed():
    """Every contender must be measured, for any number of rounds."""
    contender = ours.CONTENDERS[0]
    players = measure.players(SMALL, [contender])
    assert set(players) == {"nofb bp", "nofb fa", "nofb dfa"}
    assert len({case.label for case in CASES}) == len(CASES)
    summary = measure.summary([1.0, 2.0, 3.0, 4.0, 100.0])
    assert summary["seconds"] == 3.0
    assert summary["spread"] == pytest.approx(2 / 3)
