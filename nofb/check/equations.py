"""Equations of all rules: means over the batch, slopes, and the error of the output layer."""

from __future__ import annotations

import numpy as np

from nofb.check.causes import factor, scale
from nofb.check.subject import (
    OWN_STEPS,
    SAMPLES,
    Steps,
    Subject,
    backprop,
    batch,
    dense,
    far,
    layer_name,
    parts,
    traced,
)
from nofb.check.verdict import Verdict, failed, passed
from nofb.text import percent
from nofb.types import Array

ROUNDING = 1e-9


def is_a_mean(subject: Subject) -> Verdict:
    """The step of a batch is the mean of the steps of its samples, for weights and biases."""
    net = dense()
    rule = subject.attached(net)
    x, y = batch(net)
    whole = parts(rule.updates(net, x, y))
    alone = [parts(rule.updates(net, x[[i]], y[[i]])) for i in range(SAMPLES)]
    for k in range(len(whole)):
        for name, step, mean in zip(("dW", "db"), whole[k], _means(alone, k), strict=True):
            if far(step, mean) > ROUNDING:
                return failed(f"{name} of {layer_name(net, k)}: {_not_a_mean(step, mean)}")
    return passed(f"with {SAMPLES} samples, every step is the mean of the steps of each")


def _means(alone: list[Steps], k: int) -> list[Array]:
    """Return the mean of the steps of layer k, each for one sample alone."""
    return [np.mean(each, axis=0) for each in zip(*(steps[k] for steps in alone), strict=True)]


def _not_a_mean(step: Array, mean: Array) -> str:
    """Return what the step of a batch is instead of the mean."""
    c = factor(step, mean)
    if c is not None:
        return scale(c, SAMPLES)
    return (
        f"it is {percent(far(step, mean))} off the mean of the steps of each of {SAMPLES} samples"
    )


def silent_units_rest(subject: Subject) -> Verdict:
    """A unit with slope zero cannot be changed, so its signal is zero."""
    net = dense(activation="relu")
    rule, trace = subject.attached(net), traced(net)
    for layer, delta, *_ in rule.signals(net, trace):
        off = layer.activation.slope(trace[layer].a) == 0
        lost, whole = float((delta[off] ** 2).sum()), float((delta**2).sum())
        if lost > ROUNDING * whole:
            return failed(
                f"{percent(lost / whole)} of the signal of {layer_name(net, layer)} "
                "is for ReLU units that are off: the slope f'(a) is missing, which "
                "trace.delta(layer) brings in"
            )
    return passed("ReLU units that are off, so that their slope is 0, get a signal of 0")


def output_layer_gets_its_error(subject: Subject) -> Verdict:
    """No feedback reaches the output layer: ΔW_L = h_{L-1}ᵀ (ŷ - y) / N under every rule."""
    net = dense()
    found = subject.taught(net)[-1][0]
    right = backprop(net, traced(net))[-1]
    if far(found, right) <= ROUNDING:
        return passed("the output layer learns by its own error, ŷ - y, as under every rule")
    c = factor(found, right)
    if c is not None:
        return failed(
            f"the step of the output layer is right but for one thing: {scale(c, SAMPLES)}"
        )
    cure = "yield (net.weighted[-1], trace.error), and change neither"
    if subject.has_own_steps:
        cure = OWN_STEPS % "the output layer"
    return failed(
        f"the step of the output layer is {percent(far(found, right))} off "
        f"h_belowᵀ (ŷ - y) / N: {cure}"
    )
