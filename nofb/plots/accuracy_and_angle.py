"""Two panels for a few runs: their accuracy, and the angle of their signal to backprop's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from nofb.diagnosis.chance import network_band
from nofb.plots.alignment import SIGNAL
from nofb.plots.curves import draw_rule, epoch_axis, percent
from nofb.plots.picture import Picture
from nofb.plots.style import using
from nofb.training import Run


def accuracy_and_angle(
    runs: Mapping[str, Sequence[Run]], layer: int = 0, theme: str | None = None
) -> Picture:
    """Draw test accuracy, and the angle of one hidden layer's teaching signal to backprop's.

    Parameters
    ----------
    runs
        For each name, the runs of its seeds, all of the same length. A rule's short name sets the
        style.
    layer
        The hidden layer whose signal is shown, counted from the input.
    theme
        "light" or "dark"; by default that of `nofb.plots.use`.

    Returns
    -------
    Picture
        Lines are means over seeds, bands one standard deviation to either side. The shaded area has
        95 % of the angles of random feedback, see `nofb.diagnosis.chance`.

    Raises
    ------
    ValueError
        If the theme is unknown.

    Examples
    --------
    >>> import nofb
    >>> from nofb import Dense, Network, rules
    >>> net = Network([Dense(64, 16, activation="tanh"), Dense(16, 10)])
    >>> run = nofb.fit(net, rules.make("fa"), nofb.datasets.load("digits"), epochs=2)
    >>> picture = accuracy_and_angle({"fa": [run]})
    >>> [axes.get_title() for axes in picture.axes]
    ['test accuracy', "hidden layer 1: angle of its signal to backprop's"]
    """
    first = next(iter(runs.values()))[0]
    with using(theme) as colours:
        picture = Picture(9.6, 3.5, colours)
        accuracy, angle = picture.subplots(1, 2)
        angle.axhspan(*network_band(first.net, layer), color=colours.band, lw=0)
        for name, seeds in runs.items():
            shares = np.array([run.history.from_start("test_accuracy") for run in seeds])
            signals = np.array([run.history.from_start(SIGNAL)[:, layer] for run in seeds])
            draw_rule(accuracy, name, shares, colours)
            draw_rule(angle, name, signals, colours)
        accuracy.set(title="test accuracy", ylim=(0, 1.02))
        title = f"hidden layer {layer + 1}: angle of its signal to backprop's"
        angle.set(title=title, ylim=(-3, 110))
        angle.set_yticks(range(0, 91, 30))
        angle.yaxis.set_major_formatter("{x:g}°")
        percent(accuracy)
        for axes in (accuracy, angle):
            epoch_axis(axes, first.history.epochs)
        accuracy.legend(loc="lower right", handlelength=3.2)
    return picture
