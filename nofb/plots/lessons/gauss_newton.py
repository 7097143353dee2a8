"""Lesson 08: the directions of Gauss-Newton and of the gradient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from nofb.plots.lessons.course_of_training import draw_accuracies
from nofb.plots.lessons.inverses import plane
from nofb.plots.lessons.parts import COLOURS, colours_of
from nofb.plots.picture import Picture
from nofb.plots.style import using
from nofb.training import History
from nofb.types import Array

Arrows = Mapping[str, tuple[Array, Array]]  # for each label, the start (2,) and the change (2,)


def directions(
    h: Array, J: Array, two_outputs: Arrows, solutions: Array, one_output: Arrows
) -> Picture:
    """Draw how a state of two units can change so that the output has no error.

    Parameters
    ----------
    h
        The state (2,).
    J
        The Jacobian of two outputs (2, 2), of which ellipses of equal error are drawn.
    two_outputs
        Arrows of the first panel.
    solutions
        The ends of the line of all solutions for one output (2, 2).
    one_output
        Arrows of the second panel.
    """
    with using() as theme:
        picture = Picture(9.6, 4.2, theme)
        two, one = picture.subplots(1, 2)
        x, y = np.meshgrid(np.linspace(-1.6, 1.2, 200), np.linspace(-1, 1.2, 200))
        error = np.linalg.norm(np.stack([x, y], axis=-1) @ J.T, axis=-1)
        levels = np.linalg.norm(J @ h) * np.array([0.25, 0.5, 0.75, 1, 1.25, 1.5])
        two.contour(x, y, error, levels=levels, colors=[theme.faint], linewidths=0.7)
        one.plot(*solutions.T, "--", color=theme.faint)
        for axes, arrows, hues in ((two, two_outputs, (0, 3)), (one, one_output, (3, 1, 2))):
            for (label, (start, change)), hue in zip(arrows.items(), hues, strict=True):
                _arrow(axes, start, change, COLOURS[hue], label)
            axes.plot(*h, "o", color=theme.ink)
            plane(axes, (-1.6, 1.2), (-1, 1.2))
            axes.legend(loc="upper right")
        two.set_ylabel("second unit")
    return picture


def _arrow(axes: Axes, start: Array, change: Array, colour: str, label: str) -> None:
    style = {"arrowstyle": "-|>", "color": colour, "lw": 2, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", tuple(start + change), tuple(start), arrowprops=style)
    axes.plot([], [], color=colour, lw=2, label=label)


def singular_values(values: Mapping[str, Array], colours: Sequence[str], legend: str) -> Picture:
    """Draw the singular values of each layer's Jacobian, largest first, on a logarithmic scale."""
    with using() as theme:
        picture = Picture(6.8, 3.6, theme)
        axes = picture.subplots()
        for (name, each), colour in zip(values.items(), colours, strict=False):
            axes.plot(range(1, len(each) + 1), each, color=colour, label=name)
        axes.set(yscale="log", xlabel="direction", title="singular values of one layer's Jacobian")
        axes.legend(title=legend, loc="lower left")
    return picture


def step_angles(
    learned: Mapping[str, History], shown: Mapping[str, History], colours: Mapping[str, str]
) -> Picture:
    """Draw test accuracy, and the final weight steps between the gradient and Gauss-Newton.

    Parameters
    ----------
    learned
        The histories of the first panel.
    shown
        Those of the second panel: for each hidden layer, from the last to the first, the angle to
        the gradient and that to Gauss-Newton's step.
    colours
        For names that are no rules.
    """
    with using() as theme:
        picture = Picture(10.4, 4.4, theme)
        accuracy, angles = picture.subplots(1, 2, width_ratios=[1.2, 1])
        draw_accuracies(accuracy, learned, "test accuracy", theme, colours)
        own = {**colours_of(shown, theme), **colours}
        for name, history in shown.items():
            measures = ("step_angle", "gauss_newton_angle")
            across, up = (history[measure][-1, -2::-1] for measure in measures)
            angles.plot(across, up, "-o", color=own[name], ms=4)
            angles.plot(across[-1], up[-1], "o", color=own[name], ms=8, mfc=theme.paper)
            side: dict[str, Any] = {"xytext": (8, 4)}
            if name == "itp_drl":  # its name would cover another
                side = {"xytext": (-8, 4), "ha": "right"}
            end = (across[-1], up[-1])
            angles.annotate(name, end, color=own[name], textcoords="offset points", **side)
        angles.set(xlabel="angle of the weight step to the gradient", ylabel="to Gauss-Newton's")
        angles.set(xlim=(-4, 112), ylim=(-4, 100), xticks=range(0, 91, 30), yticks=range(0, 91, 30))
        angles.set(title="last to first hidden layer (the ring)", aspect="equal")
        angles.xaxis.set_major_formatter("{x:g}°")
        angles.yaxis.set_major_formatter("{x:g}°")
    return picture
