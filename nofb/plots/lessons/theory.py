"""What was measured beside what a formula predicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nofb.plots.curves import percent
from nofb.plots.lessons.parts import COLOURS, colours_of, degrees
from nofb.plots.picture import Picture
from nofb.plots.style import Theme, look, using
from nofb.types import Array

FEW = 40  # points that are drawn as dots


def with_theory(
    found: Mapping[str, tuple[Sequence[float] | Array, Any]],
    across: str,
    up: str,
    x: Sequence[float] | Array | None = None,
    top: float | None = 95,
    legend: str | None = None,
) -> Picture:
    """Draw measured values, and in the same colour what theory predicts.

    Parameters
    ----------
    found
        For each name the measured values, and the predicted ones: as many, or one limit, or `None`.
        Up to forty measured values are dots and their theory is a line; more are a line, and their
        theory is dashed.
    across, up
        What the axes show.
    x
        Of the values; by default 0, 1, 2, ...
    top
        The end of an axis of degrees; with `None` the axis is logarithmic.
    legend
        A title of the legend.

    Examples
    --------
    >>> picture = with_theory({"λ = 0.1": ([90, 60, 45], 40)}, "step", "angle")
    >>> [line.get_ydata().tolist() for line in picture.axes[0].lines[:2]]
    [[90, 60, 45], [40, 40, 40]]
    """
    with using() as theme:
        picture = Picture(7.4, 3.7, theme)
        axes = picture.subplots()
        colours = colours_of(found, theme)
        for name, (measured, predicted) in found.items():
            places = np.arange(len(measured)) if x is None else np.asarray(x)
            dots = len(measured) <= FEW
            axes.plot(places, measured, "o" if dots else "-", color=colours[name], label=name)
            if predicted is not None:
                theory = np.broadcast_to(predicted, places.shape)
                axes.plot(places, theory, "-" if dots else "--", color=colours[name], lw=1)
        if top is None:
            axes.set_yscale("log")
        else:
            degrees(axes, top, theme)
        axes.set(xlabel=across, ylabel=up)
        axes.legend(title=legend, title_fontsize=9)
    return picture


def alignment_law(
    steps: Array, inner: Array, half: Array, signals: Array, matrices: Array,
    predicted: Array, band: tuple[float, float],
) -> Picture:  # fmt: skip
    """Draw the part of W₂ along Bᵀ and the angles of a linear network, beside the law for both.

    Parameters
    ----------
    steps
        (points,)
    inner, half
        ⟨W₂, Bᵀ⟩, and ½‖W₁‖², which it must be (points,).
    signals, matrices, predicted
        The angle of e B to e W₂ᵀ, that of Bᵀ to W₂, and the latter by the law (points - 1,): at
        the first step W₂ is zero and has no angle.
    band
        The angles of chance.
    """
    with using() as theme:
        picture = Picture(10, 3.6, theme)
        law, angles = picture.subplots(1, 2)
        law.plot(steps, inner, color=COLOURS[0], label="⟨W₂, Bᵀ⟩, measured")
        law.plot(steps[::4], half[::4], "o", color=COLOURS[1], label="½‖W₁‖²")
        law.set(xlabel="step", title="the part of W₂ along Bᵀ")
        law.legend()
        angles.axhspan(*band, color=theme.band, linewidth=0)
        angles.plot(steps[1:], signals, color=COLOURS[2], label="e B to e W₂ᵀ, measured")
        angles.plot(steps[1:], matrices, color=COLOURS[0], label="Bᵀ to W₂, measured")
        angles.plot(
            steps[1::4], predicted[::4], "o", color=COLOURS[1], label="from the length of W₁"
        )
        degrees(angles, 105, theme)
        angles.set(xlabel="step", title="angles")
        angles.legend(loc=(0.35, 0.45))
    return picture


def lengths_and_angles(
    found: Mapping[str, tuple[Array, Array, Array, Array]], every: int = 50
) -> Picture:
    """Draw ‖W‖ and ‖W - Bᵀ‖, and the angle between W and Bᵀ, over steps.

    Parameters
    ----------
    found
        For each name ‖W‖, ‖W - Bᵀ‖, the measured angle and the predicted one (steps + 1,).
    every
        A measured angle is a dot at every so many steps.
    """
    with using() as theme:
        picture = Picture(10, 3.8, theme)
        lengths, angles = picture.subplots(1, 2)
        for name, colour in zip(found, COLOURS, strict=False):
            length, gap, measured, predicted = found[name]
            lengths.plot(length, color=colour)
            lengths.plot(gap, color=colour, linestyle="--")
            angles.plot(predicted, color=colour, label=name)
            angles.plot(range(0, len(measured), every), measured[::every], "o", color=colour)
        lengths.set(xlabel="step", title="length of W (solid) and of W - Bᵀ (dashed)", ylim=(0, 18))
        degrees(angles, 95, theme)
        angles.set(xlabel="step", title="angle between W and Bᵀ")
        angles.legend()
    return picture


def lengths_of_signals(
    found: Mapping[str, tuple[Sequence[float], Sequence[float] | None]], title: str
) -> Picture:
    """Draw the length of δ in every layer for each rule, and as a line what theory predicts."""
    with using() as theme:
        picture = Picture(8.6, 3.8, theme)
        axes = picture.subplots()
        for name, (sizes, predicted) in found.items():
            style, layers = look(name, theme), range(1, len(sizes) + 1)
            axes.plot(layers, sizes, style.marker or ".", color=style.colour, label=name)
            if predicted is not None:
                axes.plot(layers, predicted, color=style.colour, lw=1)
            axes.set_xticks(range(1, len(sizes) + 1, 5))
        axes.set(yscale="log", ylim=(1e-8, 1e4), ylabel="length of δ", title=title)
        axes.set_xlabel(f"layer ({len(sizes)}: the output, where δ is the error)")
        axes.legend(loc="lower right")
    return picture


def wrong_signs(
    rights: Array, accuracy: Sequence[float], controls: Mapping[str, float],
    theory: Array, before: Sequence[float], after: Sequence[float],
) -> Picture:  # fmt: skip
    """Draw the final accuracy, and the angle of B to Wᵀ, over the fraction of right signs.

    Parameters
    ----------
    rights
        The fractions (points,).
    accuracy
        At the end, for each fraction.
    controls
        The accuracy of each of some rules.
    theory, before, after
        The angle, in degrees: by theory and as measured before training, and after training.
    """
    with using() as theme:
        picture = Picture(9.6, 3.6, theme)
        ends, angles = picture.subplots(1, 2)
        for name, height in controls.items():
            style = look(name, theme)
            ends.axhline(height, color=style.colour, ls=style.line, lw=1.5, label=name)
        ends.plot(rights, accuracy, "-o", color=COLOURS[2], label="some signs wrong")
        ends.set(title="test accuracy at the end", ylim=(0, 1.02))
        percent(ends)
        ends.legend(loc="lower right")
        _angles_of_signs(angles, theme, rights, theory, before, after)
        for axes in (ends, angles):
            axes.set(xlabel="fraction of right signs")
            axes.xaxis.set_major_formatter("{x:.0%}")
    return picture


def _angles_of_signs(axes: Any, theme: Theme, rights: Array, *found: Any) -> None:
    """Draw the second panel of `wrong_signs`."""
    theory, before, after = found
    axes.plot(rights, theory, color=theme.ink, lw=1, label="theory, before training")
    axes.plot(rights, before, "o", color=COLOURS[0], label="before training")
    axes.plot(rights, after, "-o", color=COLOURS[2], label="after training")
    degrees(axes, 180, theme)
    axes.set_title("B to Wᵀ, mean over the layers")
    axes.legend()
