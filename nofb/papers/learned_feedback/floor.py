"""How exact is a weight mirror? Its noise floor: the angle that remains after any training time.

If W does not change, B averages the estimates of its last 1 / λ steps, each of M noise vectors:

    tan² θ = F (n_{l-1} + 1) λ / ((2 - λ) (M - 1))

F is the noise of the responses: the variance of a response divided by the part that depends
linearly on a, F = Var f(a) / (Var a E[f'(a)]²). It is 1 for linear units and 2 - 2/π = 1.36 for
ReLU. Without centring, E[f(a)²] replaces Var f(a), and M replaces M - 1. Logistic units respond
with ½ to zero input, so F = ¼ / (Var a / 16), which is 400 for noise of width 0.1.

Renormalised feedback also decays, because a step is added and the sum is scaled back to its length:
λ = κ / (κ + cos θ), where κ is the length of the mean step divided by the length of B.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nofb.diagnosis import angle
from nofb.layers import Dense
from nofb.network import Network
from nofb.papers.study import Part, Record, Rows, Task, short
from nofb.rules.weight_mirror import WeightMirror
from nofb.types import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nofb.plots import Picture
    from nofb.plots.style import Theme

HEADING = "The noise floor of a mirror: angle of B and Wᵀ, measured (predicted)"

N_IN, N_OUT, WIDTH = 100, 60, 0.1
SHARES = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)  # η_B σ² E[f'], or λ with decay
SAMPLES = (4, 8, 16, 32, 64, 128, 256, 512)
SHARE, SAMPLE = 0.02, 64  # of the mirror by default
LOOKS = 5  # evaluations, one after each 1 / λ steps
HUES = {
    "linear": "blue",
    "relu": "bluish green",
    "renormalised": "reddish purple",
    "raw": "vermillion",
}
TICKS = (2, 5, 10, 20, 45, 90)


@dataclass(frozen=True)
class Form:
    """A mirror whose floor is measured.

    Attributes
    ----------
    title
        Its name in table and figure.
    activation
        The activation of the units that respond.
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


def tasks(epochs: int | None = None) -> list[dict[str, Any]]:
    """Return every point: floors over the mirror rate, then over the number of samples.

    None has epochs.

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
    """Return a mirror with its final amount of noise, and W and B of its layer."""
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
    layer.B[:] = layer.W.T  # its limit without noise
    mirror(rule, net, round(4 / share))
    return rule, net, layer.W, layer.B


def mirror(rule: WeightMirror, net: Network, steps: int) -> None:
    """Mirror in phases of one step, as in training, because B is renormalised after a phase."""
    for _ in range(steps):
        rule.mirror(net)


def predicted(form: Form, share: float, samples: int, W: Array) -> float:
    """Return the predicted floor in degrees.

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


def tables(records: Sequence[Record]) -> dict[str, Rows]:
    """Return a row for each mirror rate and number of samples, a column for each form."""
    cells: dict[tuple[float, int], dict[str, str]] = {}
    for record in records:
        task, result = record["task"], record["result"]
        text = f"{result['measured']:.1f}° ({result['predicted']:.1f}°)"
        cells.setdefault((task["share"], task["samples"]), {})[task["form"]] = text
    heading = ["new a step", "M", *(form.title for form in FORMS.values())]
    body = [
        [f"{share:g}", str(samples), *(row.get(form, "-") for form in FORMS)]
        for (share, samples), row in cells.items()
    ]
    return {HEADING: [heading, *body]}


def lines(records: Sequence[Record]) -> Rows:
    """Return every floor."""
    rows = [["form", "share", "samples", "measured", "predicted"]]
    for record in records:
        values = {**record["task"], **record["result"]}
        rows.append([short(values[name]) for name in rows[0]])
    return rows


def figure(records: Sequence[Record]) -> Picture:
    """Draw the noise floor, measured and predicted.

    The left panel is over the fraction of B that is new in every step, the right one over the
    number of noise vectors. Lines are theory, points are measured.
    """
    from nofb.plots.picture import Picture  # late: matplotlib loads slowly
    from nofb.plots.style import using

    with using("light") as colours:
        picture = Picture(10.4, 4.6, colours)
        left, right = picture.subplots(1, 2, sharey=True)
        at_rate = [record for record in records if record["task"]["samples"] == SAMPLE]
        at_size = [record for record in records if record["task"]["share"] == SHARE]
        _panel(left, at_rate, "share", colours)
        _panel(right, at_size, "samples", colours)
        left.set_title(f"M = {SAMPLE} noise vectors a step")
        left.set_xlabel("fraction of B that is new in each step, λ with decay (logarithmic)")
        left.set_ylabel("remaining angle between B and Wᵀ\n(logarithmic; points are measured)")
        right.set_title(f"a fraction of {SHARE:g} is new in each step")
        right.set_xlabel("M, noise vectors a step (logarithmic)")
    return picture


def _panel(axes: Axes, records: Sequence[Record], quantity: str, theme: Theme) -> None:
    """Draw every form of the mirror over one quantity, with its name at the end of its line."""
    from nofb.plots.labels import label_ends  # late, as above
    from nofb.plots.style import OKABE_ITO

    points: dict[str, list[tuple[float, float, float]]] = {}
    for record in records:
        task, result = record["task"], record["result"]
        point = task[quantity], result["predicted"], result["measured"]
        points.setdefault(task["form"], []).append(point)
    ends = {}
    for name, found in points.items():
        colour = OKABE_ITO[HUES[name]]
        x, predicted, measured = zip(*sorted(found), strict=True)
        axes.plot(x, predicted, color=colour, linewidth=1.4, label=name)
        axes.plot(x, measured, "o", color=colour, label=f"_{name}, measured")
        ends[FORMS[name].title] = (x[-1], predicted[-1], colour)
    axes.set_xscale("log")
    axes.set_yscale("log")
    ticks = sorted({record["task"][quantity] for record in records})
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_yticks(TICKS, [f"{degrees}°" for degrees in TICKS])
    axes.minorticks_off()
    axes.set_ylim(1.5, 100)
    label_ends(axes, ends)


PART = Part(
    "floor",
    tasks,
    floor,
    tables,
    lines,
    numbers="mirror_floor",
    figure=figure,
    image="mirror_floor",
    trains=False,
)
