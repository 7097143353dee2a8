"""One update of a small network, traced line by line while it runs.

Only the functions in the files of a rule or a method are traced. Their kernels run as plain Python
functions. All other code stays compiled, and no module is changed.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from types import FrameType
from typing import Any, cast

import numpy as np

from nofb import seeds
from nofb.explain.subjects import Subject, as_class, modules_of
from nofb.explain.values import Value, changed, is_array, named
from nofb.kernels.calls import PlainKernel, called_as, kernels_in
from nofb.layers import Dense
from nofb.network import Network
from nofb.optimizers import SGD
from nofb.rules import Rule
from nofb.trace import Trace
from nofb.training.step import step
from nofb.types import Array

Watcher = Callable[[FrameType, str, Any], Any]
Watch = Callable[
    [Network | None], AbstractContextManager[None]
]  # its argument is the network of the layers

SMALL = (2, 3, 2)
DEEP = (2, 3, 5, 2)  # has a path between two hidden layers
SAMPLES = 4  # no layer has 4 units, so a shape shows which axis is the samples
RATE = 0.1
SETTING = f"tanh units, its loss the cross-entropy; {SAMPLES} samples; SGD with η = {RATE}"


@dataclass(frozen=True)
class Ran:
    """The values of one update."""

    start: tuple[Value, ...]  # the batch, and the arrays of the layers
    forward: tuple[Value, ...]  # the outputs of the layers
    end: tuple[Value, ...]  # the updates, and those arrays that have changed
    trace: Trace


@dataclass(frozen=True)
class Example:
    """A small network with a rule attached, a batch for it, and its trace."""

    net: Network
    rule: Rule
    x: Array
    target: Array
    trace: Trace

    def arrays(self) -> tuple[Value, ...]:
        """Return the batch, and the arrays of the layers: weights, feedback, the rule's own."""
        return named({"x": self.x, "y": self.target, **layer_arrays(self.net)}, self.net)

    def forward(self) -> tuple[Value, ...]:
        """Send the batch through the network; return the outputs of the layers, and the error."""
        self.trace.fill(self.x, train=True).set_target(self.target)
        records = [self.trace[layer] for layer in self.net.weighted]
        arrays = {f"{name}_{number}": getattr(record, name)
                  for number, record in enumerate(records, 1) for name in ("a", "h")}  # fmt: skip
        return named(arrays | {"e": self.trace.error}, self.net)

    def update(self) -> tuple[Value, ...]:
        """Take a step on the batch as in `nofb.fit`, and return the updates of the layers."""
        if self.rule.feedback_passes(0):
            self.rule.learn_feedback(self.net, self.trace)
        updates = step(self.net, self.rule, SGD(lr=RATE), self.trace)
        return named({f"{name}_{number}": array for number, update in enumerate(updates, 1)
                      for name, array in vars(update).items()}, self.net)  # fmt: skip


def layer_arrays(net: Network) -> dict[str, Array]:
    """Return the arrays of the layers by name, each once: weights, feedback, the rule's own."""
    found: dict[int, tuple[str, Array]] = {}
    for number, layer in enumerate(net.weighted, 1):
        inverse = {"c": layer.inverse.b} if layer.inverse else {}
        for part in (vars(layer), inverse, getattr(layer.rule_state, "__dict__", {})):
            arrays = {name: value for name, value in part.items() if is_array(value)}
            for name, value in arrays.items():
                found.setdefault(id(value), (f"{name}_{number}", value))
    return dict(found.values())


def example(rule: str | type[Rule] | Rule, units: tuple[int, ...], seed: int = 0) -> Example:
    """Return a network of tanh units with the rule attached, or a copy of it, and four samples."""
    *hidden, last = pairwise(units)
    layers = [Dense(n_in, n_out, activation="tanh") for n_in, n_out in hidden]
    net = Network([*layers, Dense(*last)], seed=seed, dtype=np.float64)
    attached = copy.copy(rule) if isinstance(rule, Rule) else cast(type[Rule], as_class(rule))()
    attached.attach(net, seed)
    x = seeds.generator(seed, "order").normal(size=(SAMPLES, units[0])).round(1)  # easy to type
    target = net.as_target(np.arange(SAMPLES) % units[-1], SAMPLES)
    return Example(net, attached, x, target, Trace(net, SAMPLES))


@dataclass(frozen=True)
class RuleSetting:
    """A small network for a rule, given by its numbers of units."""

    units: tuple[int, ...]
    forward = "The forward pass"  # the title of the part before the rule's lines

    @property
    def says(self) -> str:
        """A description, in a sentence."""
        return f"A {'-'.join(map(str, self.units))} network of {SETTING}."

    def run(self, rule: str | type[Rule] | Rule, seed: int, watch: Watch) -> Ran:
        """Take one update; the code of the rule is traced."""
        small = example(rule, self.units, seed)
        before, forward = small.arrays(), small.forward()
        with watch(small.net):
            updates = small.update()
        return Ran(before, forward, (*updates, *changed(before, small.arrays())), small.trace)


@contextmanager
def watching(watcher: Watcher, kind: Subject) -> Iterator[None]:
    """Within this context, the watcher traces the code in the files of a rule or a method."""
    modules = modules_of(kind)

    def tell(frame: FrameType, event: str, argument: Any) -> Any:
        named = not frame.f_code.co_name.startswith(("<", "__"))
        written = named and frame.f_globals.get("__name__") in modules
        return watcher(frame, event, argument) if written else None

    kernels = [each for each in kernels_in(modules) if each.__module__ in modules]
    before = sys.gettrace()
    with called_as(PlainKernel, kernels):
        try:
            sys.settrace(tell)
            yield
        finally:
            sys.settrace(before)
