"""Figures show what was measured, hide nothing, and change nothing else.

The runs are not trained, so every number in a figure is known in advance.
"""

from __future__ import annotations

import subprocess
import sys
from itertools import combinations
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from comparisons import ALL, MATRIX, ODD, SIGNAL, made_up
from plots.drawn import line

from nofb import plots, rules
from nofb.diagnosis import chance_band
from nofb.plots import FIGURES, Picture, style


def words(picture):
    return [text.get_text() for text in picture.legends[0].get_texts()]


# -- what is drawn --------------------------------------------------------------------------------


@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.parametrize("case", ODD)
def test_a_figure_is_drawn_for_any_comparison(figure, case):
    """A comparison of one hour must not be lost because one rule has no angle."""
    picture = FIGURES[figure](ODD[case], "dark")
    picture.set_layout_engine("none")  # this would take most of the time
    picture.settled = True
    drawing = picture.to_bytes("svg")
    assert ElementTree.fromstring(drawing).tag.endswith("svg")


@pytest.mark.parametrize("panel", [0, 1])
def test_the_accuracy_drawn_is_the_mean_over_seeds_from_epoch_0_on(panel):
    """A shifted curve, or one of medians, would not agree with the table beside it."""
    comparison = made_up()
    axes = plots.learning_curves(comparison).axes[panel]
    for rule in comparison.rules:
        runs = [result.history for result in comparison.results if result.rule == rule]
        seeds = [[h.start["test_accuracy"], *h["test_accuracy"]] for h in runs]
        np.testing.assert_allclose(line(axes, rule).get_ydata(), np.mean(seeds, axis=0))
        np.testing.assert_array_equal(line(axes, rule).get_xdata(), range(5))


def test_the_band_is_one_sample_standard_deviation_to_either_side():
    """With n instead of n - 1, three seeds would look far more certain than they are."""
    comparison = made_up(["fa"])
    axes = plots.learning_curves(comparison).axes[0]
    seeds = np.array([r.history.from_start("test_accuracy") for r in comparison.results])
    mean, spread = np.mean(seeds, axis=0), np.std(seeds, axis=0, ddof=1)
    heights = axes.collections[0].get_paths()[0].vertices[:, 1]
    for edge in (mean - spread, mean + spread):
        for height in edge:
            assert np.isclose(heights, height).any()


def test_the_training_loss_starts_at_the_first_epoch_with_a_band_of_all_seeds():
    """Before training there is no training loss; and the mean less the deviation may be below 0."""
    comparison = made_up(["fa"])
    axes = plots.learning_curves(comparison).axes[2]
    seeds = np.array([result.history["loss"] for result in comparison.results])
    np.testing.assert_array_equal(line(axes, "fa").get_xdata(), [1, 2, 3, 4])
    np.testing.assert_allclose(line(axes, "fa").get_ydata(), seeds.mean(axis=0))
    heights = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert heights.min() == pytest.approx(seeds.min())
    assert heights.max() == pytest.approx(seeds.max())
    assert axes.get_yscale() == "log"


def test_chance_is_marked_at_one_over_the_number_of_classes():
    """An accuracy has no meaning without the accuracy of guessing."""
    (chance,) = [
        line
        for line in plots.learning_curves(made_up(classes=3)).axes[0].lines
        if "chance" in line.get_label()
    ]
    np.testing.assert_allclose(chance.get_ydata(), 1 / 3)


def test_a_regression_shows_its_test_loss_from_epoch_0_and_no_chance_level():
    """It has no accuracy; a panel of NaN would be empty."""
    comparison = made_up(classes=None)
    test, training = plots.learning_curves(comparison).axes
    seeds = [r.history.from_start("test_loss") for r in comparison.of("fa")]
    np.testing.assert_allclose(line(test, "fa").get_ydata(), np.mean(seeds, axis=0))
    assert not any("chance" in line.get_label() for line in [*test.lines, *training.lines])


@pytest.mark.parametrize("layer", [0, 1])
def test_signals_and_matrices_are_drawn_at_the_hidden_layer_where_they_arrive(layer):
    """B is kept at the layer above and D where it ends; if mixed up, layers would be swapped."""
    comparison = made_up()
    axes = plots.alignment(comparison).axes
    signals, matrices = axes[layer], axes[2 + layer]
    for rule, kept_at in (("fa", layer + 1), ("dfa", layer)):
        angles = comparison.curves(rule, SIGNAL, start=True).mean(axis=0)[:, layer]
        np.testing.assert_allclose(line(signals, rule).get_ydata(), angles)
        angles = comparison.curves(rule, MATRIX, start=True).mean(axis=0)[:, kept_at]
        np.testing.assert_allclose(line(matrices, rule).get_ydata(), angles)


def test_the_angles_are_drawn_with_90_degrees_and_the_band_of_chance():
    """Without them a reader takes 85° in a small layer for alignment."""
    axes = plots.alignment(made_up(hidden=(5, 4), classes=3)).axes
    # Errors of three classes spread over two directions; of B and D the smaller counts, by entries.
    bands = chance_band(5, 2), chance_band(4, 2), chance_band(5 * 3), chance_band(4 * 3)
    for panel, band in zip(axes, bands, strict=True):
        np.testing.assert_allclose(line(panel, "_90°").get_ydata(), 90)
        box = panel.patches[0].get_extents().transformed(panel.transData.inverted())
        np.testing.assert_allclose(box.intervaly, band, rtol=1e-3)


def test_a_rule_without_an_angle_is_left_out_and_the_legend_says_so():
    """If a line of the legend were missing, a reader would doubt all the others."""
    picture = plots.alignment(made_up())
    assert all(line.get_label() != "shallow" for axes in picture.axes for line in axes.lines)
    assert "shallow: last layer only (control), sends nothing back" in words(picture)


def test_runs_that_were_stopped_are_left_out_and_the_legend_says_so():
    """A mean over the remaining runs alone must be marked as such."""
    comparison = made_up(stopped=[("fa", 1), ("dfa", 0), ("dfa", 1), ("dfa", 2)])
    picture = plots.learning_curves(comparison)
    assert "fa: feedback alignment, 1 of 3 runs stopped early" in words(picture)
    assert "dfa: direct feedback alignment, stopped early" in words(picture)
    survivors = [comparison.results[i].history.from_start("test_accuracy") for i in (3, 5)]
    drawn = line(picture.axes[0], "fa").get_ydata()
    np.testing.assert_allclose(drawn, np.mean(survivors, axis=0))


def test_the_scatter_shows_final_means_and_the_controls_as_lines():
    """A reader takes numbers from it: the accuracy, and the angle to backprop's signal."""
    comparison = made_up()
    (axes,) = plots.accuracy_against_angle(comparison).axes
    final = [r.history for r in comparison.of("fa")]
    mean = np.mean([(h[SIGNAL][-1, 0], h["test_accuracy"][-1]) for h in final], axis=0)
    np.testing.assert_allclose(line(axes, "fa").get_xydata()[0], mean)
    for control in ("bp", "shallow"):
        height = np.mean([r.history["test_accuracy"][-1] for r in comparison.of(control)])
        np.testing.assert_allclose(line(axes, control).get_ydata(), height)


def test_the_scatter_has_a_closer_panel_only_when_some_rule_ends_far_below():
    """A rule that fails would compress all others into one point."""
    comparison = made_up()
    assert len(plots.accuracy_against_angle(comparison).axes) == 1
    for result in comparison.of("fa"):
        result.history._rows[-1]["test_accuracy"] = 0.2
    everything, closer = plots.accuracy_against_angle(comparison).axes
    assert everything.get_ylim()[0] < 0.2 < 0.8 < closer.get_ylim()[0]


def test_the_scatter_includes_all_of_its_points():
    """A rule that ends up *opposite* to backprop must not be cut off."""
    comparison = made_up(["fa"])
    comparison.results[0].history._rows[-1][SIGNAL][0] = 170.0
    (axes,) = plots.accuracy_against_angle(comparison).axes
    assert axes.get_xlim()[1] > 170


def test_no_name_in_the_scatter_covers_another_name_or_point():
    """Many rules end close together; names that overlap cannot be read."""
    picture = plots.accuracy_against_angle(made_up(ALL))
    (axes,) = picture.axes
    names = [text for text in axes.texts if text.get_text()]
    assert {text.get_text() for text in names} == set(ALL) - {"bp", "shallow"}
    boxes = [text.get_window_extent() for text in names]
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))
    for text in names:
        for point in axes.transData.transform(
            [line(axes, t.get_text()).get_xydata()[0] for t in names]
        ):
            assert not text.get_window_extent().contains(*point)


# -- styles ---------------------------------------------------------------------------------------


def test_every_registered_rule_has_its_own_style():
    """Two rules with the same colour, line and marker cannot be distinguished."""
    assert all("look" in vars(rule) for rule in rules.RULES.values())
    for theme in style.THEMES.values():
        looks = [style.look(rule, theme) for rule in ALL]
        assert len(set(looks)) == len(ALL)


def test_a_rule_has_the_same_style_with_any_other_rules_and_in_both_themes():
    """A reader expects the same colour in the next figure."""
    looks = set()
    for names in (["fa"], ["dfa", "fa"], ["shallow", "bp", "fa", "mine"]):
        for theme in style.THEMES:
            drawn = line(plots.learning_curves(made_up(names), theme).axes[0], "fa")
            looks.add((drawn.get_color(), drawn.get_linestyle(), drawn.get_marker()))
    assert len(looks) == 1


def test_all_colours_are_okabe_and_itos_and_each_is_visible_on_its_background():
    """Black on a dark page, or another hue, would hide a rule from some readers."""
    for theme in style.THEMES.values():
        colours = {style.look(rule, theme).colour for rule in (*ALL, "mine", "yours")}
        assert colours <= {theme.ink, *style.OKABE_ITO.values()} - {theme.paper}
    assert "#000000" not in {style.look(rule, style.THEMES["dark"]).colour for rule in ALL}


def test_an_unknown_theme_is_refused_with_the_known_ones():
    """A misspelt name must not give a figure in another theme."""
    for draw in FIGURES.values():
        with pytest.raises(
            ValueError,
            match=r"theme is 'drak' \(did you mean 'dark'\?\), but must be one of: light, dark",
        ):
            draw(made_up(), "drak")


def test_drawing_does_not_change_the_settings_of_matplotlib():
    """A student's own figures must look the same after nofb has drawn one."""
    with mpl.rc_context():
        mpl.rcdefaults()
        before = dict(mpl.rcParams)
        plots.learning_curves(made_up(["fa"]), "dark")
        Picture(2, 1, style.THEMES["dark"]).to_bytes("svg")
        assert dict(mpl.rcParams) == before


def test_importing_nofb_loads_no_matplotlib_and_its_figures_load_no_pyplot():
    """The import would take a second; pyplot would open windows and keep every figure in memory."""
    code = (
        "import sys, nofb, nofb.report; assert 'matplotlib' not in sys.modules;"
        "import nofb.plots; assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_notebook_shows_a_figure_as_a_picture():
    """A figure without pyplot would otherwise appear as text with its type and size."""
    assert isinstance(plots.alignment(made_up(["fa"])), Picture)
    data, size = Picture(2.5, 1)._repr_png_()
    assert data.startswith(b"\x89PNG")
    assert size == {"width": 250, "height": 100}


def test_a_detail_panel_says_which_rules_it_leaves_out():
    """A line that is missing without a word looks like a mistake of the figure."""
    comparison = made_up(["bp", "fa", "shallow"])
    for result in comparison.of("shallow"):
        for epoch in result.history._rows:
            epoch["test_accuracy"] = 0.3
    titles = [axes.get_title() for axes in plots.learning_curves(comparison).axes]
    assert titles[1] == "The same, closer up (lower: shallow)"


def test_a_seed_without_an_angle_counts_in_the_mean_accuracy():
    """Otherwise a rule whose runs lose their signal looks as good as its best seed."""
    comparison = made_up(["bp", "fa", "dfa"])
    lost = comparison.of("dfa")[0]
    for epoch in lost.history._rows:
        epoch[SIGNAL] = np.full_like(epoch[SIGNAL], np.nan)
        epoch["test_accuracy"] = 0.4
    picture = plots.accuracy_against_angle(comparison)
    (large,) = [each for each in picture.axes[0].lines if each.get_label() == "dfa"]
    mean = comparison.curves("dfa", "test_accuracy")[:, -1].mean()
    assert large.get_ydata() == pytest.approx([mean])
    (legend,) = picture.legends
    assert legend.get_title().get_text().endswith("with an angle: dfa in 2 of 3 seeds")
