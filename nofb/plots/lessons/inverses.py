"""Lessons 07 and 08: inverses that reconstruct, and what they do to targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from nofb.plots.lessons.parts import COLOURS, degrees
from nofb.plots.picture import Picture
from nofb.plots.style import Theme, using
from nofb.types import Array


def reconstructions(images: Array, guesses: Array, losses: Sequence[float], steps: int) -> Picture:
    """Draw the reconstruction loss so far, and some images above their reconstructions.

    Parameters
    ----------
    images, guesses
        Square images, with values from -1 to 1 (images, pixels).
    losses
        After each step.
    steps
        The end of the axis.
    """
    with using() as theme:
        picture = Picture(9.6, 2.6, theme)
        axes, panel = picture.subplots(1, 2, width_ratios=[1, 1.9])
        axes.plot(range(1, len(losses) + 1), losses, color=COLOURS[2])
        axes.set(xscale="log", yscale="log", xlim=(1, steps), ylim=(1, 40))
        axes.set(xlabel="step", title="½‖reconstruction - input‖²")
        rows = [np.hstack([_framed(each) for each in row]) for row in (images, guesses)]
        panel.imshow(np.vstack(rows), cmap="gray", vmin=-1, vmax=1)
        panel.axis("off")
    return picture


def _framed(pixels: Array) -> Array:
    """Return a square image with a white frame."""
    side = round(len(pixels) ** 0.5)
    return np.pad(pixels.reshape(side, side), 1, constant_values=1)


def changes(h: Array, ways: Mapping[str, Array]) -> Picture:
    """Draw for each way, in a panel, how states of two units change.

    Parameters
    ----------
    h
        The states (N, 2).
    ways
        For each title the change of each state (N, 2).
    """
    with using() as theme:
        picture = Picture(3.2 * len(ways), 3.5, theme)
        grid = picture.subplots(1, len(ways), squeeze=False)[0]
        colours = [COLOURS[place] for place in (2, 1, 0)]  # exact, tp, dtp
        for axes, colour, (name, change) in zip(grid, colours, ways.items(), strict=True):
            axes.plot(*h.T, "x", color=theme.faint, ms=3)
            axes.quiver(*h.T, *change.T, color=colour, angles="xy", scale_units="xy", scale=1)
            axes.set_title(name)
            plane(axes, (-1.6, 1.6), (-1.6, 1.6))
        grid[0].set_ylabel("second unit")
    return picture


def plane(axes: Axes, across: tuple[float, float], up: tuple[float, float]) -> None:
    """Make a panel the plane of two units."""
    axes.set(xlim=across, ylim=up, aspect="equal", xlabel="first unit")
    axes.set(xticks=[-1, 0, 1], yticks=[-1, 0, 1])


def near_and_far(
    steps: Array, found: Mapping[str, Sequence[tuple[Sequence[float], Sequence[float]]]]
) -> Picture:
    """Draw length and angle of the signals of two rules over the step size of targets.

    Parameters
    ----------
    steps
        The step sizes η̂ (points,).
    found
        For each rule, and each layer, the length over backprop's and the angle to it (points,).
    """
    with using() as theme:
        picture = Picture(9.6, 3.8, theme)
        lengths, angles = picture.subplots(1, 2)
        for colour, (name, layers) in zip((COLOURS[1], COLOURS[0]), found.items(), strict=True):
            for number, (ratio, turned) in enumerate(layers):
                drawn = {"color": colour, "alpha": 1 - 0.3 * number}
                lengths.plot(steps, ratio, **drawn, label=f"{name}, layer {number + 1}")
                angles.plot(steps, turned, **drawn)
        lengths.set(xscale="log", yscale="log", title="length of δ, over backprop's", xlabel="η̂")
        degrees(angles, 110, theme)
        angles.set(xscale="log", title="angle of δ to backprop's", xlabel="η̂")
        lengths.legend()
    return picture


def converging(path: Array, solution: Array, rho: float) -> Picture:
    """Draw the iterates of a layer of two units, and their errors beside ρᵏ.

    Parameters
    ----------
    path
        h⁽⁰⁾, h⁽¹⁾, ... (iterations + 1, 2).
    solution
        Where they should end (2,).
    rho
        The length of the error of the inverse.
    """
    errors = np.linalg.norm(path - solution, axis=1)
    k = np.arange(len(path))
    with using() as theme:
        picture = Picture(9.6, 4, theme)
        states, law = picture.subplots(1, 2, width_ratios=[1, 1.3])
        _path(states, path, solution, theme)
        law.plot(k, errors, "o", color=COLOURS[1], label="‖h⁽ᵏ⁾ - h*‖, measured")
        times = "ρᵏ times the first error"
        law.plot(k, errors[0] * float(rho) ** k, color=theme.ink, lw=1, label=times)
        law.set(yscale="log", ylim=(1e-6, 30), xlabel="iteration k", title=f"ρ = {rho:g}")
        law.set_xticks(range(0, len(path), 5))
        law.legend(loc="lower left")
    return picture


def _path(axes: Axes, path: Array, solution: Array, theme: Theme) -> None:
    """Draw the iterates in the plane, with the names of the first three."""
    axes.plot(*path.T, "-o", color=COLOURS[1], ms=4, lw=1)
    axes.plot(*solution, "+", color=theme.ink, ms=14)
    for k, state in enumerate(path[:3]):
        away = 20 * (state - solution) / np.linalg.norm(state - solution)
        name = f"h⁽{'⁰¹²'[k]}⁾"
        axes.annotate(name, state, away, textcoords="offset points", ha="center", va="center")
    plane(axes, (-1.6, 1.6), (-1.6, 1.6))
    axes.set_title("states below the layer")
