"""The feedback path: independent of the weights, and not backprop under another name."""

from __future__ import annotations

import numpy as np

from nofb.check.causes import EXACT
from nofb.check.subject import (
    Subject,
    backprop,
    batch,
    dense,
    far,
    layer_name,
    parts,
    traced,
    train_step,
)
from nofb.check.verdict import Verdict, failed, not_applicable, passed
from nofb.diagnosis import angle, feedback_path, transport_path
from nofb.layers import WeightedLayer
from nofb.network import Network
from nofb.rules import Rule
from nofb.text import percent

LARGE = (30, 40, 50, 30)  # so that the range of chance is narrow
DEVIATIONS = 5  # from 90°, outside of chance
STEPS = 5


def drawn_apart(subject: Subject) -> Verdict:
    """Fixed feedback does not depend on the weights, not even through a seed."""
    uses = subject.rule.uses
    if not uses.feedback or uses.transport or uses.signs:
        return not_applicable("only for rules whose feedback is random and stays as it was drawn")
    net = dense(LARGE)
    subject.attached(net, seed=net.seed)
    angles, transport = {}, transport_path(net)
    for layer, matrix in feedback_path(net).items():
        if layer in transport:
            angles[layer] = angle(matrix, transport[layer])
            band = DEVIATIONS * np.degrees(1 / np.sqrt(matrix.size))
            if abs(angles[layer] - 90) > band:
                return failed(_not_apart(net, layer, angles[layer], band))
    if not angles:
        return not_applicable("it keeps no B and no D on the layers, where nofb could measure them")
    shown = ", ".join(f"{degrees:.0f}°" for degrees in angles.values())
    return passed(f"the angle of each feedback matrix to the Wᵀ it stands for is {shown}: chance")


def _not_apart(net: Network, layer: WeightedLayer, degrees: float, band: float) -> str:
    return (
        f"the feedback matrix of {layer_name(net, layer)} is {degrees:.1f}° from the Wᵀ it stands "
        f"for, where chance gives 90° ± {band:.1f}°: it is a copy of Wᵀ, or drawn with its seed"
    )


def is_not_backprop(subject: Subject) -> Verdict:
    """A rule that equals backprop must claim the use of Wᵀ."""
    net = dense((6, 5, 7, 4))
    rule = subject.attached(net)
    taught = [k for k, layer in enumerate(net.weighted[:-1]) if rule.learns(net, layer)]
    if not taught:
        return not_applicable("it leaves the hidden layers as they are, and says so")
    distances = []
    for _ in range(STEPS):
        distances.append(_distance(net, rule, taught))
        if distances[-1] < EXACT:
            break
        train_step(net, rule)
    if distances[-1] < EXACT and not rule.uses.transport:
        return failed(_stealth(net, len(distances) - 1))
    if distances[-1] < EXACT:
        return passed("its steps are backprop's, and it says that it uses Wᵀ")
    return passed(f"its steps differ from backprop's by {percent(min(distances))} of their length")


def _distance(net: Network, rule: Rule, taught: list[int]) -> float:
    """Return how far the rule's steps are from backprop's, in the layer where they are farthest."""
    steps = parts(rule.updates(net, *batch(net)))
    true = backprop(net, traced(net))
    return max(far(steps[k][0], true[k]) for k in taught)


def _stealth(net: Network, steps: int) -> str:
    """Return a sentence on how a rule has become backprop."""
    when = "as soon as it is attached" if steps == 0 else f"after {steps} of its steps"
    copies = [
        layer_name(net, layer)
        for layer in net.weighted
        if layer.B is not None and far(layer.B, layer.W.T) < EXACT
    ]
    how = f"B is Wᵀ in {' and '.join(copies)}" if copies else "its signals go back through Wᵀ"
    return f"it is backprop {when}, to rounding, and does not say that it uses Wᵀ: {how}"
