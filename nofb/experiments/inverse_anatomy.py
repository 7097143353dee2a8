"""What do more exact inverses do to a target? A trained network, looked at iteration by iteration.

Two networks of five hidden layers learn MNIST for a few epochs, one with inverses that reconstruct
what each layer received, one with inverses that reconstruct what comes back from the output. Then
they rest, and their targets are iterated ever longer. A third column has no inverse at all: local
Jacobians, solved exactly, are what the first would be if it were perfect.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from nofb.diagnosis import angles
from nofb.diagnosis.targets import residual
from nofb.experiments.deep_targets import SETTINGS, load
from nofb.experiments.runs import train
from nofb.jacobians import null_space_shares, output_jacobians
from nofb.layers import WeightedLayer
from nofb.network import network_of
from nofb.rules import make
from nofb.rules.gauss_newton_targets import gauss_newton
from nofb.rules.targets import TargetRule
from nofb.trace import Trace
from nofb.types import Array

EPOCHS, SAMPLES = 3, 100
ITERATIONS = (1, 2, 3, 4, 5, 7, 10)
LEARNED = {  # what the inverses learn from: the rule, and its attributes
    "reconstruction": (
        "itp",
        {"noise": 0.0837, "inverse_lr": 1.96e-3, "step_size": 0.05, "layer_norm": False},
    ),
    "difference reconstruction": ("itp_drl", {"step_size": 0.05, "damping": 1.0}),
}
MEASURES = ("gauss_newton_angle", "bp_angle", "null_space_share", "length", "residual")

Task = Mapping[str, Any]
Changes = Mapping[WeightedLayer, Array]


def tasks(epochs: int | None = None) -> list[dict[str, Any]]:
    """Return a run for each way for inverses to learn.

    Examples
    --------
    >>> [task["inverses"] for task in tasks()]
    ['reconstruction', 'difference reconstruction']
    """
    longest = min(epochs or EPOCHS, EPOCHS)
    return [{"part": "anatomy", "inverses": name, "epochs": longest} for name in LEARNED]


def anatomy(task: Task) -> dict[str, Any]:
    """Train, then iterate targets ever longer.

    Returns
    -------
    dict
        Each of `MEASURES` as a list over `ITERATIONS` with one value for each hidden layer, under
        "iterated"; the same for exact local inverses, under "exact"; and of every hidden layer but
        the first, under "condition", the median condition number of its Jacobian.
    """
    name, attributes = LEARNED[task["inverses"]]
    settings = replace(SETTINGS, epochs=task["epochs"], lr=1e-3)
    data = load(settings.data)
    rule = make(name, iterations=1, **attributes)
    run = train(settings, rule, 0, data, probe=0)
    net = run.net
    trace = net.forward(data.x_test[:SAMPLES])
    trace.set_target(net.as_target(data.y_test[:SAMPLES], SAMPLES))
    assert isinstance(rule, TargetRule)
    accuracy = float(run.history["test_accuracy"][-1])
    return {"stopped": run.stopped, "test_accuracy": accuracy, **over_iterations(rule, trace)}


def over_iterations(rule: TargetRule, trace: Trace) -> dict[str, Any]:
    """Return what becomes of a rule's targets: "iterated", "exact" and "condition" of `anatomy`."""
    iterated = [measures(rule, trace, changes_after(rule, trace, k)) for k in ITERATIONS]
    exact, conditions = exact_changes(rule, trace)
    return {
        "iterated": {each: [found[each] for found in iterated] for each in MEASURES},
        "exact": measures(rule, trace, exact),
        "condition": conditions,
    }


def changes_after(rule: TargetRule, trace: Trace, iterations: int) -> Changes:
    """Return t - h of every layer after so many iterations."""
    rule.iterations = iterations  # type: ignore[attr-defined]
    targets = rule.targets(network_of(trace), trace)
    return {layer: t - rule.state(trace, layer) for layer, t in targets}


def exact_changes(rule: TargetRule, trace: Trace) -> tuple[Changes, list[float]]:
    """Return t - h where every layer is inverted exactly, to first order, and how hard that is.

    The output layer, which has fewer units than the one below, gets the smallest change.
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
    """Return each of `MEASURES` for every hidden layer, from the input side up.

    Angles are those of t - h to minus the Gauss-Newton step and to minus the gradient; the length
    is that of t - h over that of the Gauss-Newton step; medians over samples.
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
        found["null_space_share"].append(_median(null_space_shares(J, asked)))
        lengths = np.linalg.norm(asked, axis=1) / np.linalg.norm(newton, axis=1)
        found["length"].append(_median(lengths))
        own = layers[net.weighted.index(layer) + 1]
        found["residual"].append(residual(own, changes[own.layer], changes[layer]))
    return {name: values[::-1] for name, values in found.items()}


def _median(values: Array) -> float:
    return float(np.median(values))
