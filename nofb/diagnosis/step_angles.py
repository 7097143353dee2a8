"""Where the steps of a rule point: to the gradient, and to Gauss-Newton with several dampings.

A step to Gauss-Newton's targets with little damping and a gradient are far apart in
the lower layers of a deep network; with much damping they are one. So an angle to "Gauss-Newton"
means something only with its damping beside it.
"""

from __future__ import annotations

import numpy as np

from nofb.diagnosis.angles import angle
from nofb.diagnosis.targets import inverse_residuals, reconstruction_losses
from nofb.diagnosis.view import View
from nofb.jacobians import null_space_shares, output_jacobians
from nofb.network import Network, network_of
from nofb.rules import Rule, make
from nofb.rules.targets import TargetRule
from nofb.trace import Trace
from nofb.types import Array

DAMPING = 1.0  # c of the yardstick: most layers' in the paper's figures
DAMPINGS = (0.001, 0.01, 0.1, DAMPING, 10.0)
YARDSTICKS: dict[str, Rule] = {
    "gradient": make("bp"),
    **{f"c = {damping:g}": make("gnt", damping=damping) for damping in DAMPINGS},
}
GAUSS_NEWTON = f"c = {DAMPING:g}"


def probed(net: Network, x: Array, y: Array) -> Trace:
    """Return a trace of the samples that every rule is asked about."""
    return net.forward(x).set_target(net.as_target(y, len(x)))


def directions(rule: Rule, trace: Trace) -> dict[str, list[float | None]]:
    """Return the angles of a rule's steps to those of each yardstick, hidden layers only.

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
    """Return the weight steps of the hidden layers, in memory of their own."""
    return [update.dW.copy() for update in rule.teach(network_of(trace), trace)[:-1]]


def ends(rule: Rule, trace: Trace) -> dict[str, list[float | None]]:
    """Return what is measured of targets and inverses at the end.

    Returns
    -------
    dict
        "null_space_share" of every hidden layer, and of a rule that sends targets
        "inverse_residual" and "reconstruction_loss" of every layer, `None` where there is none.
    """
    found = {"null_space_share": unnoticed(rule, trace)}
    if isinstance(rule, TargetRule):
        view = View(rule, trace)
        found["inverse_residual"] = [known(value) for value in inverse_residuals(view)]
        found["reconstruction_loss"] = [known(value) for value in reconstruction_losses(view)]
    return found


def unnoticed(rule: Rule, trace: Trace) -> list[float | None]:
    """Return the mean share of each hidden layer's change that the output does not notice.

    The change that a rule asks of h_l is δ_l / f'(a_l), whether it sends targets or not.
    """
    changes = {}
    for layer, delta, *_ in rule.signals(network_of(trace), trace):
        slope = layer.activation.slope(trace[layer].a)
        changes[layer] = np.divide(delta, slope, out=np.zeros_like(delta), where=slope > 0)
    shares = [
        known(float(np.nanmean(null_space_shares(J, changes[layer]))))
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
