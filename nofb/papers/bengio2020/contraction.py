"""How fast does an iterated inverse converge? By its Lipschitz constant, or not at all.

A linear layer attains the bound: its g ∘ f - id is a rotation times ρ, so every error is multiplied
by exactly ρ. A tanh layer with an inverse that learned from noise stays below the bound: no
iteration is slower than the largest constant on its path.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nofb.diagnosis.contraction import lipschitz
from nofb.initialisers import orthogonal
from nofb.layers import Dense, Inverse
from nofb.layers.inverse import Use
from nofb.optimizers import Adam
from nofb.papers.study import Part, Record, Rows, Task, short
from nofb.rules.iterated_inverses import IteratedInverses
from nofb.types import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nofb.plots import Picture

CONSTANTS = (0.3, 0.6, 0.9, 1.1)
LESSONS = (150, 300, 600)
UNITS, WIDE, SAMPLES, ITERATIONS = 20, 60, 50, 12
LOWEST = 1e-6  # of the figure
HEADING = "An iterated inverse contracts by its Lipschitz constant, and diverges beyond 1"


def tasks(epochs: int | None = None) -> list[dict[str, Any]]:
    """Return a run for each constant, and for each number of inverse steps; none has epochs.

    Examples
    --------
    >>> tasks()[0]
    {'part': 'contraction', 'constant': 0.3}
    >>> tasks()[-1]
    {'part': 'contraction', 'lessons': 600}
    """
    linear = [{"part": "contraction", "constant": constant} for constant in CONSTANTS]
    learned = [{"part": "contraction", "lessons": lessons} for lessons in LESSONS]
    return [*linear, *learned]


def contraction(task: Task) -> dict[str, Any]:
    """Iterate one inverse.

    Returns
    -------
    dict
        "error": ‖h^(k) - h*‖ divided by its start, for every k, the largest of all samples.
        "residual": the same for ‖f(h^(k)) - t‖. "constant": the largest Lipschitz constant of g ∘ f
        - id on the path.
    """
    rng = np.random.default_rng(0)
    f, g = wrong_by(task["constant"], rng) if "constant" in task else taught(task["lessons"], rng)
    solution = rng.standard_normal((SAMPLES, UNITS)) / 2
    start = solution + 0.1 * rng.standard_normal(solution.shape)
    path = iterates(f, g, f(solution), start)
    errors = np.array([np.linalg.norm(h - solution, axis=1) for h in path])
    residuals = np.array([np.linalg.norm(f(h) - f(solution), axis=1) for h in path])
    between = np.concatenate([solution + s * (h - solution) for h in path for s in (0, 0.5, 1)])
    return {
        "error": (errors / errors[0]).max(axis=1).tolist(),
        "residual": (residuals / residuals[0]).max(axis=1).tolist(),
        "constant": float(lipschitz(f, g, between).max()),
    }


def iterates(f: Dense, g: Inverse, t: Array, start: Array) -> list[Array]:
    """Return h^(0) ... h^(K)."""
    path, rule = [start], IteratedInverses(iterations=1)
    for _ in range(ITERATIONS):
        path.append(rule.target_below(f, g, path[-1], t, t))
    return path


def wrong_by(constant: float, rng: np.random.Generator) -> tuple[Dense, Inverse]:
    """Return a linear layer, and an inverse with g ∘ f = id + ρ times a rotation."""
    W = orthogonal(rng, UNITS, UNITS) * 1.5
    rotation = orthogonal(rng, UNITS, UNITS)
    exact = np.linalg.inv(W)
    return layer(W), Inverse(exact @ (np.eye(UNITS) + constant * rotation))


def taught(lessons: int, rng: np.random.Generator) -> tuple[Dense, Inverse]:
    """Return a tanh layer with more outputs than inputs, and an inverse trained on some batches."""
    W = 0.5 * orthogonal(rng, UNITS, WIDE)
    f = layer(W, "tanh")
    g = Inverse(0.1 * orthogonal(rng, WIDE, UNITS))
    optimizer = Adam(lr=1e-3)
    for _ in range(lessons):
        h = rng.standard_normal((SAMPLES, UNITS))
        z = f(h)
        guess = g(z)
        dB, dc = g.gradient([Use(z, guess, guess - h)])
        optimizer.step("B", g.B, dB)
        optimizer.step("c", g.c, dc)
    return f, g


def layer(W: Array, activation: str | None = None) -> Dense:
    """Return a dense layer with these weights and no bias."""
    made = Dense(W.shape[0], W.shape[1], activation, bias=False)
    made.draw(np.random.default_rng(0), np.float64)
    made.W = W
    return made


def tables(records: Sequence[Record]) -> dict[str, Rows]:
    """Return a row for each inverse: its constant, the remaining error, and the bound."""
    rows = [["layer, inverse", "Lip(g ∘ f - id)", "error after 1", "after 4", "after 12 (bound)"]]
    for record in records:
        task, result = record["task"], record["result"]
        learned = "lessons" in task
        name = (
            f"tanh, {task['lessons']} inverse steps" if learned else "linear, wrong by a rotation"
        )
        error, constant = result["error"], result["constant"]
        last = f"{error[12]:.2g} ({constant**12:.2g})"
        rows.append([name, f"{constant:.3f}", f"{error[1]:.3g}", f"{error[4]:.3g}", last])
    return {HEADING: rows}


def lines(records: Sequence[Record]) -> Rows:
    """Return every error and residual."""
    rows = [["constant", "lessons", "lipschitz", "iteration", "error", "residual"]]
    for record in records:
        task, result = record["task"], record["result"]
        for k, (error, residual) in enumerate(
            zip(result["error"], result["residual"], strict=True)
        ):
            values = [task.get("constant"), task.get("lessons"), result["constant"], k]
            rows.append([short(value) for value in [*values, error, residual]])
    return rows


def figure(records: Sequence[Record]) -> Picture:
    """Draw ‖h^(k) - h*‖ over iterations, measured and bounded by Lip^k.

    The left panel has linear layers, whose error equals the bound; the right one has tanh layers
    with learned inverses, whose error is below it. Points are measured.
    """
    from nofb.plots.picture import Picture  # late: matplotlib loads slowly
    from nofb.plots.style import using

    with using("light") as colours:
        picture = Picture(10.4, 4.4, colours)
        left, right = picture.subplots(1, 2, sharey=True)
        linear = [record for record in records if "constant" in record["task"]]
        learned = [record for record in records if "lessons" in record["task"]]
        _panel(left, linear, lambda record: f"Lip {record['task']['constant']:g}")
        _panel(right, learned, lambda record: f"{record['task']['lessons']} steps: "
               f"Lip {record['result']['constant']:.2f}")  # fmt: skip
        left.set_title("a linear layer; its inverse is wrong by a rotation")
        left.set_ylabel("‖h - h*‖ / its start (logarithmic)\nlines: Lipᵏ; points: measured")
        right.set_title("a tanh layer; its inverse learned from noise")
    return picture


def _panel(axes: Axes, records: Sequence[Record], name: Callable[[Record], str]) -> None:
    from nofb.plots.labels import label_ends  # late, as above
    from nofb.plots.style import HUES, OKABE_ITO

    ends = {}
    for record, hue in zip(records, HUES, strict=False):
        colour, errors = OKABE_ITO[hue], np.array(record["result"]["error"])
        k = np.arange(len(errors))
        bound = record["result"]["constant"] ** k
        seen = bound >= LOWEST
        axes.plot(k[seen], bound[seen], color=colour, linewidth=1.4, label=name(record))
        axes.plot(k[seen], errors[seen], "o", color=colour, label=f"_{name(record)}, measured")
        ends[name(record)] = (float(k[seen][-1]), float(bound[seen][-1]), colour)
    axes.set_yscale("log")
    axes.set_ylim(LOWEST, 10)
    axes.set_xlabel("k, iterations")
    label_ends(axes, ends)


PART = Part(
    "contraction",
    tasks,
    contraction,
    tables,
    lines,
    numbers="inverse_contraction",
    figure=figure,
    image="inverse_contraction",
    trains=False,
)
