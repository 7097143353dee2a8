"""Pictures of chapter 7: the error of an inverse, its iteration, and the smallest change."""

from __future__ import annotations

import numpy as np

from nofb.course.pictures.drawn import COLOURS, drawn
from nofb.course.yours import Yours
from nofb.plots import Picture
from nofb.types import Array

A = np.array([[1.0, 0.4], [-0.3, 0.9]])


def inexact(h: Array) -> Array:
    """Return what an inverse of h = x A makes of h, if it is wrong by a fifth and by an offset."""
    return h @ np.linalg.inv(A) * 0.8 + np.array([0.25, -0.15])


@drawn
def targets(difference_target: Yours) -> Picture:
    """Draw where targets land, if the inverse is inexact: plain ones, and yours."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, size=(40, 2))
    t_above = x @ A + 0.15 * rng.normal(size=(40, 2))
    wanted = t_above @ np.linalg.inv(A)
    ways = {
        "plain: g(t)": inexact(t_above),
        "yours: h + g(t) - g(h)": difference_target(x, inexact(t_above), inexact(x @ A)),
    }
    picture = Picture(8.6, 4.0)
    for axes, (name, found) in zip(picture.subplots(1, 2, sharey=True), ways.items(), strict=True):
        found = np.asarray(found)
        off = np.linalg.norm(found - wanted, axis=1).mean()
        axes.plot(*x.T, "o", color=picture.theme.faint, ms=3, label="h below")
        axes.plot(*wanted.T, "o", color=COLOURS[2], ms=5, mfc="none", label="exact target")
        axes.quiver(*x.T, *(found - x).T, color=COLOURS[0], angles="xy", scale_units="xy",
                    scale=1, width=0.004)  # fmt: skip
        axes.set(title=f"{name}, off by {off:.2f}", aspect="equal", xlim=(-1.4, 1.4),
                 ylim=(-1.4, 1.4), xlabel="unit 1")  # fmt: skip
    picture.axes[0].set_ylabel("unit 2")
    picture.axes[0].legend(loc="upper left")
    return picture


@drawn
def iterations(improve: Yours) -> Picture:
    """Draw the error of a guess over iterations, for inverses that are wrong by more and more."""
    wanted = np.array([[0.6, -0.4]])
    picture = Picture(7.0, 3.4)
    axes = picture.subplots()
    for wrong, colour in zip((0.1, 0.5, 0.8, 1.1), COLOURS, strict=False):
        x, errors = np.zeros((1, 2)), []
        for _ in range(13):
            errors.append(max(float(np.linalg.norm(x - wanted)), 1e-16))
            reached = (1 - wrong) * x  # g(f(x)) of an inverse that is too short
            target = (1 - wrong) * wanted
            x = np.asarray(improve(x, target, reached, np.ones((1, 1))))
        axes.plot(errors, "-o", color=colour, ms=4, label=f"factor {wrong:g}")
    axes.set(yscale="log", xlabel="iteration", title="distance to the exact target")
    axes.legend(title="error of g", loc="lower left")
    return picture


@drawn
def smallest(gauss_newton: Yours) -> Picture:
    """Draw the changes of two units that move one output by e, and yours for some dampings."""
    J, e = np.array([[[0.8, 0.5]]]), np.array([[0.7]])
    line = np.linspace(-1.5, 2.0, 50)
    picture = Picture(8.4, 3.8)
    axes = picture.subplots()
    axes.plot(line, (e[0, 0] - J[0, 0, 0] * line) / J[0, 0, 1], "--", color=picture.theme.faint,
              label="all that move ŷ by e")  # fmt: skip
    for damping, colour in zip((0.0, 0.5, 2.0), COLOURS, strict=False):
        change = np.asarray(gauss_newton(J, e, damping))[0]
        axes.annotate("", change, (0, 0), arrowprops={"arrowstyle": "->", "color": colour, "lw": 2})
        axes.plot([], [], color=colour, lw=2, label=f"yours, λ = {damping:g}")
    axes.plot(0, 0, "o", color=picture.theme.ink)
    axes.set(xlim=(-1.0, 1.8), ylim=(-0.6, 1.6), aspect="equal", xlabel="change of unit 1")
    axes.set(ylabel="change of unit 2")
    axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1.0), handlelength=1.4)
    return picture
