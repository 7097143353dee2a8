"""A figure for notebooks that is updated during a run."""

from __future__ import annotations

import time
from importlib import import_module
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from nofb import checks
from nofb.diagnosis.chance import network_band
from nofb.plots import notebook
from nofb.plots.alignment import SIGNAL
from nofb.plots.curves import epoch_axis, percent
from nofb.plots.picture import Picture
from nofb.plots.style import HUES, OKABE_ITO, THEMES, Theme, full_name, using
from nofb.training import Callback, Run
from nofb.types import Array

PAUSE = 0.25  # seconds between two updates, at least; longer if drawing takes longer
NO_NOTEBOOK = (
    "LivePlot draws in a notebook, and this is none: leave it out of callbacks and plot run.history"
)


class LivePlot(Callback):
    """A callback for `nofb.fit` that shows loss, accuracy and angles during a run.

    Drawing must not take longer than training, so some epochs are not drawn; the last one always
    is.

    Parameters
    ----------
    epochs
        The number of epochs of the run, for a fixed axis; with `None` the axis grows.
    theme
        "light" or "dark"; by default that of `nofb.plots.use`.

    Raises
    ------
    ValueError
        If the theme is unknown.
    RuntimeError
        Before the first step, outside a notebook.

    Examples
    --------
    In a notebook: `nofb.fit(net, rule, data, callbacks=[nofb.plots.LivePlot()])`.
    """

    def __init__(self, epochs: int | None = None, theme: str | None = None) -> None:
        if theme is not None:
            checks.choice("theme", theme, THEMES)
        self.epochs, self.theme = epochs, theme
        self._run: Run | None = None
        self._handle: Any = None
        self._next = 0.0
        self._shown = 0

    def begin(self, run: Run) -> None:
        """Refuse to run outside a notebook."""
        _notebook()

    def __call__(self, run: Run) -> None:
        """Draw the run so far, unless the last update is too recent."""
        if run is not self._run:
            events = _notebook().events
            self._catch_up()
            self._run, self._handle, self._shown = run, None, 0
            # Only the notebook can tell when no epoch follows.
            events.register("post_run_cell", self._end_of_cell)
        last = run.history.epochs == self.epochs
        if last or self._handle is None or time.monotonic() >= self._next:
            self._catch_up()

    def _catch_up(self) -> None:
        """Draw the run, if there are new epochs."""
        if self._run is None or self._shown == self._run.history.epochs:
            return
        started = time.monotonic()
        picture = draw(self._run, self.epochs, self.theme)
        if self._handle is None:
            self._handle = import_module("IPython.display").display(picture, display_id=True)
        else:
            self._handle.update(picture)
        self._shown, ended = self._run.history.epochs, time.monotonic()
        self._next = ended + max(PAUSE, ended - started)

    def _end_of_cell(self, result: object = None) -> None:
        self._catch_up()
        self._run = None
        _notebook().events.unregister("post_run_cell", self._end_of_cell)


def draw(run: Run, epochs: int | None = None, theme: str | None = None) -> Picture:
    """Return a figure of one run so far: loss, accuracy, and the angles to backprop.

    Parameters
    ----------
    run
        A run with at least one epoch in its history. Panels without numbers are left out.
    epochs
        The length of the axis; `None` for the epochs so far.
    theme
        "light" or "dark"; by default that of `nofb.plots.use`.
    """
    history, panels = run.history, [_losses]
    if np.isfinite(history["test_accuracy"]).any():
        panels.append(_accuracies)
    if SIGNAL in history and np.isfinite(history[SIGNAL][:, :-1]).any():
        panels.append(_angles)
    with using(theme) as colours:
        picture = Picture(3.8 * len(panels), 3.4, colours)
        picture.suptitle(full_name(run.rule.name), fontsize=10)
        grid = picture.subplots(1, len(panels), squeeze=False)
        for axes, panel in zip(grid[0], panels, strict=True):
            panel(axes, run, colours)
            epoch_axis(axes, epochs or history.epochs)
            axes.legend()
    return picture


def _losses(axes: Axes, run: Run, theme: Theme) -> None:
    axes.set_title("Loss per sample")
    _line(axes, run.history["loss"], 1, "training (mean over the epoch)", 0)
    _line(axes, run.history.from_start("test_loss"), 0, "test", 1)


def _accuracies(axes: Axes, run: Run, theme: Theme) -> None:
    axes.set_title("Accuracy")
    _line(axes, run.history["train_accuracy"], 1, "training (mean over the epoch)", 0)
    _line(axes, run.history.from_start("test_accuracy"), 0, "test", 1)
    percent(axes)


def _angles(axes: Axes, run: Run, theme: Theme) -> None:
    axes.set_title("Angle of the teaching signal to backprop's")
    angles = run.history.from_start(SIGNAL)[:, :-1]
    bands = [network_band(run.net, layer) for layer in range(angles.shape[1])]
    alone = len(set(bands)) == 1  # else each layer has a band in its own colour
    for layer, (column, band) in enumerate(zip(angles.T, bands, strict=True)):
        colour = theme.band if alone else OKABE_ITO[HUES[layer % len(HUES)]]
        if layer == 0 or not alone:
            axes.axhspan(*band, color=colour, alpha=1 if alone else 0.18, linewidth=0)
        _line(axes, column, 0, f"hidden layer {layer + 1}", layer)
    axes.set_ylim(-3, max(100.0, float(np.nanmax(angles)) + 5))
    axes.yaxis.set_major_formatter("{x:g}°")


def _line(axes: Axes, values: Array, first: int, label: str, number: int) -> None:
    epochs = np.arange(first, first + len(values))
    colour = OKABE_ITO[HUES[number % len(HUES)]]
    axes.plot(epochs, values, color=colour, label=label, marker="o", markersize=3)


def _notebook() -> Any:
    """Return the running notebook's shell, or raise an error."""
    running = notebook.shell()
    if running is None:
        raise RuntimeError(NO_NOTEBOOK)
    return running
