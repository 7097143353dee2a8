"""Pictures of chapter 8: pooling, patches, attention's derivative, and what a task selects."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

import nofb
from nofb.course.pictures.drawn import COLOURS, drawn
from nofb.course.yours import Yours, results_of
from nofb.plots import Picture
from nofb.plots.style import WHITE
from nofb.types import Array


def image(axes: Axes, array: Array, title: str) -> None:
    """Show an array as an image, with its numbers if there are few."""
    axes.imshow(array, cmap="cividis")
    axes.set(title=title, xticks=[], yticks=[])
    axes.grid(visible=False)
    if array.size <= 64:
        middle = (array.max() + array.min()) / 2
        for (y, x), value in np.ndenumerate(array):
            axes.text(x, y, f"{round(value, 2):g}", ha="center", va="center", fontsize=7,
                      color=WHITE if value <= middle else "black")  # fmt: skip


@drawn
def pooling(avg_pool: Yours, to_windows: Yours) -> Picture:
    """Draw a digit, its means over 2 x 2 pixels, and what goes back to the pixels."""
    digit = nofb.datasets.load("digits").x_test[0].reshape(1, 8, 8, 1).astype(float)
    pooled = results_of(avg_pool, digit, (2, 2), (2, 2), np.zeros((1, 4, 4, 1)))[-1]
    back = results_of(to_windows, pooled, (2, 2), (2, 2), np.zeros((1, 8, 8, 1)))[-1]
    picture = Picture(9.6, 3.4)
    titles = ("a digit", "pooled", "the pooled map, sent back")
    for axes, array, title in zip(
        picture.subplots(1, 3), (digit, pooled, back), titles, strict=True
    ):
        image(axes, array[0, :, :, 0], title)
    return picture


@drawn
def overlaps(scatter: Yours) -> Picture:
    """Draw how many patches hold each pixel: every patch sends back ones."""
    picture = Picture(8.0, 3.2)
    for axes, size in zip(picture.subplots(1, 3), (1, 2, 3), strict=True):
        count = 7 - size
        ones = np.ones((1, count, count, size, size))
        maps = results_of(scatter, ones, 1, 1, np.zeros((1, 6, 6)))[-1]
        image(axes, maps[0], f"patches of {size} x {size}")
    return picture


@drawn
def competition(normalise: Yours, softmax_back: Yours) -> Picture:
    """Draw attention weights, a signal on one of them, and the signal on the scores."""
    scores = np.random.default_rng(0).normal(size=(1, 1, 1, 6))
    A = results_of(normalise, np.exp(scores))[0]
    dA = np.zeros_like(A)
    dA[..., 2] = 1.0
    found = results_of(softmax_back, A, dA, 1.0)[-1]
    picture = Picture(9.6, 2.8)
    rows = {"attention weights": A, "signal: more of token 3": dA, "signal on the scores": found}
    for axes, (title, array), colour in zip(
        picture.subplots(1, 3), rows.items(), COLOURS, strict=False
    ):
        axes.bar(range(1, 7), array.ravel(), color=colour)
        axes.axhline(0, color=picture.theme.ink, lw=0.8)
        axes.set(title=f"{title}: sum {array.sum():.2g}", xlabel="token")
    return picture


@drawn
def task(feature_selection: Yours, steered_attention: Yours) -> Picture:
    """Draw what a task selects among 36 tokens, and the values that it changes."""
    z, shape = scene(), (6, 6)
    picture = Picture(10.5, 5.0)
    axes = picture.subplots(2, 4)
    names = ("the sun", "the house", "both", "neither")
    tasks = np.array([[1.0, 0, 0], [0, 1.0, 0], [1.0, 1.0, 0], [-1.0, -1.0, 0.2]])
    for (up, down), name, xi in zip(axes.T, names, tasks, strict=True):
        u = np.asarray(feature_selection(z, xi, np.eye(3)))
        plain, steered = (
            np.asarray(steered_attention(z, strength * u, np.eye(3), np.eye(3), np.eye(3)))
            for strength in (0.0, 1.0)
        )
        image_of_tokens(up, np.linalg.norm(u, axis=1).reshape(shape), f"task: {name}")
        change = np.linalg.norm(steered - plain, axis=1).reshape(shape)
        image_of_tokens(down, change, "change of the output")
    axes[0, 0].set_ylabel("selected")
    axes[1, 0].set_ylabel("second pass")
    return picture


def image_of_tokens(axes: Axes, array: Array, title: str) -> None:
    """Show one number for each token."""
    axes.imshow(array, cmap="cividis", vmin=0, vmax=max(1.0, float(array.max())))
    axes.set(title=title, xticks=[], yticks=[])
    axes.grid(visible=False)


def scene() -> Array:
    """Return 36 tokens of three features: a sun at the top left, a house at the bottom right."""
    z = np.zeros((6, 6, 3))
    z[..., 2] = 0.3
    z[:2, :2] = [1.5, 0.1, 0.2]
    z[3:, 3:] = [0.1, 1.5, 0.2]
    return z.reshape(36, 3)
