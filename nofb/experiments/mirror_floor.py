"""How well can a mirror see? Its noise floor: the angle that is left however long one mirrors.

With W at rest, B averages the estimates of its last 1 / λ steps, each made of M noise vectors:

    tan² θ = F (n_{l-1} + 1) λ / ((2 - λ) (M - 1))

F says how noisy the answers are: the variance of an answer over the part of it that tells of W,
F = Var f(a) / (Var a E[f'(a)]²). It is 1 for linear units and 2 - 2/π = 1.36 for ReLU. Raw answers
have E[f(a)²] instead of Var f(a), and M instead of M - 1: logistic units respond with ½ whoever
speaks, so F = ¼ / (Var a / 16), which is 400 for noise of width 0.1.

Renormalised feedback forgets too, since what is new is added and the sum cut back to its length:
λ = κ / (κ + cos θ), with κ the length of what a step adds on average over the length of B.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nofb.diagnosis import angle
from nofb.layers import Dense
from nofb.network import Network
from nofb.rules import WeightMirror
from nofb.types import Array

N_IN, N_OUT, WIDTH = 100, 60, 0.1
SHARES = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)  # η_B σ² E[f'], λ where there is a decay
SAMPLES = (4, 8, 16, 32, 64, 128, 256, 512)
SHARE, SAMPLE = 0.02, 64  # of the mirror by default
LOOKS = 5  # one after each 1 / λ steps

Task = Mapping[str, Any]


@dataclass(frozen=True)
class Form:
    """A mirror whose floor is measured.

    Attributes
    ----------
    title
        What sets it apart.
    activation
        Of the units that answer.
    slope
        E[f'(a)].
    noisiness
        F, given the variance of a.
    renormalise, centred
        As for the rule; renormalised feedback has no decay.
    """

    title: str
    activation: str
    slope: float
    noisiness: Callable[[float], float]
    renormalise: bool = False
    centred: bool = True


FORMS = {
    "linear": Form("linear units", "identity", 1.0, lambda v: 1.0),
    "relu": Form("ReLU units", "relu", 0.5, lambda v: 2 - 2 / np.pi),
    "renormalised": Form("linear, renormalised", "identity", 1.0, lambda v: 1.0, renormalise=True),
    "raw": Form(
        "logistic, not centred", "logistic", 0.25, lambda v: 0.25 / (v / 16), centred=False
    ),
}


def tasks() -> list[dict[str, Any]]:
    """Return every point: floors over the mirror rate, then floors over the number of samples.

    Examples
    --------
    >>> tasks()[0]
    {'part': 'floor', 'form': 'linear', 'share': 0.002, 'samples': 64}
    """
    points = [(share, SAMPLE) for share in SHARES]
    points += [(SHARE, samples) for samples in SAMPLES if samples != SAMPLE]
    return [
        {"part": "floor", "form": form, "share": share, "samples": samples}
        for form in FORMS
        for share, samples in points
    ]


def floor(task: Task) -> dict[str, Any]:
    """Let one mirror settle, and return its angle in degrees, measured and predicted."""
    form, share, samples = FORMS[task["form"]], task["share"], task["samples"]
    rule, net, W, B = settled(form, share, samples)
    tangents = []
    for _ in range(LOOKS):
        mirror(rule, net, round(1 / share))
        tangents.append(np.tan(np.radians(angle(B, W.T))))
    measured = np.degrees(np.arctan(np.sqrt(np.mean(np.square(tangents)))))
    return {"measured": float(measured), "predicted": predicted(form, share, samples, W)}


def settled(form: Form, share: float, samples: int) -> tuple[WeightMirror, Network, Array, Array]:
    """Return a mirror that has all the noise it will ever have, and W and B of its layer."""
    layer = Dense(N_IN, N_OUT, form.activation, init="lecun")
    net = Network([Dense(1, N_IN), layer, Dense(N_OUT, 1)], "squared_error")
    rule = WeightMirror(
        rate=share / form.slope / WIDTH**2,
        decay=0.0 if form.renormalise else share,
        renormalise=form.renormalise,
        width=WIDTH,
        samples=samples,
        steps_before=0,
        centred=form.centred,
    )
    rule.attach(net)
    assert layer.B is not None
    layer.B[:] = layer.W.T  # where it settles but for its noise
    mirror(rule, net, round(4 / share))
    return rule, net, layer.W, layer.B


def mirror(rule: WeightMirror, net: Network, steps: int) -> None:
    """Mirror in phases of one step, as in training, since B gets its length back after a phase."""
    for _ in range(steps):
        rule.mirror(net)


def predicted(form: Form, share: float, samples: int, W: Array) -> float:
    """Return the floor in degrees that theory gives.

    Examples
    --------
    >>> W = np.eye(100)
    >>> round(predicted(FORMS["linear"], 0.02, 64, W), 2)
    7.25
    >>> round(predicted(FORMS["raw"], 0.02, 64, W), 1)
    68.4
    """
    n_in, n_out = W.shape
    variance = WIDTH**2 * float((W**2).sum()) / n_out  # of a
    count = samples - form.centred
    once = form.noisiness(variance) * (n_in + 1) / count  # tan² of a single estimate
    decay, tan2 = share, 0.0
    for _ in range(50 if form.renormalise else 1):
        tan2 = once * decay / (2 - decay)
        decay = share / (share + 1 / np.sqrt(1 + tan2))  # cos² = 1 / (1 + tan²)
    return float(np.degrees(np.arctan(np.sqrt(tan2))))
