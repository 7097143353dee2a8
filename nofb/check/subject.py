"""The rule under test, and small networks and batches to test it on."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from itertools import pairwise

import numpy as np
from numba.core.registry import CPUDispatcher

from nofb.kernels import calls
from nofb.layers import Activation, Conv2D, Dense, Flatten, MaxPool2D, WeightedLayer
from nofb.network import Network
from nofb.optimizers import SGD
from nofb.rule import modules_of
from nofb.rules import Rule
from nofb.rules.backprop import Backprop
from nofb.trace import Trace
from nofb.training.step import step
from nofb.types import Array, FloatType
from nofb.updates import Update

SIZES = (5, 4, 6, 3)  # all different, so that no matrix has the shape of another
SAMPLES = 7
Steps = list[list[Array]]  # for each layer with weights dW, and db if it has a bias


class Subject:
    """A rule; every test gets its own copy.

    Parameters
    ----------
    rule
        The rule; it is not changed.

    Examples
    --------
    >>> from nofb.rules import make
    >>> net = dense()
    >>> [len(steps) for steps in Subject(make("fa")).taught(net)]
    [2, 2, 2]
    """

    def __init__(self, rule: Rule) -> None:
        self.rule = rule

    @property
    def kernels(self) -> list[CPUDispatcher]:
        """The compiled kernels that the rule's files name."""
        return calls.kernels_in(modules_of(type(self.rule)))

    @property
    def has_own_steps(self) -> bool:
        """Whether the rule returns steps of its own, and not h_belowᵀ δ / N alone."""
        return type(self.rule).teach is not Rule.teach

    def attached(self, net: Network, seed: int = 0) -> Rule:
        """Return a copy of the rule, attached to the network."""
        rule = deepcopy(self.rule)
        rule.attach(net, seed)
        return rule

    def taught(self, net: Network, samples: int = SAMPLES) -> Steps:
        """Return the updates of the rule, just attached, on a random batch."""
        return parts(self.attached(net).updates(net, *batch(net, samples)))


def dense(
    sizes: Sequence[int] = SIZES,
    activation: str = "tanh",
    bias: bool = True,
    dtype: FloatType = np.float64,
) -> Network:
    """Return a stack of dense layers with biases that are not zero."""
    *below, (n_in, n_out) = pairwise(sizes)
    layers = [Dense(n, m, activation, bias=bias) for n, m in below]
    net = Network([*layers, Dense(n_in, n_out, bias=bias)], "squared_error", seed=1, dtype=dtype)
    rng = np.random.default_rng(1)
    for layer in net.weighted:
        if layer.b is not None:
            layer.b[:] = rng.normal(0, 0.3, layer.b.shape)
    return net


def images() -> Network:
    """Return a small network with convolution and pooling."""
    layers = [
        Conv2D(2, 3, 3, padding=1),
        Activation("tanh"),
        MaxPool2D(2),
        Flatten(),
        Dense(12, 4, activation="tanh"),
        Dense(4, 3),
    ]
    return Network(layers, "squared_error", seed=1, dtype=np.float64, input_shape=(2, 4, 4))


def batch(net: Network, samples: int = SAMPLES) -> tuple[Array, Array]:
    """Return random samples that fit a network, and labels."""
    rng = np.random.default_rng(samples)
    shape = net.input_shape or net.weighted[0].shape_in
    return rng.normal(size=(samples, *shape)), rng.integers(net.n_outputs, size=samples)


def traced(net: Network, samples: int = SAMPLES) -> Trace:
    """Return the trace of a random batch, which knows its target."""
    x, y = batch(net, samples)
    return net.forward(x, train=True).set_target(net.as_target(y, len(x)))


def train_step(net: Network, rule: Rule, samples: int = SAMPLES, rate: float = 0.1) -> Steps:
    """Take one whole step with the rule on a random batch, and return its updates."""
    trace = traced(net, samples)
    for _ in range(rule.feedback_passes(0)):
        rule.learn_feedback(net, trace)
    return parts(step(net, rule, SGD(rate), trace))


OWN_STEPS = (
    "the rule overrides teach, so its steps need not be h_belowᵀ δ / N: if this one is meant, "
    'say why in excused = {"%s": "..."}'
)


def parts(updates: Sequence[Update]) -> Steps:
    """Return copies of dW, and of db where there is one."""
    return [[part.copy() for part in (u.dW, u.db) if part is not None] for u in updates]


def backprop(net: Network, trace: Trace) -> list[Array]:
    """Return the true gradient of each layer's weights."""
    return [update.dW.copy() for update in Backprop().teach(net, trace)]


def layer_name(net: Network, layer: WeightedLayer | int) -> str:
    """Return what a layer is called in a sentence: they are counted from the input side, from 1."""
    index = layer if isinstance(layer, int) else net.weighted.index(layer)
    return "the output layer" if index == len(net.weighted) - 1 else f"hidden layer {index + 1}"


def far(u: Array, v: Array) -> float:
    """Return ‖u - v‖ over the longer length; 0 if both are zero.

    Examples
    --------
    >>> far(np.array([1.0, 0.0]), np.array([0.0, 0.0]))
    1.0
    """
    length = max(np.linalg.norm(u), np.linalg.norm(v))
    return float(np.linalg.norm(u - v) / length) if length else 0.0
