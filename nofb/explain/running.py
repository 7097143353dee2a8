"""One update of a small network, run in plain Python, so that every line of it can be watched.

Numba's kernels are put back to the Python functions they were made of for as long as it takes. A
process of its own with `NUMBA_DISABLE_JIT=1` would do the same, but could not know a rule that was
typed into a notebook.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from types import FrameType
from typing import Any

import numpy as np
from numba.core.dispatcher import Dispatcher

from nofb import seeds
from nofb.activations import Activation
from nofb.explain.headers import as_class
from nofb.layers import Dense
from nofb.losses import Loss
from nofb.network import Network
from nofb.optimizers import SGD
from nofb.rules import Rule
from nofb.trace import Trace
from nofb.training.step import step
from nofb.types import Array

Watcher = Callable[[FrameType, str, Any], Any]

SMALL = (2, 3, 2)
DEEP = (2, 3, 5, 2)  # with a way from one hidden layer to the other
SAMPLES = 4  # unlike the numbers of units, so that a shape tells which is which
RATE = 0.1


@dataclass(frozen=True)
class Example:
    """A small network with a rule attached, and a batch for it.

    Attributes
    ----------
    net, rule
        The network and the rule.
    x, target
        The samples (N, n_0) and target rows (N, n_L) of the batch.
    trace
        Where it leaves behind what happens.
    apart
        Whether the feedback path learns from the samples on its own before the weights do.
    """

    net: Network
    rule: Rule
    x: Array
    target: Array
    trace: Trace
    apart: bool

    def forward(self) -> None:
        """Send the batch through the network."""
        self.trace.fill(self.x, train=True).set_target(self.target)

    def update(self) -> None:
        """Do with the batch what `nofb.fit` does: let feedback learn apart, if it does; step."""
        if self.apart:
            self.rule.learn_feedback(self.net, self.trace)
        step(self.net, self.rule, SGD(lr=RATE), self.trace)


def example(rule: str | type[Rule] | Rule, units: tuple[int, ...], seed: int = 0) -> Example:
    """Return a network of tanh units with the rule attached, and a batch of four samples.

    Parameters
    ----------
    rule
        A short name, a class or a rule; of a rule, a copy is attached.
    units
        From the inputs to the outputs.
    seed
        Of the weights, the feedback and the batch.
    """
    *hidden, last = pairwise(units)
    layers = [Dense(n_in, n_out, activation="tanh") for n_in, n_out in hidden]
    net = Network([*layers, Dense(*last)], seed=seed, dtype=np.float64)
    attached = copy.copy(rule) if isinstance(rule, Rule) else as_class(rule)()
    attached.attach(net, seed)
    x = seeds.generator(seed, "order").normal(size=(SAMPLES, units[0])).round(1)  # easy to retype
    target = net.as_target(np.arange(SAMPLES) % units[-1], SAMPLES)
    apart = attached.feedback_passes(0) > 0
    return Example(net, attached, x, target, Trace(net, SAMPLES), apart)


@contextmanager
def plain_python(rule: str | type[Rule] | Rule) -> Iterator[None]:
    """Within this context, nofb's kernels and those of the rule's file are Python functions."""
    files = {each.__module__ for each in as_class(rule).__mro__}
    tables = [
        table
        for name, module in sys.modules.copy().items()
        if name.split(".")[0] == "nofb" or name in files
        for table in _tables(vars(module))
    ]
    compiled = [
        (table, name, value)
        for table in tables
        for name, value in table.items()
        if isinstance(value, Dispatcher | Activation | Loss)
    ]
    try:
        for table, name, value in compiled:
            table[name] = _python(value)
        yield
    finally:
        for table, name, value in compiled:
            table[name] = value


def _tables(names: dict[str, Any]) -> list[dict[Any, Any]]:
    """Return the names of a module, and the dictionaries among what they stand for."""
    own = [value for name, value in names.items() if not name.startswith("__")]
    return [names, *(value for value in own if isinstance(value, dict))]


def _python(value: Any) -> Any:
    """Return the function that a kernel was made of, also in an activation or a loss."""
    match value:
        case Dispatcher():
            return value.py_func
        case Activation():
            return replace(value, f=_python(value.f), times_slope=_python(value.times_slope))
        case Loss():
            return replace(value, unit=_python(value.unit), total=_python(value.total))
    return value


@contextmanager
def watching(watcher: Watcher) -> Iterator[None]:
    """Within this context, Python tells the watcher of every function that is called."""
    before = sys.gettrace()
    sys.settrace(watcher)
    try:
        yield
    finally:
        sys.settrace(before)
