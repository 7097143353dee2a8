"""The memory of networks with branches: the formula of docs/speed.md, and the measured bytes."""

import sys
import tracemalloc
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks import memory
from nofb import (
    SGD,
    Activation,
    Attention,
    BatchNorm,
    ClassToken,
    Conv2D,
    Dense,
    Dropout,
    FirstToken,
    Flatten,
    LayerNorm,
    MaxPool2D,
    Network,
    Patches,
    Positions,
    Residual,
    Trace,
    rules,
)
from nofb.training.step import step


def branching(name):
    """Return a network with layers without weights that keep arrays, too."""
    if name == "residual":
        branch = [Conv2D(8, 8, 3, padding=1), BatchNorm(8), Activation("relu"), Dropout(0.2)]
        layers = [Conv2D(3, 8, 3, padding=1), Residual(branch, BatchNorm(8)), MaxPool2D(2)]
        return Network([*layers, Flatten(), Dense(512, 10)], input_shape=(3, 16, 16))
    feed = [Dense(24, 48, "gelu"), Dense(48, 24)]
    block = [Residual([LayerNorm(24), Attention(24, 4)]), Residual(feed)]
    layers = [Patches(4, 24, 3), ClassToken(24), Positions(17, 24), *block]
    return Network([*layers, LayerNorm(24), FirstToken(), Dense(24, 10)], input_shape=(3, 16, 16))


@pytest.mark.parametrize("averages", [0, 1])
@pytest.mark.parametrize("name", ["residual", "transformer"])
def test_a_network_with_branches_keeps_as_many_bytes_as_the_formula_states(name, averages):
    """Masks, attention weights and moments of rows are kept as well, not only the units."""
    optimizer, samples = SGD(momentum=0.9 * averages), 64
    step_on(branching(name), samples, deepcopy(optimizer))  # compiled kernels do not count
    tracemalloc.start()
    try:
        net = branching(name)
        take = step_on(net, samples, optimizer)
        kept = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert take is not None
    own = memory.size(array for layer in net.nodes for array in layer.parameters().values())
    batch = samples * (16 * 16 * 3 + 10)  # x and the target rows
    formula = memory.formula(net, samples, averages) + 4 * (own + batch)
    assert kept == pytest.approx(formula, rel=0.03)


def step_on(net, samples, optimizer):
    """Return a function that takes one step by feedback alignment, after a first one."""
    rule, trace = rules.make("fa"), Trace(net, samples)
    rule.attach(net)
    x = net.as_input(np.random.default_rng(0).normal(size=(samples, *net.input_shape)))
    target = net.as_target(np.arange(samples) % 10, samples)
    take = lambda: step(net, rule, optimizer, trace.fill(x, train=True).set_target(target))  # noqa: E731
    take()
    return take


def test_the_network_of_noklands_second_table_fits_a_small_machine():
    """Three convolutions of 96, 128 and 256 maps on 32 x 32 pixels, 64 samples: below 1 GB."""
    net = memory.table2()
    shapes = [layer.shape_out for layer in net.weighted[:3]]
    assert shapes == [(32, 32, 96), (15, 15, 128), (7, 7, 256)]
    rules.make("fa").attach(net)
    own = 4 * memory.size(array for layer in net.weighted for array in layer.parameters().values())
    assert own < memory.formula(net, 64) < 0.5e9
