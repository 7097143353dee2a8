"""The angles of a rule's steps to the gradient, and to Gauss-Newton with several dampings.

With little damping, the step to Gauss-Newton targets and the gradient differ much in the lower
layers of a deep network; with much damping they are equal. So an angle to "Gauss-Newton" has a
meaning only together with its damping.
"""

from __future__ import annotations

import numpy as np

from nofb.diagnosis.angles import angle
from nofb.diagnosis.targets import inverse_residuals, reconstruction_losses
from nofb.diagnosis.view import View
from nofb.jacobians import null_space_fraction, output_jacobians
from nofb.network import Network, network_of
from nofb.rules import Rule, make
from nofb.rules.targets import TargetRule
from nofb.trace import Trace
from nofb.types import Array

DAMPING = 1.0  # c of the reference: that of most layers in the paper's figures
DAMPINGS = (0.001, 0.01, 0.1, DAMPING, 10.0)
YARDSTICKS: dict[str, Rule] = {
    "gradient": make("bp"),
    **{f"c = {damping:g}": make("gnt", damping=damping) for damping in DAMPINGS},
}
GAUSS_NEWTON = f"c = {DAMPING:g}"


def probed(net: Network, x: Array, y: Array) -> Trace:
    """Return a trace of the samples on which every rule is measured."""
    return net.forward(x).set_target(net.as_target(y, len(x)))


def directions(rule: Rule, trace: Trace) -> dict[str, list[float | None]]:
    """Return the angles of a rule's steps to those of each reference, for hidden layers only.

    Examples
    --------
    >>> from nofb import Dense
    >>> net = Network([Dense(4, 3, "tanh"), Dense(3, 2)])
    >>> trace = probed(net, np.eye(4), np.array([0, 1, 1, 0]))
    >>> directions(make("bp"), trace)["gradient"]
    [0.0]
    """
    mine = steps(rule, trace)
    return {
        name: [known(angle(*pair)) for pair in zip(mine, steps(other, trace), strict=True)]
        for name, other in YARDSTICKS.items()
    }


def steps(rule: Rule, trace: Trace) -> list[Array]:
    """Return copies of the weight steps of the hidden layers."""
    return [update.dW.copy() for update in rule.teach(network_of(trace), trace)[:-1]]


def ends(rule: Rule, trace: Trace) -> dict[str, list[float | None]]:
    """Return the final measures of targets and inverses.

    Returns
    -------
    dict
        "null_space_share" of every hidden layer, and of a rule that sends targets
        "inverse_residual" and "reconstruction_loss" of every layer, `None` where there is none.
    """
    found = {"null_space_share": mean_null_space_fractions(rule, trace)}
    if isinstance(rule, TargetRule):
        view = View(rule, trace)
        found["inverse_residual"] = [known(value) for value in inverse_residuals(view)]
        found["reconstruction_loss"] = [known(value) for value in reconstruction_losses(view)]
    return found


def mean_null_space_fractions(rule: Rule, trace: Trace) -> list[float | None]:
    """Return the mean fraction of each hidden layer's change that does not affect the output.

    The change of h_l is δ_l / f'(a_l), also for a rule that does not send targets.
    """
    changes = {}
    for layer, delta, *_ in rule.signals(network_of(trace), trace):
        slope = layer.activation.slope(trace[layer].a)
        changes[layer] = np.divide(delta, slope, out=np.zeros_like(delta), where=slope > 0)
    shares = [
        known(float(np.nanmean(null_space_fraction(J, changes[layer]))))
        for layer, J in output_jacobians(trace)
    ]
    return shares[::-1]


def known(value: float) -> float | None:
    """Return four decimals of a number, and `None` for NaN.

    Examples
    --------
    >>> known(0.123456), known(float("nan"))
    (0.1235, None)
    """
    return None if np.isnan(value) else round(float(value), 4)
