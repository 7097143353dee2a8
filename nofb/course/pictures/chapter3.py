"""Pictures of chapter 3: learning from zero weights, and how many directions a signal has."""

from __future__ import annotations

import numpy as np
from matplotlib.colors import ListedColormap

from nofb.course.chapters.draws import error, softmax
from nofb.course.pictures.drawn import COLOURS, drawn
from nofb.course.yours import Yours
from nofb.plots import Picture
from nofb.types import Array

UNITS, CLASSES, STEPS = 16, 4, 8


@drawn
def from_zero(project: Yours) -> Picture:
    """Draw which weight matrices have moved, by backprop and by your direct feedback."""
    ways = {"backprop": lengths(None), "direct feedback, yours": lengths(project)}
    picture = Picture(8.0, 3.0)
    for axes, (name, found), colour in zip(
        picture.subplots(1, 2, sharey=True), ways.items(), COLOURS, strict=False
    ):
        colours = ListedColormap([picture.theme.band, colour])
        axes.pcolormesh(found > 1e-12, cmap=colours, vmin=0, vmax=1,
                        edgecolors=picture.theme.paper, lw=1.5)  # fmt: skip
        axes.set(title=name, xlabel="after step", aspect="equal")
        axes.set_xticks(np.arange(STEPS + 1) + 0.5, range(STEPS + 1))
        axes.set_yticks(np.arange(5) + 0.5, ["W₁", "W₂", "W₃", "W₄", "W₅"])
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
    return picture


def lengths(project: Yours | None) -> Array:
    """Return the length of each matrix after each step from zero weights (5, STEPS + 1)."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(20, UNITS)), np.eye(CLASSES)[rng.integers(0, CLASSES, 20)]
    weights = [np.zeros((UNITS, UNITS)) for _ in range(4)] + [np.zeros((UNITS, CLASSES))]
    feedback = [rng.normal(size=(CLASSES, UNITS)) for _ in range(4)]
    found = [[0.0] * 5]
    for _ in range(STEPS):
        h = [x]
        for W in weights[:-1]:
            h.append(np.tanh(h[-1] @ W))
        e = softmax(h[-1] @ weights[-1]) - y
        deltas = [e]
        for layer in reversed(range(4)):
            s = deltas[0] @ weights[layer + 1].T if project is None else project(e, feedback[layer])
            deltas.insert(0, np.asarray(s) * (1 - h[layer + 1] ** 2))
        for W, below, delta in zip(weights, h, deltas, strict=True):
            W -= 0.5 * below.T @ delta / len(x)
        found.append([float(np.linalg.norm(W)) for W in weights])
    return np.transpose(found)


@drawn
def directions(project: Yours) -> Picture:
    """Draw the singular values of a layer's signals, for 3, 5 and 10 classes."""
    rng = np.random.default_rng(0)
    picture = Picture(7.0, 3.2)
    axes = picture.subplots()
    for classes, colour in zip((3, 5, 10), COLOURS, strict=False):
        signals = np.asarray(project(error(rng, 200, classes), rng.normal(size=(classes, 40))))
        values = np.maximum(np.linalg.svd(signals, compute_uv=False)[:15], 1e-17)
        axes.plot(range(1, len(values) + 1), values / values[0], "-o", color=colour, ms=4,
                  label=f"{classes} classes")  # fmt: skip
    axes.set(yscale="log", ylim=(1e-18, 10), xlabel="direction")
    axes.set(title="size of 200 signals along each of their directions, 40 units")
    axes.legend()
    return picture
