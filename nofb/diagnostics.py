"""How well a rule's feedback path lines up with backprop's, layer by layer, on a fixed batch.

Two angles are easily confused, so they have different names. Both compare the rule's teaching
signal δ_l with what the transposed weights would have given: *end to end* with backprop's δ_l, and
*local* with the rule's own δ_{l+1} sent back through W_{l+1}ᵀ, that is, given the same signal from
above. With one hidden layer they agree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from nofb.chance import chance_band
from nofb.layers import Flatten, MaxPool2D, WeightedLayer
from nofb.layers.base import Record
from nofb.network import Network
from nofb.rules import Backprop, GaussNewtonTargets, Rule
from nofb.rules.targets import TargetRule
from nofb.target_diagnostics import measure_targets
from nofb.trace import Trace
from nofb.types import Array

__all__ = [
    "MEASURES",
    "Probe",
    "angle",
    "angles",
    "chance_band",
    "feedback_path",
    "norm_ratio",
    "norm_ratios",
    "transport_path",
]

MEASURES = {
    "weight_angle": "feedback matrix against Wᵀ, or against the product of the Wᵀ above it",
    "delta_angle_local": "teaching signal against Wᵀ's, given the same signal from above",
    "delta_angle_end_to_end": "teaching signal against backprop's",
    "step_angle": "weight step against the true gradient",
    "gauss_newton_angle": "weight step against that of damped Gauss-Newton targets",
    "weight_norm_ratio": "length of the feedback matrix / length of what it stands for",
    "delta_norm_ratio": "length of the teaching signal / length of backprop's",
    "step_norm_ratio": "length of the weight step / length of the true gradient",
}

PerLayer = Mapping[WeightedLayer, Array]


def angles(u: Array, v: Array) -> Array:
    """Return the angle between each row of u and the same row of v, in degrees; NaN for zeros."""
    u, v = (rows.reshape(len(rows), -1).astype(np.float64) for rows in (u, v))
    with np.errstate(invalid="ignore"):
        cosines = (u * v).sum(1) / (np.linalg.norm(u, axis=1) * np.linalg.norm(v, axis=1))
    return np.degrees(np.arccos(np.clip(cosines, -1, 1)))


def angle(u: Array, v: Array) -> float:
    """Return the angle between two arrays of one shape, in degrees; NaN if either is all zeros.

    Examples
    --------
    >>> round(angle(np.array([1.0, 0.0]), np.array([1.0, 1.0])), 6)
    45.0
    """
    return float(angles(u.reshape(1, -1), v.reshape(1, -1))[0])


def norm_ratios(u: Array, v: Array) -> Array:
    """Return the length of each row of u over that of the same row of v; NaN where v is zeros."""
    above, below = (np.linalg.norm(rows.reshape(len(rows), -1), axis=1) for rows in (u, v))
    return np.where(below > 0, above / np.where(below > 0, below, 1), np.nan)


def norm_ratio(u: Array, v: Array) -> float:
    """Return ‖u‖ / ‖v‖; NaN if v is all zeros."""
    return float(norm_ratios(u.reshape(1, -1), v.reshape(1, -1))[0])


class Probe:
    """A fixed batch on which a rule is compared with backprop.

    Parameters
    ----------
    net
        The network.
    x, target
        Samples as `Network.as_input` gives them, and target rows (N, n_outputs).

    Examples
    --------
    >>> from nofb import Dense, Network, rules
    >>> net = Network([Dense(4, 3, activation="tanh"), Dense(3, 2)])
    >>> rule = rules.make("fa")
    >>> rule.attach(net)
    >>> x = net.as_input(np.eye(4))
    >>> measures = Probe(net, x, net.as_target(np.array([0, 1, 1, 0]), 4)).measure(rule)
    >>> measures["delta_angle_end_to_end"].shape, bool(measures["step_angle"][1] < 1e-3)
    ((2,), True)
    """

    def __init__(self, net: Network, x: Array, target: Array) -> None:
        self.net, self.x, self.target = net, x, target
        self.trace = Trace(net, len(x))

    def measure(self, rule: Rule) -> dict[str, Array]:
        """Return each of `MEASURES` as an array with one entry for each layer with weights.

        A rule that sends targets has those of `nofb.target_diagnostics` too.

        Signals are compared sample by sample, and the mean over samples is taken. A layer for which
        a measure has no meaning (no feedback matrix, no signal) holds NaN.
        """
        self.trace.fill(self.x).set_target(self.target)
        delta, step = self._teach(rule)
        true_delta, true_step = self._teach(Backprop())
        _, newton_step = self._teach(GaussNewtonTargets())
        local_delta = self._sent_through_transport(delta)
        feedback, transport = feedback_path(self.net), transport_path(self.net)
        targets = isinstance(rule, TargetRule) and measure_targets(self.net, rule, self.trace)
        return {
            "weight_angle": self._each(angle, feedback, transport),
            "delta_angle_local": self._each(_mean_angle, delta, local_delta),
            "delta_angle_end_to_end": self._each(_mean_angle, delta, true_delta),
            "step_angle": self._each(angle, step, true_step),
            "gauss_newton_angle": self._each(angle, step, newton_step),
            "weight_norm_ratio": self._each(norm_ratio, feedback, transport),
            "delta_norm_ratio": self._each(_mean_norm_ratio, delta, true_delta),
            "step_norm_ratio": self._each(norm_ratio, step, true_step),
            **(targets or {}),
        }

    def _teach(self, rule: Rule) -> tuple[PerLayer, PerLayer]:
        """Return the teaching signals and the weight steps of a rule."""
        deltas, steps = {}, {}
        for layer, delta in rule.signals(self.net, self.trace):
            deltas[layer] = delta.copy()
            self.trace.weight_products([(layer, delta)])
            steps[layer] = self.trace.update(layer).dW.copy()
        return deltas, steps

    def _sent_through_transport(self, delta: PerLayer) -> PerLayer:
        """Return what W_{l+1}ᵀ makes of the rule's own δ_{l+1}, for every l."""
        local = {self.net.weighted[-1]: self.trace.error}
        for layer, below in self.net.downward():
            if layer in delta:
                signal = self.trace.back(layer, delta[layer], layer.W.T)
                local[below] = self.trace.times_slope(below, signal).copy()
        return local

    def _each(
        self, compare: Callable[[Array, Array], float], left: PerLayer, right: PerLayer
    ) -> Array:
        """Return the comparison for each layer, NaN where either side has nothing to compare."""
        return np.array(
            [
                compare(left[layer], right[layer]) if layer in left and layer in right else np.nan
                for layer in self.net.weighted
            ]
        )


def feedback_path(net: Network) -> PerLayer:
    """Return the feedback matrix of each layer that has one, B or D."""
    matrices = {layer: layer.B if layer.D is None else layer.D for layer in net.weighted}
    return {layer: matrix for layer, matrix in matrices.items() if matrix is not None}


def transport_path(net: Network) -> PerLayer:
    """Return what backprop has in the place of each feedback matrix.

    For B_l this is W_lᵀ. For D_l it is the product of all Wᵀ above layer l, found by sending each
    output's error down alone; max-pooling in between has no matrix, so there is none below it.
    """
    path = {layer: layer.W.T for layer in net.weighted if layer.D is None}
    signal = np.eye(net.n_outputs, dtype=net.dtype)
    for layer, below in net.downward():
        signal = layer.back(Record(net.n_outputs, net.dtype), signal, layer.W.T)
        if below.D is not None:
            path[below] = signal.reshape(net.n_outputs, -1)
        for rider in reversed(net.riders(below)):
            if isinstance(rider, MaxPool2D):
                return path
            if isinstance(rider, Flatten):
                signal = signal.reshape(net.n_outputs, *rider.shape_in)
    return path


def _mean(values: Array) -> float:
    values = values[~np.isnan(values)]
    return float(values.mean()) if values.size else float("nan")


def _mean_angle(u: Array, v: Array) -> float:
    return _mean(angles(u, v))


def _mean_norm_ratio(u: Array, v: Array) -> float:
    return _mean(norm_ratios(u, v))
