"""Figures for lessons: pictures in the text, and sliders."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from comparisons import SIGNAL, made_up
from matplotlib.colors import to_rgb
from plots.drawn import Notebook, line

import nofb
from nofb import plots
from nofb.diagnosis import chance_band
from nofb.diagnosis.chance import network_band
from nofb.plots import Picture, style

# -- for lessons ----------------------------------------------------------------------------------


def test_the_panels_of_a_lesson_draw_accuracy_and_the_angle_of_the_chosen_layer():
    """An angle of another layer would lead a student to a wrong explanation."""
    comparison = made_up(["bp", "fa"])
    accuracy, angle = plots.accuracy_and_angle(comparison, layer=1).axes
    for rule in comparison.rules:
        shares = comparison.curves(rule, "test_accuracy", start=True).mean(axis=0)
        signals = comparison.curves(rule, SIGNAL, start=True).mean(axis=0)
        np.testing.assert_allclose(line(accuracy, rule).get_ydata(), shares)
        np.testing.assert_allclose(line(angle, rule).get_ydata(), signals[:, 1])
    box = angle.patches[0].get_extents().transformed(angle.transData.inverted())
    np.testing.assert_allclose(box.intervaly, chance_band(4, 2), rtol=1e-3)


@pytest.mark.parametrize("layer", [2, -1])
def test_a_layer_that_is_not_hidden_is_refused(layer):
    """An index past the layers is a student's first slip, as they are counted from 0."""
    with pytest.raises(ValueError, match=f"^layer .*{layer}"):
        plots.accuracy_and_angle(made_up(hidden=(5, 4)), layer=layer)


def test_the_figures_of_runs_all_take_one_run():
    """Whoever has drawn one run with one figure expects the others to take it too."""
    net = nofb.Network([nofb.Dense(64, 6, "tanh"), nofb.Dense(6, 10)])
    run = nofb.fit(net, "fa", nofb.datasets.load("digits"), 1, progress=False)
    for figure in (plots.accuracy_and_angle, plots.learning_curves, plots.alignment):
        labels = [text.get_label() for axes in figure(run).axes for text in axes.lines]
        assert "fa" in labels


def test_the_band_of_chance_is_that_of_the_network_s_loss():
    """Errors of logistic units have a common part, so angles spread more than under a softmax."""
    net = nofb.Network([nofb.Dense(64, 6, "tanh"), nofb.Dense(6, 10)], "binary_cross_entropy")
    run = nofb.fit(net, "fa", nofb.datasets.load("digits"), 1, progress=False)
    for panel in (plots.accuracy_and_angle(run).axes[1], plots.alignment(run).axes[0]):
        box = panel.patches[0].get_extents().transformed(panel.transData.inverted())
        np.testing.assert_allclose(box.intervaly, network_band(net, 0), rtol=1e-3)


def test_a_class_map_colours_each_point_by_the_predicted_class_there():
    """If the map were flipped, it would show errors where the network is correct."""
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
def test_data_that_cannot_be_drawn_as_a_map_are_refused(data, complaint):
    """A map needs two features, and a regression has no classes."""
    theme = style.THEMES["light"]
    axes = Picture(2, 2, theme).subplots()
    with pytest.raises(ValueError, match=complaint):
        plots.class_map(axes, nofb.Network([nofb.Dense(2, 2)]), data, theme)


def test_units_and_weights_show_their_numbers_and_signs():
    """A student compares the picture with a computation by hand, number by number."""
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
    x, y = written["-2.5"].get_position()  # on its line, nearer to the sending unit
    low, high = (np.array(written[end].get_position()) for end in ("7", "11"))
    assert np.cross([*(high - low), 0], [*((x, y) - low), 0])[2] == pytest.approx(0)
    assert x - low[0] < high[0] - x


@pytest.mark.parametrize("back", [False, True])
def test_the_arrows_between_units_point_in_the_direction_of_the_signal(back):
    """The direction of the signals is the question of the lesson."""
    theme = style.THEMES["light"]
    axes = Picture(4, 3, theme).subplots()
    plots.units(axes, {"x": [1], "h": [2]}, [np.array([[3.0]])], theme, back=back)
    (arrow,) = [text for text in axes.texts if text.get_text() == ""]
    head, tail = arrow.xy, arrow.get_position()
    assert (head[0] < tail[0]) == back


def test_weights_that_do_not_fit_their_units_are_refused_with_both_shapes():
    """A transposed matrix is the most frequent mistake of all."""
    theme = style.THEMES["light"]
    axes = Picture(4, 3, theme).subplots()
    with pytest.raises(ValueError, match=r"\[\(3, 2\)\], but between the layers are \[\(2, 3\)\]"):
        plots.units(axes, {"x": [1, 2], "h": [1, 2, 3]}, [np.zeros((3, 2))], theme)


@pytest.mark.parametrize("arrow", [(2, 1, "B"), (3, 1, "D"), (1, 2, "W")])
def test_the_arrow_of_a_path_begins_at_one_layer_and_ends_at_the_other(arrow):
    """The picture of a rule must show where each path begins and ends."""
    theme = style.THEMES["light"]
    axes = Picture(4, 2, theme).subplots()
    plots.paths(axes, ["x", "h", "g", "e"], [arrow], "red", theme)
    heads = [text for text in axes.texts if text.get_text() == "" and text.xy[1] == 0]
    (head,) = [text for text in heads if text.get_position()[1] < 0]
    (detour,) = [line for line in axes.lines if len(line.get_xdata()) == 3]
    assert (round(detour.get_xdata()[0]), round(head.xy[0])) == arrow[:2]
    assert {"x", "h", "g", "e", arrow[2]} <= {text.get_text() for text in axes.texts}


# -- sliders --------------------------------------------------------------------------------------


def lines_drawn(calls):
    """Return a drawing function that records its arguments."""

    def draw(slope, colour):
        calls.append((slope, colour))
        picture = Picture(2, 1)
        picture.subplots().plot([0, slope], color=colour)
        return picture

    return draw


@pytest.fixture
def widgets(monkeypatch):
    """The real ipywidgets, in a replacement of a notebook."""
    pytest.importorskip("ipywidgets")
    monkeypatch.setattr(sys.modules["nofb.plots.slider"], "in_notebook", lambda: True)


def test_sliders_start_in_the_middle_and_redraw_for_a_new_value(widgets):
    """If the picture did not follow, the parameter would seem to have no effect."""
    calls = []
    shown = plots.slider(lines_drawn(calls), slope=[1, 2, 3], colour=("red", "blue"))
    slope, colour, image = shown.widget.children
    first = image.value
    assert (slope.value, colour.value) == (2, "blue")
    slope.value = 3
    assert calls == [(2, "blue"), (3, "blue")]
    assert image.value != first


def test_an_earlier_value_is_shown_without_drawing_again(widgets):
    """Many sliders train a network for each value; an earlier value must not train again."""
    calls = []
    shown = plots.slider(lines_drawn(calls), slope=[1, 2, 3], colour=["red"])
    slope, _, image = shown.widget.children
    first = image.value
    for value in (1, 2, 1, 2):
        slope.value = value
    assert calls == [(2, "red"), (1, "red")]
    assert image.value == first


def test_a_page_without_a_kernel_shows_the_middle_picture_of_a_slider(widgets):
    """Saved notebooks and the documentation have no kernel, and would show nothing."""
    shown = plots.slider(lines_drawn([]), slope=[1, 2], colour=["red"])
    assert "application/vnd.jupyter.widget-view+json" in shown._repr_mimebundle_()
    assert shown._repr_png_()[0].startswith(b"\x89PNG")


def test_a_slider_outside_of_a_notebook_is_the_middle_picture(capsys):
    """Lessons run as scripts too."""
    picture = plots.slider(lines_drawn([]), slope=[1, 2, 5], colour=["red"])
    assert list(picture.axes[0].lines[0].get_ydata()) == [0, 2]
    assert not capsys.readouterr().out


def test_a_notebook_without_ipywidgets_gets_the_picture_and_a_hint(monkeypatch, capsys):
    """ipywidgets is optional; an ImportError would end the lesson."""
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
def test_ipython_in_a_terminal_is_no_notebook(monkeypatch, shell, notebook):
    """IPython runs in both, but a terminal shows no pictures."""
    Notebook(monkeypatch, shell)
    assert plots.in_notebook() is notebook


def regression(seed=0, lr=0.01, probe=20):
    """Return a short run of a linear teacher."""
    net = nofb.Network([nofb.Dense(30, 6, "tanh"), nofb.Dense(6, 10)], "squared_error", seed)
    data, optimizer = nofb.datasets.load("linear_teacher"), nofb.SGD(lr=lr)
    return nofb.fit(net, "fa", data, 2, optimizer=optimizer, probe=probe, progress=False)


def test_a_regression_has_its_loss_where_others_have_their_accuracy():
    """An empty panel from 0 to 100 % would say that nothing was learned."""
    run = regression()
    left, right = plots.accuracy_and_angle(run).axes
    assert left.get_title() == "test loss" and left.get_yscale() == "log"
    np.testing.assert_allclose(line(left, "fa").get_ydata(), run.history.from_start("test_loss"))
    assert line(right, "fa") is not None


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_runs_that_diverged_at_once_are_drawn_or_said():
    """A student whose rate is too large gets a figure or a sentence, and no error of Python's."""
    run = regression(lr=1e8)
    assert run.stopped is not None
    for figure in (plots.accuracy_and_angle, plots.learning_curves, plots.alignment):
        assert figure(run).to_bytes("png")


def test_runs_without_angles_are_refused_where_angles_are_drawn():
    """`probe=0` measures none."""
    run = regression(probe=0)
    plots.learning_curves(run)
    for figure in (plots.accuracy_and_angle, plots.alignment, plots.accuracy_against_angle):
        with pytest.raises(ValueError, match="the run of fa has no angles to draw"):
            figure(run)


def test_runs_with_classes_and_regressions_are_not_drawn_together():
    """Their scores have different units."""
    net = nofb.Network([nofb.Dense(64, 10)])
    run = nofb.fit(net, "bp", nofb.datasets.load("digits"), 2, progress=False)
    with pytest.raises(ValueError, match="others are regressions: draw them apart"):
        plots.learning_curves([run, regression()])
