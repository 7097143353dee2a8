"""Pictures of chapter 1: slopes, a check of the gradient, and steps with momentum."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from nofb.course.chapters.draws import softmax
from nofb.course.pictures.drawn import COLOURS, drawn
from nofb.course.yours import Yours
from nofb.plots import Picture
from nofb.types import Array


@drawn
def slopes(logistic: Yours, tanh: Yours, relu: Yours) -> Picture:
    """Draw three activations and their slopes: by your functions, and by differences."""
    a, step = np.linspace(-4, 4, 160), 1e-5  # without 0, where a rectified unit has no slope
    functions: dict[str, tuple[Callable[[Array], Array], Yours]] = {
        "logistic": (lambda a: 1 / (1 + np.exp(-a)), logistic),
        "tanh": (np.tanh, tanh),
        "rectified": (lambda a: np.maximum(a, 0), relu),
    }
    picture = Picture(10.5, 3.0)
    for axes, (name, (f, answer)) in zip(
        picture.subplots(1, 3, sharey=True), functions.items(), strict=True
    ):
        axes.plot(a, f(a), color=picture.theme.faint, lw=1, label="h = f(a)")
        axes.plot(a, answer(np.ones_like(a), f(a)), color=COLOURS[0], lw=2, label="your slope")
        measured = (f(a + step) - f(a - step))[5::10] / (2 * step)
        axes.plot(a[5::10], measured, "o", color=COLOURS[1], ms=4, label="by differences")
        axes.set(title=name, xlabel="a", ylim=(-1.1, 1.6))
    picture.axes[0].legend(loc="upper left")
    return picture


@drawn
def gradient_check(send_back: Yours, weight_update: Yours, tanh: Yours) -> Picture:
    """Draw every entry of the update of two layers beside the gradient, by differences."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(7, 5)), np.eye(3)[rng.integers(0, 3, 7)]
    weights = [rng.normal(size=(5, 4)), rng.normal(size=(4, 3))]
    found = backprop(x, y, weights, send_back, weight_update, tanh)
    measured = [differences(x, y, weights, layer) for layer in range(2)]
    picture = Picture(8.0, 3.6)
    for number, (axes, ours, true) in enumerate(
        zip(picture.subplots(1, 2), found, measured, strict=True), 1
    ):
        limit = 1.1 * max(abs(ours).max(), abs(true).max())
        axes.axline((0, 0), slope=1, color=picture.theme.faint, lw=1)
        axes.plot(true.ravel(), ours.ravel(), "o", color=COLOURS[0], ms=4)
        axes.set(xlabel="∂L/∂W by differences", title=f"W{'₁₂'[number - 1]}: off by at most "
                 f"{abs(ours - true).max():.0e}", aspect="equal")  # fmt: skip
        axes.set(xlim=(-limit, limit), ylim=(-limit, limit))
    picture.axes[0].set_ylabel("ΔW by your functions")
    return picture


def backprop(
    x: Array, y: Array, weights: list[Array], send_back: Yours, weight_update: Yours, tanh: Yours
) -> list[Array]:
    """Return ΔW of two layers, computed with a student's functions."""
    h = np.tanh(x @ weights[0])
    e = softmax(h @ weights[1]) - y
    delta = tanh(send_back(e, weights[1]), h)
    updates = []
    for below, signal, W in ((x, delta, weights[0]), (h, e, weights[1])):
        dW, db = np.zeros_like(W), np.zeros(W.shape[1])
        weight_update(below, signal, len(x), dW, db)
        updates.append(dW)
    return updates


def differences(x: Array, y: Array, weights: list[Array], layer: int) -> Array:
    """Return ∂L/∂W of one layer by central differences."""
    step, slope = 1e-6, np.empty_like(weights[layer])

    def loss() -> float:
        output = softmax(np.tanh(x @ weights[0]) @ weights[1])
        return float(-(y * np.log(output)).sum() / len(x))

    for place in np.ndindex(slope.shape):
        kept = weights[layer][place]
        weights[layer][place] = kept + step
        above = loss()
        weights[layer][place] = kept - step
        slope[place] = (above - loss()) / (2 * step)
        weights[layer][place] = kept
    return slope


@drawn
def valley(momentum: Yours, steps: int = 40) -> Picture:
    """Draw the path of your optimizer in a narrow valley, for three values of μ."""
    curvature = np.array([[0.1, 2.0]])
    u, v = np.meshgrid(np.linspace(-5, 5, 120), np.linspace(-2.2, 2.2, 80))
    height = 0.05 * u**2 + v**2
    picture = Picture(10.5, 2.8)
    for axes, mu, colour in zip(
        picture.subplots(1, 3, sharey=True), (0.0, 0.6, 0.9), COLOURS, strict=False
    ):
        axes.contour(u, v, height, levels=10, colors=[picture.theme.faint], linewidths=0.5)
        W, speed = np.array([[-4.5, 1.5]]), np.zeros((1, 2))
        path = [W[0].copy()]
        for _ in range(steps):
            momentum(W, curvature * W, speed, 0.4, mu)
            path.append(W[0].copy())
        for before, after in pairwise(path):
            axes.plot(*np.transpose([before, after]), color=colour, lw=1)
        axes.plot(*np.transpose(path), ".", color=colour)
        left = float((curvature * W**2).sum() / 2)
        axes.set(title=f"μ = {mu:g}: height {left:.1e} at the end", xlim=(-5, 5), ylim=(-2.2, 2.2))
        axes.grid(visible=False)
    return picture
