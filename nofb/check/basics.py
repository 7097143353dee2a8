"""The basic tests: signals for every layer, the right shapes, and no other changes."""

from __future__ import annotations

from itertools import product

import numpy as np

from nofb.activations import ACTIVATIONS
from nofb.check.subject import (
    Subject,
    batch,
    dense,
    far,
    images,
    layer_name,
    parts,
    traced,
    train_step,
)
from nofb.check.verdict import Verdict, failed, not_applicable, passed
from nofb.kernels import calls
from nofb.network import Network, network_of
from nofb.trace import Trace
from nofb.types import Array, FloatType

STEPS = 3  # so that feedback from zero has learned something


def teaches(subject: Subject) -> Verdict:
    """Every layer that learns gets a signal, and its steps are finite and not all zero."""
    net = dense()
    rule = subject.attached(net)
    reached = {layer for layer, *_ in rule.signals(net, traced(net))}
    taken = [train_step(net, rule) for _ in range(STEPS)]
    for k, layer in enumerate(net.weighted):
        who, steps = layer_name(net, k), np.array([each[k][0] for each in taken])
        if not rule.learns(net, layer):
            continue
        if layer not in reached:
            return failed(f"{who} gets no signal: signals must yield a pair (layer, δ) for it")
        if not np.isfinite(steps).all():
            return failed(f"the step of {who} is not finite")
        if not steps.any():
            return failed(f"{STEPS} steps of {who} are zero: it learns nothing")
    left = [layer_name(net, layer) for layer in net.weighted if not rule.learns(net, layer)]
    if left:
        return passed(f"every layer that learns gets a signal; {left[0]} does not, and it says so")
    return passed(f"all {len(net.weighted)} layers of a network get a signal")


def rehearse(subject: Subject) -> None:
    """Take a step with the kernels as Python, where every index is checked."""
    net = dense()
    rule = subject.attached(net)
    with calls.called_as(calls.PlainKernel, subject.kernels):
        train_step(net, rule)


def shapes(subject: Subject) -> Verdict:
    """Updates have the shape of what they update, for any network and batch."""
    types: list[FloatType] = [np.float32, np.float64]
    kinds = list(product(ACTIVATIONS, (True, False), (1, 7), types))
    for activation, bias, samples, dtype in kinds:
        net = dense(activation=activation, bias=bias, dtype=dtype)
        for layer, step in zip(net.weighted, subject.taught(net, samples), strict=True):
            wanted = [part.shape for part in (layer.W, layer.b) if part is not None]
            where = f"{activation}, bias={bias}, {samples} samples, {np.dtype(dtype)}"
            if [part.shape for part in step] != wanted:
                found = ", ".join(str(part.shape) for part in step)
                return failed(f"{layer_name(net, layer)} gets steps of {found} ({where})")
            if not all(np.isfinite(part).all() for part in step):
                return failed(f"the step of {layer_name(net, layer)} is not finite ({where})")
            if step[0].dtype != dtype:
                return failed(f"{layer_name(net, layer)} gets a step of {step[0].dtype} ({where})")
    return passed(
        f"right on {len(kinds)} networks: every activation, with and without bias, 1 and 7 "
        "samples, float32 and float64"
    )


def repeats(subject: Subject) -> Verdict:
    """The same seed gives the same run."""
    runs = [run_of(subject, seed) for seed in (0, 0)]
    worst = max(far(u, v) for u, v in zip(*runs, strict=True))
    if worst:
        return failed(
            f"two runs from the same seeds differ by {worst:.2g} of a step's length: draw all that "
            "is random from the generator that draw_feedback gets"
        )
    return passed("two runs from the same seeds are the same, to the last bit")


def run_of(subject: Subject, seed: int) -> list[Array]:
    """Return the updates of three steps of a run."""
    net = dense()
    rule = subject.attached(net, seed)
    updates = [train_step(net, rule, samples) for samples in (7, 6, 5)]
    return [part for steps in updates for step in steps for part in step]


def changes_nothing(subject: Subject) -> Verdict:
    """Computing updates changes nothing: it can be done twice."""
    net = dense()
    rule = subject.attached(net)
    x, y = batch(net)
    before = arrays_of(net)
    first = parts(rule.updates(net, x, y))
    for name, array in arrays_of(net).items():
        if not np.array_equal(array, before[name]):
            return failed(
                f"asking for updates changes {name}: that is for before_step and after_step"
            )
    again = parts(rule.updates(net, x, y))
    pairs = [zip(u, v, strict=True) for u, v in zip(first, again, strict=True)]
    worst = max(far(u, v) for pair in pairs for u, v in pair)
    if worst > 1e-9:
        return failed(f"asked twice about the same batch, its steps differ by {worst:.2g}")
    return passed("asking for updates changes no array of the network")


def leaves_the_trace(subject: Subject) -> Verdict:
    """The results of the forward pass in the trace do not change."""
    net = dense()
    rule = subject.attached(net)
    trace = traced(net)
    before = left_behind(trace)
    calls = {
        "learn_feedback": rule.learn_feedback,
        "before_step": rule.before_step,
        "teaching": rule.teach,
    }
    for call, work in calls.items():
        work(net, trace)
        for name, array in left_behind(trace).items():
            if not np.array_equal(array, before[name]):
                return failed(f"{call} changes {name} in the trace: work on a copy")
    return passed("what the forward pass left in the trace stays as it was")


def left_behind(trace: Trace) -> dict[str, Array]:
    """Return copies of the results of a forward pass, by names for a sentence."""
    kept = {"the error": trace.error.copy(), "the target": trace.target.copy()}
    for layer in trace.net.weighted:
        record, who = trace[layer], layer_name(network_of(trace), layer)
        arrays = {"the input": record.h_below, "a": record.a, "h": record.h}
        kept |= {f"{name} of {who}": array.copy() for name, array in arrays.items()}
    return kept


def arrays_of(net: Network) -> dict[str, Array]:
    """Return copies of the arrays of a network, by names for a sentence."""
    return {
        f"{name} of {layer_name(net, layer)}": array.copy()
        for layer in net.weighted
        for name, array in vars(layer).items()
        if isinstance(array, np.ndarray)
    }


def goes_through_images(subject: Subject) -> Verdict:
    """Convolution and pooling: a rule can support them, but need not."""
    net = images()
    try:
        steps = subject.taught(net)
    except Exception as error:  # a user's code may raise anything
        return not_applicable(f"it does not go through convolution and pooling: {error}")
    shapes = [step[0].shape for step in steps]
    if shapes != [layer.W.shape for layer in net.weighted]:
        return failed(f"through convolution and pooling its steps have the shapes {shapes}")
    return passed("it goes through convolution and pooling too")
