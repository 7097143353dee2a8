"""Two panels for a few runs: their accuracy, and the angle of their signal to backprop's."""

from __future__ import annotations

from nofb import checks
from nofb.plots.alignment import NO_HIDDEN, SIGNAL, signal_band
from nofb.plots.curves import draw_rule, epoch_axis, percent
from nofb.plots.given import Given, as_comparison
from nofb.plots.picture import Picture, sentence
from nofb.plots.style import using


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
        Lines are means over seeds, bands one standard deviation to either side. The shaded area has
        95 % of the angles of random feedback, see `nofb.diagnosis.chance`.

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
    hidden = len(comparison.units) - 1
    layer = checks.whole("layer", layer, least=0)
    if layer >= max(hidden, 1):
        raise ValueError(f"layer is {layer}, but counted from 0 there are {hidden} hidden layers")
    with using(theme) as colours:
        if not hidden:
            return sentence(NO_HIDDEN, colours)
        picture = Picture(9.6, 3.5, colours)
        accuracy, angle = picture.subplots(1, 2)
        angle.axhspan(*signal_band(comparison, layer), color=colours.band, lw=0)
        for rule in comparison.rules:
            shares = comparison.curves(rule, "test_accuracy", start=True)
            draw_rule(accuracy, rule, shares, colours)
            if comparison.of(rule):
                signals = comparison.curves(rule, SIGNAL, start=True)[:, :, layer]
                draw_rule(angle, rule, signals, colours)
        accuracy.set(title="test accuracy", ylim=(0, 1.02))
        title = f"hidden layer {layer + 1}: angle of its signal to backprop's"
        angle.set(title=title, ylim=(-3, 110))
        angle.set_yticks(range(0, 91, 30))
        angle.yaxis.set_major_formatter("{x:g}°")
        percent(accuracy)
        for axes in (accuracy, angle):
            epoch_axis(axes, comparison.settings.epochs)
        accuracy.legend(loc="lower right", handlelength=3.2)
    return picture
