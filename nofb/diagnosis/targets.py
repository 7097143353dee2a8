"""Measures of targets and inverses, layer by layer, on a fixed batch.

They are the reconstruction loss of an inverse, the Lipschitz constant of its iteration, the
distance to a target if the layer below reaches its own target, and the fraction of a target's
change that does not affect the output.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from nofb import callers
from nofb.diagnosis.contraction import lipschitz
from nofb.diagnosis.view import View
from nofb.feedback import state_of
from nofb.jacobians import null_space_fraction, output_jacobians
from nofb.layer_maps import LayerMaps
from nofb.network import Network
from nofb.rules import Rule
from nofb.rules.targets import InverseTraining, TargetRule
from nofb.types import Array

_warned: WeakValueDictionary[int, Rule] = WeakValueDictionary()  # a rule may be unhashable


class ContractionWarning(RuntimeWarning):
    """An inverse is so inaccurate that its iteration may diverge from the target."""


def reconstruction_losses(view: View) -> Array:
    """Return the loss of each inverse, with the same noise in every call."""
    rule, net = view.target_rule, view.net
    rng, losses = np.random.default_rng(0), {}  # not the rule's generator
    for stack in rule.stacks(net, view.trace):
        losses[stack[0].layer] = rule.inverse_update(stack, rng).loss
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
    inverted = [own for own, *_ in rule.stacks(net, view.trace)]
    found = in_order(net, {own.layer: contraction(own) for own in inverted})
    if getattr(rule, "iterations", 0) > 1:
        warn_of_divergence(net, rule, found)
    return found


def inverse_residuals(view: View) -> Array:
    """Return the `residual` of each layer but the first."""
    net, changes = view.net, view.target_changes
    layers = view.target_rule.layers(net, view.trace)[1:]
    residuals = {
        own.layer: residual(own, changes[own.layer], changes[net.below(own.layer)])
        for own in layers
    }
    return in_order(net, residuals)


def null_space_fractions(view: View) -> Array:
    """Return the fraction of each target's change in the null space of the output."""
    net, changes, found = view.net, view.target_changes, {}
    for layer, J in output_jacobians(view.trace):
        fractions = null_space_fraction(J, changes[layer])
        fractions = fractions[~np.isnan(fractions)]
        found[layer] = float(fractions.mean()) if fractions.size else np.nan
    return in_order(net, found)


def contraction(own: LayerMaps) -> float:
    """Return the largest factor by which an iteration of a layer's inverse multiplies its error.

    This is the Lipschitz constant of g ∘ f - id, or of f ∘ g - id if the layer has fewer units than
    the one below, since no inverse can restore what the layer does not transmit. NaN for a direct
    inverse.
    """
    layer, f, g = own.layer, own.f, own.g
    if g.W is not layer.B:  # a direct inverse leads from the output, past several layers
        return float("nan")
    if layer.n_out < layer.n_in:
        return float(lipschitz(g, f, own.h).max())
    return float(lipschitz(f, g, own.h_below).max())


def residual(own: LayerMaps, asked: Array, asked_below: Array) -> float:
    """Return ‖f_l(t_{l-1}) - t_l‖ / ‖t_l - h_l‖ over the batch, given t_l - h_l of both layers."""
    missed = np.linalg.norm(own.f(own.h_below + asked_below) - own.h - asked)
    length = np.linalg.norm(asked)
    return float(missed / length) if length > 0 else float("nan")


def warn_of_divergence(net: Network, rule: TargetRule, constants: Array) -> None:
    """Warn once which trained inverse may diverge."""
    training = [state_of(layer, InverseTraining) for layer in rule.inverted(net)]
    learned = any(each.optimizer.state for each in training)
    if not learned or id(rule) in _warned:
        return
    wrong = [number for number, constant in enumerate(constants) if constant >= 1]
    if wrong:
        _warned[id(rule)] = rule
        worst = max(wrong, key=lambda number: constants[number])
        callers.warn(
            f"{rule.name} iterates inverses that need not converge: the Lipschitz constant of the "
            f"inverse of layer {worst + 1} less the identity is {constants[worst]:.2f}, at least 1 "
            f"in {', '.join(f'layer {number + 1}' for number in wrong)}; more inverse_steps, a "
            "smaller damping or layer_norm may help",
            ContractionWarning,
        )


def in_order(net: Network, values: Mapping[Any, float]) -> Array:
    """Return one value for each layer with weights, NaN where there is none."""
    return np.array([values.get(layer, np.nan) for layer in net.weighted])
