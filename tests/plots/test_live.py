"""The live plot: a run that is drawn while it trains."""

from __future__ import annotations

import sys
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from comparisons import MEASURES, made_up
from matplotlib.colors import to_rgba
from plots.drawn import Notebook

import nofb
from nofb import rules
from nofb.diagnosis.chance import network_band
from nofb.plots import LivePlot, live
from nofb.training import History


def run_of(comparison, epochs=None):
    """Return what a callback receives of the first run."""
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
    """A clock that does not move until it is set."""
    now = [100.0]
    monkeypatch.setattr(live.time, "monotonic", lambda: now[0])
    return now


def epochs_drawn(figure):
    return int(max(figure.axes[0].lines[0].get_xdata()))


def test_a_live_plot_skips_epochs_that_come_too_fast_but_never_the_last(monkeypatch, clock):
    """Drawing each of a thousand short epochs would take longer than training."""
    notebook = Notebook(monkeypatch)
    follow(LivePlot(), made_up(["fa"], epochs=6))
    assert [epochs_drawn(figure) for figure in notebook.shown[0]] == [1]
    notebook.end_cell()
    assert [epochs_drawn(figure) for figure in notebook.shown[0]] == [1, 6]
    assert notebook.hooks == []


def test_a_live_plot_redraws_in_place_after_enough_time(monkeypatch, clock):
    """A new figure for each epoch would flood the notebook."""
    notebook, plot = Notebook(monkeypatch), LivePlot()
    run, rows = run_of(made_up(["fa"], epochs=4))
    for row in rows:
        run.history.append(row)
        plot(run)
        clock[0] += 0.3
    assert [epochs_drawn(figure) for figure in notebook.shown[0]] == [1, 2, 3, 4]
    assert len(notebook.shown) == 1


def test_a_live_plot_with_the_number_of_epochs_draws_the_last_at_once(monkeypatch, clock):
    """Then its axis has the final length from the first epoch on."""
    notebook = Notebook(monkeypatch)
    follow(LivePlot(epochs=4), made_up(["fa"], epochs=4))
    assert [epochs_drawn(figure) for figure in notebook.shown[0]] == [1, 4]
    assert {figure.axes[0].get_xlim()[1] for figure in notebook.shown[0]} == {4 * 1.02}


def test_a_live_plot_can_follow_several_runs_each_in_its_own_figure(monkeypatch, clock):
    """The end of the first run must stay visible when the second begins."""
    notebook, plot = Notebook(monkeypatch), LivePlot()
    follow(plot, made_up(["fa"], epochs=3))
    follow(plot, made_up(["fa"], epochs=2))
    notebook.end_cell()
    drawn = [[epochs_drawn(figure) for figure in figures] for figures in notebook.shown]
    assert drawn == [[1, 3], [1, 2]]


@pytest.mark.parametrize("shell", [None, "TerminalInteractiveShell"])
def test_a_live_plot_outside_of_a_notebook_says_that_it_needs_one(monkeypatch, shell):
    """Without the sentence a student would wait for a picture."""
    if shell is None:
        monkeypatch.setitem(sys.modules, "IPython", None)
    else:
        Notebook(monkeypatch, shell)
    with pytest.raises(RuntimeError, match="draws in a notebook"):
        follow(LivePlot(), made_up(["fa"]))


@pytest.mark.parametrize(
    ("comparison", "titles"),
    [
        (made_up(["fa"]), ["Loss", "Accuracy", "Angle"]),
        (made_up(["fa"], classes=None), ["Loss", "Angle"]),
        (made_up(["shallow"]), ["Loss", "Accuracy"]),
        (made_up(["fa"], hidden=()), ["Loss", "Accuracy"]),
    ],
)
def test_a_live_figure_has_only_panels_with_numbers(comparison, titles):
    """An empty panel looks like a run with an error."""
    run, rows = run_of(comparison)
    run.history._rows = rows
    picture = live.draw(run)
    assert [axes.get_title().split()[0] for axes in picture.axes] == titles


def bands(run):
    """Return the ends and the colour of each band in the panel of angles."""
    *_, angle = live.draw(run).axes
    boxes = [patch.get_extents().transformed(angle.transData.inverted()) for patch in angle.patches]
    return [box.intervaly for box in boxes], [patch.get_facecolor() for patch in angle.patches]


def test_each_hidden_layer_of_a_live_figure_has_its_own_band_in_its_own_colour():
    """With one band for all, a fall out of chance would be drawn inside it, or the reverse."""
    layers = [nofb.Conv2D(1, 4, 3), nofb.Flatten(), nofb.Dense(144, 6), nofb.Dense(6, 10)]
    net = nofb.Network(layers, input_shape=(1, 8, 8))
    data = nofb.datasets.load("digits").as_images()
    run = nofb.fit(net, rules.make("fa"), data, 1, progress=False)
    found, colours = bands(run)
    np.testing.assert_allclose(found, [network_band(net, layer) for layer in (0, 1)])
    assert np.ptp(found[0]) < 10 < np.ptp(found[1])  # 144 units of the maps, not 4 channels
    *_, angle = live.draw(run).axes
    lines = [to_rgba(line.get_color())[:3] for line in angle.get_lines()]
    assert [colour[:3] for colour in colours] == lines


def test_layers_with_equal_bands_share_one():
    """Two bands above each other would only be darker."""
    net = nofb.Network([nofb.Dense(64, 6), nofb.Dense(6, 6), nofb.Dense(6, 10)])
    run = nofb.fit(net, rules.make("fa"), nofb.datasets.load("digits"), 1, progress=False)
    found, _ = bands(run)
    np.testing.assert_allclose(found, [network_band(net, 1)])


def test_a_live_figure_works_for_a_run_without_a_probe():
    """`probe=0` measures no angles."""
    run, rows = run_of(made_up(["fa"]))
    run.history._rows = [{k: v for k, v in row.items() if k not in MEASURES} for row in rows]
    assert len(live.draw(run).axes) == 2
