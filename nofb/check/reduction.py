"""Backprop is a special case of feedback: with B = Wᵀ the steps must be those of backprop."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nofb.check.causes import EXACT, explain
from nofb.check.subject import OWN_STEPS, Subject, backprop, dense, far, layer_name, parts, traced
from nofb.check.verdict import Verdict, failed, not_applicable, passed
from nofb.network import Network
from nofb.rules import Rule
from nofb.text import percent
from nofb.trace import Trace
from nofb.types import Array

UNKNOWN = (
    "no mistake that is known here explains it; if `layer.B` is not the matrix that δ is "
    "multiplied with, keep it in `layer.rule_state`"
)
DEEP, SHALLOW, SQUARE = (5, 4, 6, 3), (5, 4, 3), (4, 4, 4, 4)


def reduces_to_backprop(subject: Subject) -> Verdict:
    """With B = Wᵀ, or with one hidden layer and D = Wᵀ, an error-driven rule is backprop."""
    for sizes in (DEEP, SHALLOW, SQUARE):
        net = dense(sizes)
        rule = subject.attached(net)
        if verdict := why_not(net, rule):
            return verdict
        if sizes != SHALLOW and any(layer.D is not None for layer in net.weighted):
            continue  # what skips layers is backprop with one hidden layer only
        unknown = OWN_STEPS % "backprop if B is Wᵀ" if subject.has_own_steps else UNKNOWN
        if verdict := compared(net, rule, unknown):
            return verdict
    return passed("with its feedback set to Wᵀ, its steps are backprop's, to rounding")


def why_not(net: Network, rule: Rule) -> Verdict | None:
    """Return why the test does not apply, or `None`."""
    if not all(rule.learns(net, layer) for layer in net.weighted):
        return not_applicable("it leaves hidden layers as they are, and says so")
    if any(getattr(layer, "inverse", None) is not None for layer in net.weighted):
        return not_applicable("targets travel through inverses, not through a B or a D alone")
    sequential = all(layer.B is not None for layer in net.weighted[1:])
    if sequential or net.weighted[0].D is not None:
        return None
    return not_applicable("it has no B on every layer but the first, and no D on the first")


def compared(net: Network, rule: Rule, unknown: str) -> Verdict | None:
    """Compare the steps with backprop's, once the feedback is Wᵀ; `None` if they agree.

    A difference that no known mistake explains is described by `unknown`.
    """
    drawn = hidden_steps(net, rule, traced(net))
    set_to_transpose(net)
    steps = hidden_steps(net, rule, traced(net))
    true = backprop(net, traced(net))[:-1]
    apart = [far(u, v) for u, v in zip(steps, true, strict=True)]
    if max(apart) < EXACT:
        return None
    if all(far(u, v) < EXACT for u, v in zip(steps, drawn, strict=True)):
        return not_applicable("it makes its feedback anew whenever it teaches")
    if not follows_the_error(net, rule, steps):
        return not_applicable("its signal is not proportional to the error")
    k = int(np.argmax(apart))
    why = explain(steps, net, traced(net)) or unknown
    return failed(
        f"with its feedback set to Wᵀ it should be backprop, but the step of {layer_name(net, k)} "
        f"is {percent(apart[k])} off: {why}"
    )


def set_to_transpose(net: Network) -> None:
    """Put Wᵀ into every B, in place, or W_2ᵀ into D_1."""
    for layer in net.weighted[1:]:
        if layer.B is not None:
            layer.B[:] = layer.W.T
    first, second = net.weighted[:2]
    if first.D is not None and first.D.shape == second.W.T.shape:
        first.D[:] = second.W.T


def follows_the_error(net: Network, rule: Rule, steps: Sequence[Array]) -> bool:
    """Return whether twice the error gives twice the steps; the outputs are linear."""
    trace = traced(net)
    last = trace[net.weighted[-1]]
    last.h += trace.error
    last.a[:] = last.h
    trace.set_target(trace.target)
    doubled = hidden_steps(net, rule, trace)
    return all(far(2 * u, v) < EXACT for u, v in zip(steps, doubled, strict=True))


def hidden_steps(net: Network, rule: Rule, trace: Trace) -> list[Array]:
    """Return dW of every hidden layer."""
    return [step[0] for step in parts(rule.teach(net, trace))[:-1]]


def mistake_on_a_square(subject: Subject) -> str:
    """Return what is wrong with a rule that runs with layers of one size only, if it is known."""
    net = dense(SQUARE)
    rule = subject.attached(net)
    if why_not(net, rule):
        return ""
    set_to_transpose(net)
    trace = traced(net)
    return explain(hidden_steps(net, rule, trace), net, trace)
