"""What can be seen of targets and inverses, layer by layer, on a fixed batch.

How well an inverse learned its lesson, whether iterating it can help, how far a target is missed by
the layer that has the target below, and how much of a target's change the output would not notice.
"""

from __future__ import annotations

import warnings
from weakref import WeakSet

import numpy as np

from nofb.contraction import lipschitz
from nofb.jacobians import null_space_shares, output_jacobians
from nofb.layers import WeightedLayer
from nofb.network import Network
from nofb.rules import IteratedInverses, Rule
from nofb.rules.targets import TargetRule, inverse_of
from nofb.trace import Trace
from nofb.types import Array

TARGET_MEASURES = {
    "reconstruction_loss": "the loss that the inverse learns from",
    "lipschitz": "of inverse ∘ layer - identity: iterating it helps where this is below 1",
    "inverse_residual": "how far the target below misses the one above / how far that one is",
    "null_space_share": "the share of the target's change that the output does not notice",
}

_warned: WeakSet[Rule] = WeakSet()


class ContractionWarning(RuntimeWarning):
    """An inverse is so wrong that iterating it may lead away from the target."""


def measure_targets(net: Network, rule: TargetRule, trace: Trace) -> dict[str, Array]:
    """Return each of `TARGET_MEASURES` with one entry for each layer with weights, or NaN.

    Parameters
    ----------
    net, rule
        A network, and the rule that is attached to it. Nothing that they learn changes.
    trace
        Of a batch that knows its target.

    Warns
    -----
    ContractionWarning
        Once for each rule that iterates, if the Lipschitz constant of an inverse that has learned
        is 1 or more.

    Examples
    --------
    >>> from nofb import Dense, Network, rules
    >>> net = Network([Dense(4, 3, "tanh"), Dense(3, 2)])
    >>> rule = rules.make("tp")
    >>> rule.attach(net)
    >>> trace = net.forward(np.ones((5, 4))).set_target(np.eye(2, dtype=net.dtype)[[0, 1, 1, 0, 1]])
    >>> list(measure_targets(net, rule, trace)) == list(TARGET_MEASURES)
    True
    """
    found = {name: np.full(len(net.weighted), np.nan) for name in TARGET_MEASURES}
    index = {layer: number for number, layer in enumerate(net.weighted)}
    changes = {layer: t - rule.state(trace, layer) for layer, t in rule.targets(net, trace)}
    rng = np.random.default_rng(0)  # the same noise each time, and none of the rule's own
    for layer in rule.inverted(net):
        found["reconstruction_loss"][index[layer]] = rule.lesson(net, trace, layer, rng)
        found["lipschitz"][index[layer]] = contraction(net, rule, trace, layer)
    for layer, below in net.downward():
        found["inverse_residual"][index[layer]] = residual(rule, trace, layer, below, changes)
    for layer, J in output_jacobians(trace):
        change = changes[layer]
        if rule.activation_first:  # to first order, what a target for a changes in h
            change = trace.times_slope(layer, change.copy())
        shares = null_space_shares(J, change)
        shares = shares[~np.isnan(shares)]
        found["null_space_share"][index[layer]] = shares.mean() if shares.size else np.nan
    if isinstance(rule, IteratedInverses):
        warn_of_divergence(net, rule, found["lipschitz"])
    return found


def contraction(net: Network, rule: TargetRule, trace: Trace, layer: WeightedLayer) -> float:
    """Return the largest factor by which an iteration of a layer's inverse multiplies its error.

    That is the Lipschitz constant of g ∘ f - id; of f ∘ g - id where the layer has fewer units than
    the one below, since nothing can bring back what it does not tell. NaN for a direct inverse.
    """
    g = inverse_of(layer)
    if g.B is not layer.B:  # a direct inverse leads from the output, past several layers
        return float("nan")
    f = rule.upward(net, layer)
    if layer.n_out < layer.n_in:
        return float(lipschitz(g, f, rule.state(trace, layer)).max())
    return float(lipschitz(f, g, rule.state(trace, net.below(layer))).max())


def residual(
    rule: TargetRule,
    trace: Trace,
    layer: WeightedLayer,
    below: WeightedLayer,
    changes: dict[WeightedLayer, Array],
) -> float:
    """Return ‖f_l(t_{l-1}) - t_l‖ / ‖t_l - h_l‖, over the batch."""
    asked = np.linalg.norm(changes[layer])
    reached = rule.upward(trace.net, layer)(rule.state(trace, below) + changes[below])
    missed = np.linalg.norm(reached - rule.state(trace, layer) - changes[layer])
    return float(missed / asked) if asked > 0 else float("nan")


def warn_of_divergence(net: Network, rule: IteratedInverses, constants: Array) -> None:
    """Say once which inverse can not be relied on, after it has learned."""
    learned = any(optimizer.state for optimizer in rule.optimizers.values())
    if rule.iterations < 2 or not learned or rule in _warned:
        return
    wrong = [number for number, constant in enumerate(constants) if constant >= 1]
    if wrong:
        _warned.add(rule)
        worst = max(wrong, key=lambda number: constants[number])
        warnings.warn(
            f"{rule.name} iterates inverses that need not converge: the Lipschitz constant of the "
            f"inverse of layer {worst + 1} less the identity is {constants[worst]:.2f}, at least 1 "
            f"in {', '.join(f'layer {number + 1}' for number in wrong)}; more inverse_steps, a "
            "smaller damping or layer_norm may help",
            ContractionWarning,
            stacklevel=2,
        )
