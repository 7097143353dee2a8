"""Each rule in its own panel: readable for twelve rules, on a page and in print."""

import numpy as np
import pytest
from comparisons import made_up
from matplotlib.colors import to_rgb
from plots.drawn import line

from nofb import plots
from nofb.plots.style import THEMES, look
from nofb.rules import COMPARED


def test_each_panel_has_its_rule_in_colour_and_all_others_in_grey():
    """A panel with another rule's curve would be worse than a crowded one."""
    comparison = made_up(list(COMPARED))
    panels = plots.each_rule(comparison).axes
    assert len(panels) == len(COMPARED)
    for rule, axes in zip(COMPARED, panels, strict=True):
        mean = comparison.curves(rule, "test_accuracy", start=True).mean(axis=0)
        own = line(axes, rule)
        np.testing.assert_allclose(own.get_ydata(), mean)
        assert own.get_color() == look(rule, THEMES["light"]).colour
        for other in set(COMPARED) - {rule}:
            grey = line(axes, f"_{other}")
            assert to_rgb(grey.get_color()) == to_rgb(THEMES["light"].faint)
            assert grey.get_linewidth() < own.get_linewidth()
        assert axes.get_title().startswith(f"{rule}, {100 * mean[-1]:.1f} %")


def test_all_panels_have_the_same_axes():
    """Else a poor rule would look as good as a good one."""
    panels = plots.each_rule(made_up(["bp", "fa", "dfa"])).axes
    assert (
        len({axes.get_ylim() for axes in panels}) == len({axes.get_xlim() for axes in panels}) == 1
    )


def test_a_regression_shows_losses_and_a_rule_that_was_stopped_is_left_out():
    """It has no accuracy, and a stopped run has no end."""
    panels = plots.each_rule(made_up(["bp", "fa"], classes=None)).axes
    assert all(axes.get_yscale() == "log" for axes in panels)
    stopped = made_up(["bp", "fa"], stopped=[("fa", seed) for seed in range(3)])
    (only,) = plots.each_rule(stopped).axes
    assert only.get_title().startswith("bp")
    with pytest.raises(ValueError, match="theme is 'dim'"):
        plots.each_rule(stopped, "dim")
