"""What happens during training: accuracies, and the angles of signals and of matrices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from nofb.plots.curves import draw_rule, epoch_axis, percent
from nofb.plots.lessons.parts import colours_of, degrees
from nofb.plots.picture import Picture
from nofb.plots.style import Theme, look, using
from nofb.rules import RULES
from nofb.training import History
from nofb.types import Array

END_TO_END = "delta_angle_end_to_end"


def accuracies(
    histories: Mapping[str, History], title: str, colours: Mapping[str, str] | None = None
) -> Picture:
    """Draw test accuracy over epochs.

    Parameters
    ----------
    histories
        The history of each run; a rule's short name has the rule's style.
    title
        Of the figure.
    colours
        For names that are no rules.
    """
    with using() as theme:
        picture = Picture(6.8, 3.8, theme)
        draw_accuracies(picture.subplots(), histories, title, theme, colours)
    return picture


def draw_accuracies(
    axes: Axes, histories: Mapping[str, History], title: str, theme: Theme,
    colours: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    """Draw test accuracy over epochs into a panel; see `accuracies`."""
    others = {**colours_of(histories, theme), **(colours or {})}
    for name, history in histories.items():
        curve = history.from_start("test_accuracy")
        if name in RULES:
            draw_rule(axes, name, curve[None], theme)
        else:
            axes.plot(curve, color=others[name], lw=1.8, label=name)
    axes.set(title=title, ylim=(0, 1.02))
    percent(axes)
    epoch_axis(axes, max(history.epochs for history in histories.values()))
    axes.legend(loc="lower right", ncols=2, handlelength=3.2)


def accuracy_by_layer(
    histories: Mapping[str, History], title: str, lengths: bool = False
) -> Picture:
    """Draw test accuracy over epochs, and at every hidden layer the final angle to backprop.

    Parameters
    ----------
    histories
        The history of one run of each rule, by its short name.
    title
        Of the first panel.
    lengths
        Whether a third panel shows the length of the signal, divided by that of backprop's.

    Examples
    --------
    >>> import nofb
    >>> net = nofb.Network([nofb.Dense(64, 8), nofb.Dense(8, 10)])
    >>> run = nofb.fit(net, "fa", nofb.datasets.load("digits").flat(), epochs=1, progress=False)
    >>> [axes.get_title() for axes in accuracy_by_layer({"fa": run.history}, "digits").axes]
    ['digits', 'angle to backprop, at the end']
    """
    with using() as theme:
        picture = Picture(11.4 if lengths else 9.6, 3.6, theme)
        accuracy, angle, *length = picture.subplots(1, 3 if lengths else 2)
        draw_accuracies(accuracy, histories, title, theme)
        _last_by_layer(angle, histories, END_TO_END, theme)
        degrees(angle, 100, theme)
        angle.set_title("angle to backprop, at the end")
        for axes in length:
            _last_by_layer(axes, histories, "delta_norm_ratio", theme)
            axes.set(title="length / length of backprop", yscale="log", ylim=(1e-6, 1e3))
    return picture


def _last_by_layer(
    axes: Axes, histories: Mapping[str, History], measure: str, theme: Theme
) -> None:
    """Draw the last value of a measure at every hidden layer."""
    for name, history in histories.items():
        last, style = history[measure][-1, :-1], look(name, theme)
        layers = np.arange(1, len(last) + 1)
        axes.plot(layers, last, color=style.colour, ls=style.line, marker=style.marker or "o", ms=4)
        if len(layers) <= 10:
            axes.set_xticks(layers)
    axes.set_xlabel("hidden layer")


def accuracy_and_matrices(
    histories: Mapping[str, History], layers: Mapping[str, int] | None = None
) -> Picture:
    """Draw test accuracy over epochs, and the angle between B and Wᵀ of some layers.

    Parameters
    ----------
    histories
        The history of each run; a rule's short name has the rule's colour.
    layers
        The index of each layer, by what it is called; the first is drawn solid and the others
        dashed. By default the output layer alone.
    """
    layers = layers or {"output layer": -1}
    curves: dict[str, tuple[Any, Any, list[tuple[str, Any]]]] = {}
    for name, history in histories.items():
        angles = history.from_start("weight_angle")
        drawn = [(called, angles[:, layer]) for called, layer in layers.items()]
        known = [pair for pair in drawn if np.isfinite(pair[1]).any()]
        curves[name] = np.arange(1, history.epochs + 1), history["test_accuracy"], known
    return _two_panels(curves, "test accuracy", first=0)


def published_runs(logs: Mapping[str, Mapping[str, Array]]) -> Picture:
    """Draw a paper's own logs: test accuracy, and the angle of the output layer's B and Wᵀ."""
    curves: dict[str, tuple[Any, Any, list[tuple[str, Any]]]] = {}
    for name, log in logs.items():
        angles = [] if name == "bp" else [("output layer", np.asarray(log["weight_angle"]))]
        curves[name] = np.arange(1, len(log["loss"]) + 1), log["test_accuracy"], angles
    picture = _two_panels(curves, "test accuracy, as published", first=1)
    for axes in picture.axes:
        axes.set_xscale("log")
    picture.axes[0].set_ylim(0.85, 1)
    return picture


def _two_panels(
    curves: Mapping[str, tuple[Any, Any, Sequence[tuple[str, Any]]]], title: str, first: int
) -> Picture:
    """Draw for each name epochs, accuracies, and named angles from the `first` epoch on."""
    with using() as theme:
        picture = Picture(10, 3.8, theme)
        accuracy, angle = picture.subplots(1, 2)
        colours = colours_of(curves, theme)
        for name, (epochs, right, angles) in curves.items():
            accuracy.plot(epochs, right, color=colours[name], label=name)
            for place, (called, values) in enumerate(angles):
                line = {"color": colours[name], "ls": "--" if place else "-"}
                where = range(first, first + len(values))
                angle.plot(where, values, **line, label=f"{name}, {called}")
        degrees(angle, 95, theme)
        angle.set(title="angle between B and Wᵀ", xlabel="epoch")
        accuracy.set(title=title, xlabel="epoch")
        for axes in (accuracy, angle):
            axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        percent(accuracy)
        accuracy.legend(loc="lower right", ncols=1 + (len(curves) > 4))
        angle.legend()
    return picture
