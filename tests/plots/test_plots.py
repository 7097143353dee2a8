"""Figures: what they draw is what was measured, they hide nothing, and they leave no trace.

The runs are made up, so that every number in a figure is known beforehand.
"""

from __future__ import annotations

import subprocess
import sys
from itertools import combinations, pairwise
from types import ModuleType, SimpleNamespace
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from comparisons import ALL, MATRIX, MEASURES, ODD, SIGNAL, made_up
from matplotlib.colors import to_rgb

import nofb
from nofb import plots, rules
from nofb.diagnosis import chance_band
from nofb.diagnosis.chance import network_band
from nofb.plots import FIGURES, LivePlot, Picture, live, style
from nofb.training import History


def line(axes, label):
    """The one line of a rule in a panel."""
    (found,) = [line for line in axes.lines if line.get_label() == label]
    return found


def words(picture):
    return [text.get_text() for text in picture.legends[0].get_texts()]


# -- what is drawn ---------------------------------------------------------------------------------


@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.parametrize("case", ODD)
def test_a_figure_is_drawn_whatever_was_compared(figure, case):
    """A comparison that took an hour must not be lost because one rule has no angle."""
    picture = FIGURES[figure](ODD[case], "dark")
    picture.set_layout_engine("none")  # which would take most of the time
    picture.settled = True
    drawing = picture.to_bytes("svg")
    assert ElementTree.fromstring(drawing).tag.endswith("svg")


@pytest.mark.parametrize("panel", [0, 1])
def test_the_accuracy_drawn_is_the_mean_over_seeds_from_the_start_on(panel):
    """A shifted or median curve would tell another story than the table beside it."""
    comparison = made_up()
    axes = plots.learning_curves(comparison).axes[panel]
    for rule in comparison.rules:
        runs = [result.history for result in comparison.results if result.rule == rule]
        seeds = [[h.start["test_accuracy"], *h["test_accuracy"]] for h in runs]
        np.testing.assert_allclose(line(axes, rule).get_ydata(), np.mean(seeds, axis=0))
        np.testing.assert_array_equal(line(axes, rule).get_xdata(), range(5))


def test_the_band_is_one_sample_standard_deviation_to_either_side():
    """With n in the place of n - 1, three seeds would look far more certain than they are."""
    comparison = made_up(["fa"])
    axes = plots.learning_curves(comparison).axes[0]
    seeds = np.array([r.history.from_start("test_accuracy") for r in comparison.results])
    mean, spread = np.mean(seeds, axis=0), np.std(seeds, axis=0, ddof=1)
    heights = axes.collections[0].get_paths()[0].vertices[:, 1]
    for edge in (mean - spread, mean + spread):
        for height in edge:
            assert np.isclose(heights, height).any()


def test_the_training_loss_starts_at_the_first_epoch_with_a_band_of_all_seeds():
    """There is no training loss before training; and a mean less a deviation may have no log."""
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
    """An accuracy means little without the one that guessing has."""
    (chance,) = [
        line
        for line in plots.learning_curves(made_up(classes=3)).axes[0].lines
        if "chance" in line.get_label()
    ]
    np.testing.assert_allclose(chance.get_ydata(), 1 / 3)


def test_a_regression_shows_its_test_loss_from_the_start_and_no_chance_level():
    """It has no accuracy; drawing its NaN would leave an empty panel."""
    comparison = made_up(classes=None)
    test, training = plots.learning_curves(comparison).axes
    seeds = [r.history.from_start("test_loss") for r in comparison.of("fa")]
    np.testing.assert_allclose(line(test, "fa").get_ydata(), np.mean(seeds, axis=0))
    assert not any("chance" in line.get_label() for line in [*test.lines, *training.lines])


@pytest.mark.parametrize("layer", [0, 1])
def test_signals_and_matrices_are_drawn_at_the_hidden_layer_where_they_arrive(layer):
    """B stands at the layer it leaves and D where it ends; mixed up, layers would be swapped."""
    comparison = made_up()
    axes = plots.alignment(comparison).axes
    signals, matrices = axes[layer], axes[2 + layer]
    for rule, kept_at in (("fa", layer + 1), ("dfa", layer)):
        angles = comparison.curves(rule, SIGNAL, start=True).mean(axis=0)[:, layer]
        np.testing.assert_allclose(line(signals, rule).get_ydata(), angles)
        angles = comparison.curves(rule, MATRIX, start=True).mean(axis=0)[:, kept_at]
        np.testing.assert_allclose(line(matrices, rule).get_ydata(), angles)


def test_the_angles_have_90_degrees_and_the_band_of_chance_behind_them():
    """Without them a reader takes 85° in a small layer for alignment."""
    axes = plots.alignment(made_up(hidden=(5, 4), classes=3)).axes
    # Errors of three classes spread over two directions; of B and D the smaller counts, by entries.
    bands = chance_band(5, 2), chance_band(4, 2), chance_band(5 * 3), chance_band(4 * 3)
    for panel, band in zip(axes, bands, strict=True):
        np.testing.assert_allclose(line(panel, "_90°").get_ydata(), 90)
        box = panel.patches[0].get_extents().transformed(panel.transData.inverted())
        np.testing.assert_allclose(box.intervaly, band, rtol=1e-3)


def test_a_rule_without_an_angle_is_left_out_and_the_legend_says_so():
    """A line that is promised and missing makes a reader doubt all the others."""
    picture = plots.alignment(made_up())
    assert all(line.get_label() != "shallow" for axes in picture.axes for line in axes.lines)
    assert "shallow: last layer only (control), sends nothing back" in words(picture)


def test_runs_that_were_stopped_are_left_out_and_the_legend_says_so():
    """A mean over survivors alone, unmarked, would be a lie."""
    comparison = made_up(stopped=[("fa", 1), ("dfa", 0), ("dfa", 1), ("dfa", 2)])
    picture = plots.learning_curves(comparison)
    assert "fa: feedback alignment, 1 of 3 runs stopped early" in words(picture)
    assert "dfa: direct feedback alignment, stopped early" in words(picture)
    survivors = [comparison.results[i].history.from_start("test_accuracy") for i in (3, 5)]
    drawn = line(picture.axes[0], "fa").get_ydata()
    np.testing.assert_allclose(drawn, np.mean(survivors, axis=0))


def test_the_scatter_shows_final_means_and_the_controls_as_lines():
    """It is read as numbers: how accurate, and how far from backprop's signal."""
    comparison = made_up()
    (axes,) = plots.accuracy_against_angle(comparison).axes
    final = [r.history for r in comparison.of("fa")]
    mean = np.mean([(h[SIGNAL][-1, 0], h["test_accuracy"][-1]) for h in final], axis=0)
    np.testing.assert_allclose(line(axes, "fa").get_xydata()[0], mean)
    for control in ("bp", "shallow"):
        height = np.mean([r.history["test_accuracy"][-1] for r in comparison.of(control)])
        np.testing.assert_allclose(line(axes, control).get_ydata(), height)


def test_the_scatter_has_a_closer_panel_only_when_some_rule_ends_far_below():
    """One rule that fails would press all others into one dot."""
    comparison = made_up()
    assert len(plots.accuracy_against_angle(comparison).axes) == 1
    for result in comparison.of("fa"):
        result.history._rows[-1]["test_accuracy"] = 0.2
    everything, closer = plots.accuracy_against_angle(comparison).axes
    assert everything.get_ylim()[0] < 0.2 < 0.8 < closer.get_ylim()[0]


def test_the_scatter_reaches_as_far_as_its_points():
    """A rule that ends up *opposing* backprop is the last one to leave out."""
    comparison = made_up(["fa"])
    comparison.results[0].history._rows[-1][SIGNAL][0] = 170.0
    (axes,) = plots.accuracy_against_angle(comparison).axes
    assert axes.get_xlim()[1] > 170


def test_no_name_in_the_scatter_covers_another_name_or_point():
    """Rules end close together; names on top of each other cannot be read."""
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


# -- looks -----------------------------------------------------------------------------------------


def test_every_registered_rule_has_a_look_that_no_other_has():
    """Two rules alike in colour, line and marker cannot be told apart."""
    assert all("look" in vars(rule) for rule in rules.RULES.values())
    for theme in style.THEMES.values():
        looks = [style.look(rule, theme) for rule in ALL]
        assert len(set(looks)) == len(ALL)


def test_a_rule_looks_the_same_whichever_others_are_drawn_and_in_both_themes():
    """Readers carry a colour from one figure to the next."""
    looks = set()
    for names in (["fa"], ["dfa", "fa"], ["shallow", "bp", "fa", "mine"]):
        for theme in style.THEMES:
            drawn = line(plots.learning_curves(made_up(names), theme).axes[0], "fa")
            looks.add((drawn.get_color(), drawn.get_linestyle(), drawn.get_marker()))
    assert len(looks) == 1


def test_all_colours_are_okabe_and_itos_and_none_vanishes_on_its_background():
    """Black on a dark page, or an unsafe hue, would hide a rule from some readers."""
    for theme in style.THEMES.values():
        colours = {style.look(rule, theme).colour for rule in (*ALL, "mine", "yours")}
        assert colours <= {theme.ink, *style.OKABE_ITO.values()} - {theme.paper}
    assert "#000000" not in {style.look(rule, style.THEMES["dark"]).colour for rule in ALL}


def test_an_unknown_theme_is_refused_with_those_that_there_are():
    """A typo must not give a figure in some other theme."""
    for draw in FIGURES.values():
        with pytest.raises(ValueError, match=r"theme is 'drak', but must be one of: light, dark"):
            draw(made_up(), "drak")


def test_drawing_leaves_matplotlib_as_it_was():
    """A student's own figures must not change because nofb drew one."""
    with mpl.rc_context():
        mpl.rcdefaults()
        before = dict(mpl.rcParams)
        plots.learning_curves(made_up(["fa"]), "dark")
        Picture(2, 1, style.THEMES["dark"]).to_bytes("svg")
        assert dict(mpl.rcParams) == before


def test_nofb_alone_loads_no_matplotlib_and_its_figures_no_pyplot():
    """The import would take a second; pyplot would open windows and keep every figure alive."""
    code = (
        "import sys, nofb, nofb.report; assert 'matplotlib' not in sys.modules;"
        "import nofb.plots; assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_notebook_shows_a_figure_as_a_picture():
    """A figure without pyplot would otherwise show as its type and size in words."""
    assert isinstance(plots.alignment(made_up(["fa"])), Picture)
    data, size = Picture(2.5, 1)._repr_png_()
    assert data.startswith(b"\x89PNG")
    assert size == {"width": 250, "height": 100}


# -- for lessons -----------------------------------------------------------------------------------


def test_the_panels_of_a_lesson_draw_accuracy_and_the_angle_of_the_chosen_layer():
    """A student would look for an explanation of an angle that belongs to another layer."""
    comparison = made_up(["bp", "fa"])
    sizes = [64, *comparison.units]
    net = nofb.Network([nofb.Dense(*pair) for pair in pairwise(sizes)])
    runs = {
        rule: [SimpleNamespace(net=net, history=result.history) for result in comparison.of(rule)]
        for rule in comparison.rules
    }
    accuracy, angle = plots.accuracy_and_angle(runs, layer=1).axes
    for rule in runs:
        shares = comparison.curves(rule, "test_accuracy", start=True).mean(axis=0)
        signals = comparison.curves(rule, SIGNAL, start=True).mean(axis=0)
        np.testing.assert_allclose(line(accuracy, rule).get_ydata(), shares)
        np.testing.assert_allclose(line(angle, rule).get_ydata(), signals[:, 1])
    box = angle.patches[0].get_extents().transformed(angle.transData.inverted())
    np.testing.assert_allclose(box.intervaly, chance_band(4, 2), rtol=1e-3)


def test_a_class_map_colours_each_point_by_the_class_that_is_named_there():
    """Turned over, the map would show a network that fails where it is right."""
    data = nofb.datasets.toys.xor(n=40)
    net = nofb.Network([nofb.Dense(2, 2, bias=False)])
    net.layers[0].W[:] = [[-1, 1], [0, 0]]  # class 1 where the first feature is above zero
    theme = style.THEMES["light"]
    picture = Picture(2, 2, theme)
    axes = picture.subplots()
    plots.class_map(axes, net, data, theme)
    (image,) = axes.images
    left, right = image.get_array()[:, 50], image.get_array()[:, 150]
    colours = [np.array(to_rgb(style.OKABE_ITO[hue])) for hue in style.HUES[:2]]
    for half, colour in ((left, colours[0]), (right, colours[1])):
        assert (np.argmin(half, axis=1) == np.argmin(colour)).all()
    assert image.get_extent()[0] < data.x_test.min()
    assert image.origin == "lower"


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (nofb.datasets.load("digits"), r"samples of shape \(64,\), but must have \(2,\)"),
        (nofb.datasets.toys.linear_teacher(50, 2, 3), "data has None classes"),
    ],
)
def test_what_is_no_map_is_refused(data, complaint):
    """Of 64 features two would have to be picked, and a regression has no classes."""
    theme = style.THEMES["light"]
    axes = Picture(2, 2, theme).subplots()
    with pytest.raises(ValueError, match=complaint):
        plots.class_map(axes, nofb.Network([nofb.Dense(2, 2)]), data, theme)


def test_units_and_weights_carry_their_own_numbers_and_signs():
    """A student checks the picture by hand, number by number."""
    theme = style.THEMES["light"]
    axes = Picture(4, 3, theme).subplots()
    W = np.array([[1.5, -2.5, 0.5], [3.5, 4.5, -5.5]])
    plots.units(axes, {"x": [7, 8], "h": [10, 11, 12]}, [W], theme)
    written = {text.get_text(): text for text in axes.texts if text.get_text()}
    assert set(written) == {"x", "h", "7", "8", "10", "11", "12", *(f"{w:g}" for w in W.flat)}
    for weight in W.flat:
        blue = written[f"{weight:g}"].get_color() == style.OKABE_ITO["blue"]
        assert blue == (weight > 0)
    heights = [written[number].get_position()[1] for number in ("10", "11", "12")]
    assert heights == sorted(heights, reverse=True)
    x, y = written["-2.5"].get_position()  # on its line, nearer to the unit that sends
    low, high = (np.array(written[end].get_position()) for end in ("7", "11"))
    assert np.cross([*(high - low), 0], [*((x, y) - low), 0])[2] == pytest.approx(0)
    assert x - low[0] < high[0] - x


@pytest.mark.parametrize("back", [False, True])
def test_the_arrows_between_units_lead_where_the_signal_goes(back):
    """The whole question is which way the numbers travel."""
    theme = style.THEMES["light"]
    axes = Picture(4, 3, theme).subplots()
    plots.units(axes, {"x": [1], "h": [2]}, [np.array([[3.0]])], theme, back=back)
    (arrow,) = [text for text in axes.texts if text.get_text() == ""]
    head, tail = arrow.xy, arrow.get_position()
    assert (head[0] < tail[0]) == back


def test_weights_that_do_not_fit_their_units_are_refused_with_both_shapes():
    """A transposed matrix is the commonest slip of all."""
    theme = style.THEMES["light"]
    axes = Picture(4, 3, theme).subplots()
    with pytest.raises(ValueError, match=r"\[\(3, 2\)\], but between the layers are \[\(2, 3\)\]"):
        plots.units(axes, {"x": [1, 2], "h": [1, 2, 3]}, [np.zeros((3, 2))], theme)


@pytest.mark.parametrize("arrow", [(2, 1, "B"), (3, 1, "D"), (1, 2, "W")])
def test_the_arrow_of_a_path_leaves_one_layer_and_ends_at_the_other(arrow):
    """The picture of a rule is read for one thing: from where to where."""
    theme = style.THEMES["light"]
    axes = Picture(4, 2, theme).subplots()
    plots.paths(axes, ["x", "h", "g", "e"], [arrow], "red", theme)
    heads = [text for text in axes.texts if text.get_text() == "" and text.xy[1] == 0]
    (head,) = [text for text in heads if text.get_position()[1] < 0]
    (detour,) = [line for line in axes.lines if len(line.get_xdata()) == 3]
    assert (round(detour.get_xdata()[0]), round(head.xy[0])) == arrow[:2]
    assert {"x", "h", "g", "e", arrow[2]} <= {text.get_text() for text in axes.texts}


# -- live ------------------------------------------------------------------------------------------


class Notebook:
    """Stands in for IPython: keeps what is displayed, and can end the cell."""

    def __init__(self, monkeypatch, shell_name="ZMQInteractiveShell"):
        self.shown, self.hooks = [], []
        shell = type(shell_name, (), {})()
        shell.events = SimpleNamespace(
            register=lambda event, hook: self.hooks.append(hook),
            unregister=lambda event, hook: self.hooks.remove(hook),
        )
        outer, display = ModuleType("IPython"), ModuleType("IPython.display")
        outer.get_ipython = lambda: shell
        display.display = self.display
        monkeypatch.setitem(sys.modules, "IPython", outer)
        monkeypatch.setitem(sys.modules, "IPython.display", display)

    def display(self, figure, display_id):
        self.shown.append([figure])
        return SimpleNamespace(update=self.shown[-1].append)

    def end_cell(self):
        for hook in list(self.hooks):
            hook(None)


def run_of(comparison, epochs=None):
    """What a callback sees of the first run."""
    result = comparison.results[0]
    history = History()
    history.start = result.history.start
    sizes = [64, *comparison.units]
    net = nofb.Network([nofb.Dense(*pair) for pair in pairwise(sizes)])
    run = SimpleNamespace(net=net, rule=rules.make("fa"), history=history)
    return run, result.history._rows[:epochs]


def follow(plot, comparison):
    run, rows = run_of(comparison)
    for row in rows:
        run.history.append(row)
        plot(run)


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is set."""
    now = [100.0]
    monkeypatch.setattr(live.time, "monotonic", lambda: now[0])
    return now


def epochs_drawn(figure):
    return int(max(figure.axes[0].lines[0].get_xdata()))


def test_a_live_plot_passes_over_epochs_that_come_too_fast_but_never_over_the_last(
    monkeypatch, clock
):
    """Drawing each of a thousand short epochs would take longer than training."""
    notebook = Notebook(monkeypatch)
    follow(LivePlot(), made_up(["fa"], epochs=6))
    assert [epochs_drawn(figure) for figure in notebook.shown[0]] == [1]
    notebook.end_cell()
    assert [epochs_drawn(figure) for figure in notebook.shown[0]] == [1, 6]
    assert notebook.hooks == []


def test_a_live_plot_redraws_in_place_once_enough_time_went_by(monkeypatch, clock):
    """A new figure for each epoch would flood the notebook."""
    notebook, plot = Notebook(monkeypatch), LivePlot()
    run, rows = run_of(made_up(["fa"], epochs=4))
    for row in rows:
        run.history.append(row)
        plot(run)
        clock[0] += 0.3
    assert [epochs_drawn(figure) for figure in notebook.shown[0]] == [1, 2, 3, 4]
    assert len(notebook.shown) == 1


def test_a_live_plot_that_knows_the_number_of_epochs_draws_the_last_at_once(monkeypatch, clock):
    """And its axis is as long as the run from the first epoch on."""
    notebook = Notebook(monkeypatch)
    follow(LivePlot(epochs=4), made_up(["fa"], epochs=4))
    assert [epochs_drawn(figure) for figure in notebook.shown[0]] == [1, 4]
    assert {figure.axes[0].get_xlim()[1] for figure in notebook.shown[0]} == {4 * 1.02}


def test_a_live_plot_can_follow_several_runs_each_in_a_figure_of_its_own(monkeypatch, clock):
    """The end of the first run must not be lost when the second begins."""
    notebook, plot = Notebook(monkeypatch), LivePlot()
    follow(plot, made_up(["fa"], epochs=3))
    follow(plot, made_up(["fa"], epochs=2))
    notebook.end_cell()
    drawn = [[epochs_drawn(figure) for figure in figures] for figures in notebook.shown]
    assert drawn == [[1, 3], [1, 2]]


@pytest.mark.parametrize("shell", [None, "TerminalInteractiveShell"])
def test_a_live_plot_outside_a_notebook_says_that_it_needs_one(monkeypatch, shell):
    """Doing nothing in silence would leave a student waiting for a picture."""
    if shell is None:
        monkeypatch.setitem(sys.modules, "IPython", None)
    else:
        Notebook(monkeypatch, shell)
    with pytest.raises(RuntimeError, match="draws in a notebook"):
        follow(LivePlot(), made_up(["fa"]))


@pytest.mark.parametrize(
    ("comparison", "titles"),
    [
        (made_up(["fa"]), ["Loss", "Samples", "Angle"]),
        (made_up(["fa"], classes=None), ["Loss", "Angle"]),
        (made_up(["shallow"]), ["Loss", "Samples"]),
        (made_up(["fa"], hidden=()), ["Loss", "Samples"]),
    ],
)
def test_a_live_figure_has_the_panels_that_there_are_numbers_for(comparison, titles):
    """An empty panel looks like a run that goes wrong."""
    run, rows = run_of(comparison)
    run.history._rows = rows
    picture = live.draw(run)
    assert [axes.get_title().split()[0] for axes in picture.axes] == titles


def test_the_band_of_a_live_figure_is_that_of_the_hidden_layer_that_strays_farthest():
    """All hidden layers share the panel: a band too narrow for one would call it aligned."""
    net = nofb.Network([nofb.Dense(64, 30), nofb.Dense(30, 6), nofb.Dense(6, 10)])
    run = nofb.fit(net, rules.make("fa"), nofb.datasets.load("digits"), 1, progress=False)
    *_, angle = live.draw(run).axes
    box = angle.patches[0].get_extents().transformed(angle.transData.inverted())
    np.testing.assert_allclose(box.intervaly, network_band(net, 1))


def test_a_live_figure_works_for_a_run_that_was_not_probed():
    """`probe=0` measures no angles."""
    run, rows = run_of(made_up(["fa"]))
    run.history._rows = [{k: v for k, v in row.items() if k not in MEASURES} for row in rows]
    assert len(live.draw(run).axes) == 2


# -- sliders ---------------------------------------------------------------------------------------


def lines_drawn(calls):
    """A drawing that notes what it was asked for."""

    def draw(slope, colour):
        calls.append((slope, colour))
        picture = Picture(2, 1)
        picture.subplots().plot([0, slope], color=colour)
        return picture

    return draw


@pytest.fixture
def widgets(monkeypatch):
    """The real ipywidgets, in what stands in for a notebook."""
    pytest.importorskip("ipywidgets")
    monkeypatch.setattr(sys.modules["nofb.plots.slider"], "in_notebook", lambda: True)


def test_sliders_start_in_the_middle_and_redraw_for_what_is_chosen(widgets):
    """A picture that does not follow its slider teaches that the parameter does nothing."""
    calls = []
    shown = plots.slider(lines_drawn(calls), slope=[1, 2, 3], colour=("red", "blue"))
    slope, colour, image = shown.widget.children
    first = bytes(image.value)
    assert (slope.value, colour.value) == (2, "blue")
    slope.value = 3
    assert calls == [(2, "blue"), (3, "blue")]
    assert bytes(image.value) != first


def test_a_choice_that_was_drawn_before_comes_back_without_drawing(widgets):
    """Behind many sliders stands a training run; going back must not train again."""
    calls = []
    shown = plots.slider(lines_drawn(calls), slope=[1, 2, 3], colour=["red"])
    slope, _, image = shown.widget.children
    first = bytes(image.value)
    for value in (1, 2, 1, 2):
        slope.value = value
    assert calls == [(2, "red"), (1, "red")]
    assert bytes(image.value) == first


def test_a_page_without_a_kernel_shows_the_middle_picture_of_a_slider(widgets):
    """Saved notebooks and the documentation have no kernel, and would show an empty place."""
    shown = plots.slider(lines_drawn([]), slope=[1, 2], colour=["red"])
    assert "application/vnd.jupyter.widget-view+json" in shown._repr_mimebundle_()
    assert shown._repr_png_()[0].startswith(b"\x89PNG")


def test_a_slider_outside_a_notebook_is_the_middle_picture(capsys):
    """Lessons run as scripts too."""
    picture = plots.slider(lines_drawn([]), slope=[1, 2, 5], colour=["red"])
    assert list(picture.axes[0].lines[0].get_ydata()) == [0, 2]
    assert not capsys.readouterr().out


def test_a_notebook_without_ipywidgets_gets_the_picture_and_is_told_how_to_get_sliders(
    monkeypatch, capsys
):
    """ipywidgets are optional; an ImportError would end the lesson."""
    monkeypatch.setattr(sys.modules["nofb.plots.slider"], "in_notebook", lambda: True)
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    picture = plots.slider(lines_drawn([]), slope=[1, 2], colour=["red"])
    assert isinstance(picture, Picture)
    assert "pip install ipywidgets" in capsys.readouterr().out


def test_a_slider_without_values_is_refused_by_its_name():
    """An empty list has no middle."""
    with pytest.raises(ValueError, match="slope is an empty list"):
        plots.slider(lines_drawn([]), slope=[], colour=["red"])


@pytest.mark.parametrize(
    ("shell", "notebook"), [("ZMQInteractiveShell", True), ("TerminalInteractiveShell", False)]
)
def test_a_prompt_in_a_terminal_is_no_notebook(monkeypatch, shell, notebook):
    """IPython runs in both, but a terminal shows no pictures."""
    Notebook(monkeypatch, shell)
    assert plots.in_notebook() is notebook
