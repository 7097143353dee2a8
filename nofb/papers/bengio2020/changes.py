"""The changes t - h of hidden layers in a rule with targets, over the number of iterations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nofb.diagnosis import angles
from nofb.diagnosis.targets import residual
from nofb.jacobians import null_space_fraction, output_jacobians
from nofb.layers import WeightedLayer
from nofb.network import network_of
from nofb.rules import make
from nofb.rules.gauss_newton_targets import gauss_newton
from nofb.rules.targets import TargetRule
from nofb.trace import Trace
from nofb.types import Array

ITERATIONS = (1, 2, 3, 4, 5, 7, 10)
MEASURES = ("gauss_newton_angle", "bp_angle", "null_space_share", "length", "residual")

Changes = Mapping[WeightedLayer, Array]


def over_iterations(rule: TargetRule, trace: Trace) -> dict[str, Any]:
    """Return the measures of a rule's targets: "iterated", "exact" and "condition" of `anatomy`."""
    iterated = [measures(rule, trace, changes_after(rule, trace, k)) for k in ITERATIONS]
    exact, conditions = exact_changes(rule, trace)
    return {
        "iterated": {each: [found[each] for found in iterated] for each in MEASURES},
        "exact": measures(rule, trace, exact),
        "condition": conditions,
    }


def changes_after(rule: TargetRule, trace: Trace, iterations: int) -> Changes:
    """Return t - h of every layer after this number of iterations."""
    rule.iterations = iterations  # type: ignore[attr-defined]
    targets = rule.targets(network_of(trace), trace)
    return {layer: t - rule.state(trace, layer) for layer, t in targets}


def exact_changes(rule: TargetRule, trace: Trace) -> tuple[Changes, list[float]]:
    """Return t - h for exact inverses of every layer, to first order, and the condition numbers.

    The output layer has fewer units than the one below, so its solution is the smallest change.
    """
    net, conditions = network_of(trace), []
    change = -rule.step_size * trace.error.astype(np.float64)
    changes = {net.weighted[-1]: change}
    for layer in net.weighted[:0:-1]:
        below = net.below(layer)
        slope = np.ones_like(change)
        if layer is not net.weighted[-1]:
            slope = layer.activation.times_jacobian(slope, trace[layer].a, trace[layer].h)
        jacobians = layer.W.astype(np.float64) * slope[:, None, :]  # (N, n_{l-1}, n_l)
        change = np.array([
            np.linalg.lstsq(J.T, row, rcond=None)[0]
            for J, row in zip(jacobians, change, strict=True)
        ])  # fmt: skip
        changes[below] = change
        if layer is not net.weighted[-1]:
            conditions.append(float(np.median(np.linalg.cond(jacobians))))
    single = {layer: each.astype(net.dtype) for layer, each in changes.items()}
    return single, conditions[::-1]


def measures(rule: TargetRule, trace: Trace, changes: Changes) -> dict[str, list[float]]:
    """Return each of `MEASURES` for every hidden layer, first to last.

    Angles are between t - h and minus the Gauss-Newton step or minus the gradient. The length is
    that of t - h divided by that of the Gauss-Newton step. All are medians over samples.
    """
    found: dict[str, list[float]] = {name: [] for name in MEASURES}
    net, error = network_of(trace), trace.error
    layers = rule.layers(net, trace)
    damping = make("gnt").damping  # type: ignore[attr-defined]
    for layer, J in output_jacobians(trace):
        asked = -changes[layer]
        newton = rule.step_size * gauss_newton(J, error, damping)
        gradient = np.einsum("nj,nji->ni", error, J)
        found["gauss_newton_angle"].append(_median(angles(asked, newton)))
        found["bp_angle"].append(_median(angles(asked, gradient)))
        found["null_space_share"].append(_median(null_space_fraction(J, asked)))
        lengths = np.linalg.norm(asked, axis=1) / np.linalg.norm(newton, axis=1)
        found["length"].append(_median(lengths))
        own = layers[net.weighted.index(layer) + 1]
        found["residual"].append(residual(own, changes[own.layer], changes[layer]))
    return {name: values[::-1] for name, values in found.items()}


def _median(values: Array) -> float:
    return float(np.median(values))
