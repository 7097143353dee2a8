"""The fixed batch of a probe, on which a rule is compared with backprop after each epoch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

from nofb.diagnosis.measures import DEFAULT, Measure
from nofb.diagnosis.view import View
from nofb.network import Network
from nofb.rules import Rule
from nofb.rules.targets import TargetRule
from nofb.trace import Trace
from nofb.types import Array

AT_ONCE = 750_000  # activations; a larger batch is measured in pieces, to use less memory
FEWEST = 16  # samples in a piece: fewer would make the matrix products slow


class ProbeBatch:
    """A fixed batch, and the measures on it.

    Parameters
    ----------
    net
        The network.
    x, target
        Samples as `Network.as_input` returns them, and target rows (N, n_outputs).
    measures
        As for `Probe`.

    Examples
    --------
    >>> import numpy as np
    >>> from nofb import Dense, rules
    >>> net = Network([Dense(4, 3, activation="tanh"), Dense(3, 2)])
    >>> rule = rules.make("fa")
    >>> rule.attach(net)
    >>> x = net.as_input(np.eye(4))
    >>> batch = ProbeBatch(net, x, net.as_target(np.array([0, 1, 1, 0]), 4))
    >>> measures = batch.measure(rule)
    >>> measures["delta_angle_end_to_end"].shape, bool(measures["step_angle"][1] < 1e-3)
    ((2,), True)
    """

    def __init__(
        self, net: Network, x: Array, target: Array, measures: Sequence[Measure] = DEFAULT
    ) -> None:
        self.net, self.x, self.target, self.measures = net, x, target, tuple(measures)
        self._trace: Trace | None = None

    def measure(self, rule: Rule) -> dict[str, Array]:
        """Return each measure as an array with one entry for each layer with weights.

        No weight, feedback or state changes. The value of a layer is NaN if it has no such measure
        (no feedback matrix, no signal).
        """
        measures = [each for each in self.measures if each.applies_to(rule)]
        sharing = {each.total: each for each in measures}  # one for each total
        totals: dict[tuple[str, ...], Any] = dict.fromkeys(sharing)
        for view in self._views(rule):
            totals = {name: sharing[name].add(total, view) for name, total in totals.items()}
        finished = {name: sharing[name].finish(total) for name, total in totals.items()}
        return {each.name: each.result(finished[each.total]) for each in measures}

    def _views(self, rule: Rule) -> Iterator[View]:
        """Yield the whole batch, or its pieces; targets are measured on the whole batch."""
        units = sum(prod(layer.shape_out) for layer in self.net.nodes)
        size = len(self.x)
        if not isinstance(rule, TargetRule):
            size = min(size, max(FEWEST, AT_ONCE // units))
        if self._trace is None or self._trace.samples != size:
            self._trace = Trace(self.net, size)
        for start in range(0, len(self.x), size):
            x, target = self.x[start : start + size], self.target[start : start + size]
            trace = self._trace.rows(len(x)).fill(x).set_target(target)
            yield View(rule, trace, len(x) / len(self.x))
