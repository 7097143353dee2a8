"""What can be measured of targets and inverses, layer by layer, on a fixed batch.

How well an inverse reconstructs, whether iterating it can help, how far a target is missed by the
layer that has the target below, and how much of a target's change the output does not notice.
"""

from __future__ import annotations

from collections.abc import Mapping
from weakref import WeakSet

import numpy as np

from nofb import callers
from nofb.diagnosis.contraction import lipschitz
from nofb.diagnosis.view import View
from nofb.jacobians import null_space_shares, output_jacobians
from nofb.layers import WeightedLayer
from nofb.network import Network
from nofb.rules import IteratedInverses, Rule
from nofb.rules.base import state_of
from nofb.rules.targets import InverseTraining, TargetRule, inverse_of
from nofb.trace import Trace
from nofb.types import Array

_warned: WeakSet[Rule] = WeakSet()


class ContractionWarning(RuntimeWarning):
    """An inverse is so wrong that iterating it may lead away from the target."""


def reconstruction_losses(view: View) -> Array:
    """Return the loss that each inverse learns from, with noise that is the same every time."""
    rule, net = view.target_rule, view.net
    rng = np.random.default_rng(0)  # none of the rule's own
    layers, losses = rule.layers(net, view.trace), {}
    for layer in rule.inverted(net):
        losses[layer] = rule.inverse_update(layers[net.weighted.index(layer) :], rng).loss
    return in_order(net, losses)


def lipschitz_constants(view: View) -> Array:
    """Return the `contraction` of each inverse.

    Warns
    -----
    ContractionWarning
        Once for each rule that iterates, if the Lipschitz constant of an inverse that has learned
        is 1 or more.
    """
    rule, net = view.target_rule, view.net
    constants = {layer: contraction(net, rule, view.trace, layer) for layer in rule.inverted(net)}
    found = in_order(net, constants)
    if isinstance(rule, IteratedInverses):
        warn_of_divergence(net, rule, found)
    return found


def inverse_residuals(view: View) -> Array:
    """Return the `residual` of each layer but the first."""
    rule, net = view.target_rule, view.net
    changes = view.target_changes
    residuals = {
        layer: residual(rule, view.trace, layer, below, changes) for layer, below in net.downward()
    }
    return in_order(net, residuals)


def unnoticed_shares(view: View) -> Array:
    """Return the share of each target's change that lies in the null space of the output."""
    rule, net = view.target_rule, view.net
    changes, found = view.target_changes, {}
    for layer, J in output_jacobians(view.trace):
        change = changes[layer]
        if rule.activation_first:  # to first order, what a target for a changes in h
            change = view.trace.times_slope(layer, change.copy())
        shares = null_space_shares(J, change)
        shares = shares[~np.isnan(shares)]
        found[layer] = float(shares.mean()) if shares.size else np.nan
    return in_order(net, found)


def contraction(net: Network, rule: TargetRule, trace: Trace, layer: WeightedLayer) -> float:
    """Return the largest factor by which an iteration of a layer's inverse multiplies its error.

    That is the Lipschitz constant of g ∘ f - id; of f ∘ g - id where the layer has fewer units than
    the one below, since no inverse can bring back what the layer does not pass on. NaN for a direct
    inverse.
    """
    g = inverse_of(layer)
    if g.B is not layer.B:  # a direct inverse leads from the output, past several layers
        return float("nan")
    f = rule.map_of(net, layer)
    if layer.n_out < layer.n_in:
        return float(lipschitz(g, f, rule.state(trace, layer)).max())
    return float(lipschitz(f, g, rule.state(trace, net.below(layer))).max())


def residual(
    rule: TargetRule,
    trace: Trace,
    layer: WeightedLayer,
    below: WeightedLayer,
    changes: Mapping[WeightedLayer, Array],
) -> float:
    """Return ‖f_l(t_{l-1}) - t_l‖ / ‖t_l - h_l‖, over the batch."""
    asked = np.linalg.norm(changes[layer])
    reached = rule.map_of(trace.net, layer)(rule.state(trace, below) + changes[below])
    missed = np.linalg.norm(reached - rule.state(trace, layer) - changes[layer])
    return float(missed / asked) if asked > 0 else float("nan")


def warn_of_divergence(net: Network, rule: IteratedInverses, constants: Array) -> None:
    """Say once which inverse cannot be relied on, after it has learned."""
    training = [state_of(layer, InverseTraining) for layer in rule.inverted(net)]
    learned = any(each.optimizer.state for each in training)
    if rule.iterations < 2 or not learned or rule in _warned:
        return
    wrong = [number for number, constant in enumerate(constants) if constant >= 1]
    if wrong:
        _warned.add(rule)
        worst = max(wrong, key=lambda number: constants[number])
        callers.warn(
            f"{rule.name} iterates inverses that need not converge: the Lipschitz constant of the "
            f"inverse of layer {worst + 1} less the identity is {constants[worst]:.2f}, at least 1 "
            f"in {', '.join(f'layer {number + 1}' for number in wrong)}; more inverse_steps, a "
            "smaller damping or layer_norm may help",
            ContractionWarning,
        )


def in_order(net: Network, values: Mapping[WeightedLayer, float]) -> Array:
    """Return one value for each layer with weights, NaN where there is none."""
    return np.array([values.get(layer, np.nan) for layer in net.weighted])
