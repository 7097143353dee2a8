"""Which rules learn, and how fast: test accuracy and training loss over epochs.

Backprop is the ceiling, and training the last layer alone is the baseline.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.axes import Axes

from nofb.plots.curves import (
    close_up,
    draw_rule,
    epoch_axis,
    final_scores,
    level,
    logarithmic,
    percent,
)
from nofb.plots.given import Given, as_comparison
from nofb.plots.legend import add_legend, seeds_and
from nofb.plots.picture import Picture
from nofb.plots.style import Theme, literal, using

if TYPE_CHECKING:
    from nofb.runs.compare import Comparison

DEVIATION, EXTENT = "± 1 standard deviation", "lowest to highest seed"


def learning_curves(given: Given, theme: str | None = None) -> Picture:
    """Draw accuracy and loss over epochs.

    Parameters
    ----------
    given
        A comparison; or runs of `nofb.fit`, in a list or by their names.
    theme
        "light" or "dark"; by default that of `nofb.plots.use`.

    Returns
    -------
    Picture
        A `matplotlib.figure.Figure`: test accuracy with its value before training, the same in
        detail, and training loss. Lines are means over seeds; bands are one standard deviation to
        either side, for losses from the lowest to the highest seed. A regression has two panels,
        test loss and training loss.

    Raises
    ------
    TypeError, ValueError
        If these are no runs or have different lengths, or the theme is unknown.
    """
    comparison = as_comparison(given)
    with using(theme) as colours:
        if comparison.classes is None:
            picture, spread = Picture(9.6, 5.2, colours), EXTENT
            test, training = picture.subplots(1, 2)
            _loss(test, comparison, "test_loss", colours)
            test.set_title("Test loss")
        else:
            picture, spread = Picture(11.4, 5.4, colours), f"{DEVIATION} (loss: {EXTENT})"
            test, closer, training = picture.subplots(1, 3)
            _accuracy(test, comparison, colours)
            _accuracy(closer, comparison, colours)
            _zoom(test, closer, comparison)
            level(test, 1 / comparison.classes, f"chance: 1 in {comparison.classes}", colours)
        _loss(training, comparison, "loss", colours)
        training.set_title("Training loss, mean over the epoch")
        for axes in picture.axes:
            epoch_axis(axes, comparison.settings.epochs)
        add_legend(picture, comparison, colours, seeds_and(comparison, spread))
    return picture


def _accuracy(axes: Axes, comparison: Comparison, theme: Theme) -> None:
    """Draw the accuracy on test samples."""
    for rule in comparison.rules:
        draw_rule(axes, rule, comparison.curves(rule, "test_accuracy", start=True), theme)
    percent(axes)


def _zoom(test: Axes, closer: Axes, comparison: Comparison) -> None:
    """Show everything in one panel, and the final accuracies of most rules in the other."""
    test.set_title("Test accuracy")
    test.set_ylabel("test accuracy")
    test.set_ylim(0, 1.02)
    closer.set_title("The same, closer up")
    if scores := final_scores(comparison):
        low, high = close_up(scores, margin=0.06)
        closer.set_ylim(low, high)
        lower = [literal(rule) for rule, score in scores.items() if score < low]
        if lower:
            names = ", ".join(lower) if len(lower) <= 3 else f"{len(lower)} rules"
            closer.set_title(f"The same, closer up (lower: {names})")


def _loss(axes: Axes, comparison: Comparison, measure: str, theme: Theme) -> None:
    """Draw the loss that the rules minimise."""
    tested = measure == "test_loss"  # the training loss has no value before training
    for rule in comparison.rules:
        values = comparison.curves(rule, measure, start=tested)
        draw_rule(axes, rule, values, theme, first=0 if tested else 1, positive=True)
    axes.set_ylabel("loss per sample (logarithmic scale)")
    logarithmic(axes)
