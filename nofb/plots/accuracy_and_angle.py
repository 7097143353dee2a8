"""Two panels for a few runs: their accuracy, and the angle of their signal to backprop's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.axes import Axes

from nofb import checks
from nofb.plots.alignment import NO_HIDDEN, SIGNAL, check_angles, signal_band
from nofb.plots.curves import draw_rule, epoch_axis, logarithmic, percent, score
from nofb.plots.given import Given, as_comparison
from nofb.plots.picture import Picture, sentence
from nofb.plots.style import Theme, using

if TYPE_CHECKING:
    from nofb.runs.compare import Comparison


def accuracy_and_angle(given: Given, layer: int = 0, theme: str | None = None) -> Picture:
    """Draw test accuracy, and the angle of one hidden layer's teaching signal to backprop's.

    Parameters
    ----------
    given
        A comparison; or runs of `nofb.fit`, in a list or by their names.
    layer
        The hidden layer whose signal is shown, counted from the input, from 0.
    theme
        "light" or "dark"; by default that of `nofb.plots.use`.

    Returns
    -------
    Picture
        Test accuracy, or for a regression test loss. Lines are means over seeds, bands one standard
        deviation to either side (for losses from the lowest to the highest seed). The shaded area
        has 95 % of the angles of random feedback, see `nofb.diagnosis.chance`.

    Raises
    ------
    TypeError, ValueError
        If these are no runs or have different lengths, there is no such hidden layer, or the theme
        is unknown.

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
    comparison = as_comparison(given)
    check_angles(comparison)
    hidden = len(comparison.units) - 1
    layer = checks.whole("layer", layer, least=0)
    if layer >= max(hidden, 1):
        raise ValueError(f"layer is {layer}, but counted from 0 there are {hidden} hidden layers")
    with using(theme) as colours:
        if not hidden:
            return sentence(NO_HIDDEN, colours)
        finished = [rule for rule in comparison.rules if comparison.of(rule)]
        if not finished:
            return sentence("Every run was stopped before its end.", colours)
        picture = Picture(9.6, 3.5, colours)
        left, right = picture.subplots(1, 2)
        _scores(left, comparison, finished, colours)
        _angles(right, comparison, finished, layer, colours)
        for axes in (left, right):
            epoch_axis(axes, comparison.settings.epochs)
    return picture


def _scores(axes: Axes, comparison: Comparison, rules: Sequence[str], theme: Theme) -> None:
    """Draw the accuracy on test samples, or for a regression the loss."""
    regression = comparison.classes is None
    for rule in rules:
        values = comparison.curves(rule, score(comparison), start=True)
        draw_rule(axes, rule, values, theme, positive=regression)
    if regression:
        axes.set_title("test loss")
        logarithmic(axes)
    else:
        axes.set(title="test accuracy", ylim=(0, 1.02))
        percent(axes)
    axes.legend(loc="upper right" if regression else "lower right", handlelength=3.2)


def _angles(
    axes: Axes, comparison: Comparison, rules: Sequence[str], layer: int, theme: Theme
) -> None:
    """Draw the angle of a layer's signal to backprop's, over the band of chance."""
    axes.axhspan(*signal_band(comparison, layer), color=theme.band, lw=0)
    for rule in rules:
        values = comparison.curves(rule, SIGNAL, start=True)[:, :, layer]
        draw_rule(axes, rule, values, theme)
    title = f"hidden layer {layer + 1}: angle of its signal to backprop's"
    axes.set(title=title, ylim=(-3, 110))
    axes.set_yticks(range(0, 91, 30))
    axes.yaxis.set_major_formatter("{x:g}°")
