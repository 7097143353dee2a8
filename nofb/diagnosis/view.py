"""The quantities that measures compare; each is computed when it is first used.

Two angles of a signal are easily confused, so both quantities have names: `true_delta` is
backprop's δ_l, and `local_delta` is the rule's own δ_{l+1} sent back through W_{l+1}ᵀ, that is,
given the same signal from above. With one hidden layer they agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from functools import cached_property

import numpy as np

from nofb.diagnosis.paths import PerLayer, feedback_path, transport_path
from nofb.network import Network, network_of
from nofb.rules import Rule
from nofb.rules.backprop import Backprop
from nofb.rules.gauss_newton_targets import GaussNewtonTargets
from nofb.rules.targets import TargetRule
from nofb.trace import Trace
from nofb.types import Array


class View:
    """A network, its rule and one batch.

    Parameters
    ----------
    rule
        The rule that is attached to the network.
    trace
        The trace of the batch, with its target.
    fraction
        The fraction of all samples that is in this batch.

    Examples
    --------
    >>> from nofb import Dense, Network, rules
    >>> net, rule = Network([Dense(4, 3, "tanh"), Dense(3, 2)]), rules.make("fa")
    >>> rule.attach(net)
    >>> trace = net.forward(np.eye(4)).set_target(np.eye(2, dtype=net.dtype)[[0, 1, 1, 0]])
    >>> view = View(rule, trace)
    >>> [view.delta[layer].shape for layer in net.weighted]
    [(4, 3), (4, 2)]
    """

    def __init__(self, rule: Rule, trace: Trace, fraction: float = 1.0) -> None:
        self.rule, self.trace, self.net, self.fraction = rule, trace, network_of(trace), fraction

    def pairs(self, left_name: str, right_name: str) -> list[tuple[Array, ...]]:
        """Return two quantities of each layer, and () where one of them is missing."""
        left, right = getattr(self, left_name), getattr(self, right_name)
        return [
            (left[layer], right[layer]) if layer in left and layer in right else ()
            for layer in self.net.weighted
        ]

    @property
    def delta(self) -> PerLayer:
        """The rule's teaching signals δ_l (N, ...), of the layers that get one."""
        return self._taught[0]

    @property
    def step(self) -> PerLayer:
        """The weight updates dW_l of `Rule.teach`, times the fraction of this batch."""
        return self._taught[1]

    @property
    def true_delta(self) -> PerLayer:
        """Backprop's teaching signals."""
        return self._backprop[0]

    @property
    def true_step(self) -> PerLayer:
        """The gradient, times the fraction of this batch."""
        return self._backprop[1]

    @cached_property
    def newton_step(self) -> PerLayer:
        """The weight steps of damped Gauss-Newton targets."""
        return self._teach(GaussNewtonTargets())[1]

    @cached_property
    def local_delta(self) -> PerLayer:
        """The rule's own δ_{l+1} sent back through W_{l+1}ᵀ."""
        trace, local = self.trace, {}
        given = self.delta  # computed before the loop: signals of a rule change the trace
        for layer in trace.downward():
            if trace.reached(layer):
                local[layer] = trace.delta(layer).reshape(trace[layer].h.shape)
            if layer.sends and layer in given:
                trace.arrive(layer, given[layer].reshape(-1, layer.n_out) @ layer.W.T)
        return local

    @cached_property
    def target_changes(self) -> PerLayer:
        """The change of every layer in a rule that sends targets: t_l - h_l."""
        rule, trace = self.target_rule, self.trace
        return {layer: t - rule.state(trace, layer) for layer, t in rule.targets(self.net, trace)}

    @property
    def target_rule(self) -> TargetRule:
        """The rule, if it sends targets."""
        if not isinstance(self.rule, TargetRule):
            raise TypeError(f"{self.rule!r} sends no targets, so there is nothing to measure")
        return self.rule

    @cached_property
    def feedback(self) -> PerLayer:
        """The feedback matrices, B or D."""
        return feedback_path(self.net)

    @cached_property
    def transport(self) -> PerLayer:
        """The matrices that backprop has instead of them."""
        return transport_path(self.net)

    @cached_property
    def _taught(self) -> tuple[PerLayer, PerLayer]:
        with undisturbed(self.rule, self.net):
            return self._teach(self.rule)

    @cached_property
    def _backprop(self) -> tuple[PerLayer, PerLayer]:
        return self._teach(Backprop())

    def _teach(self, rule: Rule) -> tuple[PerLayer, PerLayer]:
        """Return copies of the signals and steps of a rule."""
        updates = rule.teach(self.net, self.trace)
        deltas = {layer: delta.copy() for layer, delta in self.trace.deltas.items()}
        steps = {
            layer: update.dW * self.net.dtype(self.fraction)
            for layer, update in zip(self.net.weighted, updates, strict=True)
            if rule.learns(self.net, layer)
        }
        return deltas, steps


@contextmanager
def undisturbed(rule: Rule, net: Network) -> Iterator[None]:
    """Let a rule use copies of its generators within this context, so that the run is unchanged."""
    holders = [rule, *(layer.rule_state for layer in net.weighted)]
    own = [
        (attributes, name, value)
        for attributes in (getattr(holder, "__dict__", {}) for holder in holders)
        for name, value in attributes.items()
        if isinstance(value, np.random.Generator)
    ]
    copies: dict[int, object] = {}  # several layers may have the same generator
    for attributes, name, value in own:
        attributes[name] = deepcopy(value, copies)
    try:
        yield
    finally:
        for attributes, name, value in own:
            attributes[name] = value
