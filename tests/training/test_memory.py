"""The memory of a run: what it keeps, and that a step allocates no more."""

import tracemalloc
from copy import deepcopy
from itertools import pairwise

import numpy as np
import pytest
from oracles import DENSE_ONLY

from nofb import SGD, Adam, Dense, Network, Trace, rules
from nofb.training.step import step

STEPS = 1000
SMALL_CHANGE = 40_000  # bytes: iterators and views, for any size of the network
NEW_FEEDBACK = (
    "wm",
    "wm_released",
    "kp",
    "kp_released",
    "ia",
    "np_feedback",
    "usf",
    "brsf",
    "frsf",
    "ff",  # these add the updates of two passes
)


def prepared(name, sizes, samples, optimizer):
    """Return a function that takes one step, after a first one."""
    layers = [Dense(n, m, "tanh") for n, m in pairwise(sizes[:-1])]
    net = Network([*layers, Dense(*sizes[-2:])])
    rule, trace = rules.make(name), Trace(net, samples)
    rule.attach(net)
    x = net.as_input(np.random.default_rng(0).normal(size=(samples, sizes[0])))
    target = net.as_target(np.zeros(samples, int), samples)
    take = lambda: step(net, rule, optimizer, trace.fill(x, train=True).set_target(target))  # noqa: E731
    take()
    return take


@pytest.mark.parametrize("width", [20, 400])
@pytest.mark.parametrize("name", rules.RULES)
def test_a_step_keeps_nothing_and_allocates_no_more_than_the_formula(name, width):
    """Memory that is allocated at every step costs time at every step."""
    take = prepared(name, (30, width, width, 10), 16, SGD(momentum=0.9))
    tracemalloc.start()
    try:
        take()  # its signals are kept until the next step
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(STEPS if name in ("bp", "fa", "dfa") else 20):
            take()
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < SMALL_CHANGE
    if name != "gnt":  # the reference, which has a Jacobian for every sample
        assert peak - before < SMALL_CHANGE + borrowed(name, (30, width, width, 10), 16)


def borrowed(name, sizes, samples):
    """Return the bytes that a step allocates and frees again, by docs/speed.md.

    Equations are functions that return their results: with targets, the gradient of every inverse
    once; if feedback learns or is computed in each step, two arrays like the feedback. Both may
    allocate eight arrays like the activations of a batch; a rule that sends only errors may
    allocate the signals that arrive and two arrays of the widest layer.
    """
    activations = 8 * samples * sum(sizes)
    matrices = [n * m for n, m in pairwise(sizes)]
    if name in DENSE_ONLY:
        return 4 * (sum(matrices) + activations)
    if name in NEW_FEEDBACK:
        return 4 * (2 * sum(matrices[1:]) + activations)
    return 4 * samples * (sum(sizes) + 2 * max(sizes))


@pytest.mark.parametrize("name", DENSE_ONLY)
def test_a_step_of_inverses_keeps_nothing_and_allocates_no_more_than_the_formula(name):
    """Inverses take at least as many steps as the weights, so memory matters for them, too."""
    sizes = (30, 400, 400, 10)
    net = Network([Dense(n, m, "tanh") for n, m in pairwise(sizes[:-1])] + [Dense(400, 10)])
    rule, x = rules.make(name), np.random.default_rng(0).normal(size=(16, 30))
    rule.attach(net)
    trace = net.forward(x).set_target(net.as_target(np.zeros(16, int), 16))
    rule.learn_feedback(net, trace)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(20):
            rule.learn_feedback(net, trace)
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < SMALL_CHANGE
    assert peak - before < SMALL_CHANGE + borrowed(name, sizes, 16)


@pytest.mark.parametrize(
    ("optimizer", "averages"), [(SGD(), 0), (SGD(momentum=0.9), 1), (Adam(), 2)]
)
def test_a_run_keeps_weights_averages_feedback_and_one_batch_of_activations(optimizer, averages):
    """The formula of docs/speed.md: a teacher must know which network fits the laptops."""
    sizes, samples = (300, 200, 100, 10), 64
    prepared("fa", sizes, samples, deepcopy(optimizer))  # compiled kernels do not count
    tracemalloc.start()
    try:
        take = prepared("fa", sizes, samples, optimizer)
        kept = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert take is not None
    matrices = [n * m for n, m in pairwise(sizes)]
    parameters = sum(matrices) + sum(sizes[1:])
    batch = sizes[0] + sizes[-1]  # x and the target rows
    activations = 3 * sum(sizes[1:]) + sizes[-1]
    formula = 4 * (
        (2 + averages) * parameters + sum(matrices[1:]) + samples * (batch + activations)
    )
    assert kept == pytest.approx(formula, rel=0.03)
