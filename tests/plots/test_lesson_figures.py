"""The figures of the lessons show the arrays that the lessons computed, in the right places."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from comparisons import made_up
from plots.drawn import line

import nofb
from nofb.plots import lessons, style
from nofb.plots.lessons.parts import COLOURS, colours_of

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.py"))
LIGHT = style.THEMES["light"]


def labels(axes):
    return [line.get_label() for line in axes.lines if not line.get_label().startswith("_")]


@pytest.mark.parametrize("lesson", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_lesson_has_no_code_that_draws(lesson):
    """A student reads what a rule does, and not how axes are labelled."""
    text = lesson.read_text("utf-8")
    found = re.findall(r"matplotlib|Picture\(|\.set_title\(|axes\.|using\(", text)
    assert not found


@pytest.mark.parametrize("theme", style.THEMES)
def test_a_figure_of_a_lesson_follows_the_chosen_theme(theme, monkeypatch):
    """`nofb.plots.use` must reach lessons too."""
    monkeypatch.setenv(style.VARIABLE, theme)
    picture = lessons.with_theory({"fa": ([1, 2], 3)}, "x", "y")
    assert picture.theme == style.THEMES[theme]


def test_entries_of_two_arrays_are_paired_as_they_stand():
    """If one array were transposed, equal arrays would look unrelated."""
    W = np.arange(6.0).reshape(2, 3) - 2
    (one, other) = lessons.clouds({"bp: 0°": (W, W), "fa: 90°": (W, 2 * W)}, "W", "B").axes
    for axes, factor in ((one, 1), (other, 2)):
        (dots,) = [each for each in axes.lines if each.get_marker() == "."]
        x, y = dots.get_data()
        np.testing.assert_array_equal(x, W.ravel())
        np.testing.assert_array_equal(y, factor * x)
    assert one.get_xlim() == other.get_ylim()  # or the slope of 1 could not be seen


def test_measured_values_and_their_theory_have_the_same_colour():
    """A prediction beside another curve proves nothing."""
    found = {"fa": ([80.0, 40], [70, 30]), "λ = 1": ([90.0, 50], 60), "none": ([1.0, 2], None)}
    (axes,) = lessons.with_theory(found, "step", "angle", x=[5, 9]).axes
    curves = [each for each in axes.lines if each.get_label() != "_90°"]
    assert len(curves) == 5
    for measured, theory in (curves[:2], curves[2:4]):
        assert measured.get_color() == theory.get_color()
        assert (measured.get_marker(), theory.get_linestyle()) == ("o", "-")
        np.testing.assert_array_equal(measured.get_xdata(), [5, 9])
    np.testing.assert_array_equal(curves[3].get_ydata(), [60, 60])
    assert labels(axes) == list(found)


def test_many_measured_values_are_a_line_and_their_theory_is_dashed():
    """Three hundred dots would hide the line."""
    (axes,) = lessons.with_theory({"fa": (np.ones(300), 2.0)}, "step", "loss", top=None).axes
    assert [each.get_linestyle() for each in axes.lines] == ["-", "--"]
    assert axes.get_yscale() == "log"


def test_names_that_are_no_rules_get_colours_that_no_rule_of_the_figure_has():
    """The lesson on Kolen-Pollack draws four values of λ beside fa."""
    found = colours_of(["λ = 0", "λ = 1", "bp", "fa"], LIGHT)
    assert len(set(found.values())) == 4
    assert found["fa"] == style.look("fa", LIGHT).colour
    assert len(set(colours_of(["usf", "frsf"], LIGHT).values())) == 2  # of one family


@pytest.fixture(scope="module")
def histories():
    comparison = made_up(["bp", "fa", "dfa"])
    return {result.rule: result.history for result in comparison.results[::3]}


def test_accuracies_and_the_last_angle_of_each_hidden_layer_are_drawn(histories):
    """The output layer always has 0°, and would make every rule look aligned."""
    accuracy, angle = lessons.accuracy_by_layer(histories, "digits").axes
    for name, history in histories.items():
        drawn = line(accuracy, name).get_ydata()
        np.testing.assert_array_equal(drawn, history.from_start("test_accuracy"))
    for curve, history in zip(angle.lines, histories.values(), strict=False):
        expected = history["delta_angle_end_to_end"][-1, :-1]
        np.testing.assert_array_equal(curve.get_ydata(), expected)
        np.testing.assert_array_equal(curve.get_xdata(), [1, 2])


def test_runs_with_other_names_have_the_colours_that_are_given(histories):
    """The lesson on iterated inverses has a shade for each number of iterations."""
    (axes,) = lessons.accuracies({"K = 1": histories["fa"]}, "test", {"K = 1": "#123456"}).axes
    assert line(axes, "K = 1").get_color() == "#123456"


def test_angles_of_matrices_are_those_of_the_layers_that_are_named(histories):
    """B of another layer would show another rule's progress."""
    layers = {"output layer": 2, "second layer": 1}
    accuracy, angle = lessons.accuracy_and_matrices(histories, layers).axes
    assert labels(accuracy) == ["bp", "fa", "dfa"]
    for called, layer in layers.items():
        drawn = line(angle, f"fa, {called}").get_ydata()
        np.testing.assert_array_equal(drawn, histories["fa"].from_start("weight_angle")[:, layer])
    assert not [each for each in labels(angle) if each.startswith("bp")]  # it has no matrices


def test_published_logs_are_drawn_from_their_first_epoch_on():
    """On a logarithmic axis epoch 0 has no place."""
    log = {"loss": [3, 2], "test_accuracy": [0.9, 0.95], "weight_angle": [80, 20]}
    accuracy, angle = lessons.published_runs({"bp": log, "wm": log}).axes
    np.testing.assert_array_equal(line(accuracy, "bp").get_xydata(), [[1, 0.9], [2, 0.95]])
    np.testing.assert_array_equal(line(angle, "wm, output layer").get_ydata(), [80, 20])
    assert labels(angle) == ["wm, output layer"]


def test_a_matrix_is_marked_as_learned_from_its_first_step_on():
    """Which layer learns first is what the figure is for."""
    lengths = np.array([[0, 0, 1], [0, 2, 3]])
    (axes,) = lessons.learned_after_steps({"dfa": lengths}).axes
    np.testing.assert_array_equal(axes.collections[0].get_array().reshape(2, 3), lengths > 0)
    assert [text.get_text() for text in axes.get_yticklabels()] == ["W₁", "W₂"]


def test_the_feedback_path_of_each_rule_has_its_panel():
    """Three rules need two rows, and no empty panel."""
    arrows = {name: [(2, 1, name)] for name in ("bp", "fa", "dfa")}
    picture = lessons.feedback_paths(arrows, ["x", "h", "e"])
    assert [axes.get_title() for axes in picture.axes] == ["bp", "fa", "dfa"]
    assert lessons.residual_paths(["x", "h"], [(1, 0, "B")]).axes[0].texts


def test_reconstructions_are_below_their_images():
    """A student compares each digit with what the inverse makes of it."""
    images, guesses = np.full((2, 4), -1.0), np.full((2, 4), 0.5)
    loss, panel = lessons.reconstructions(images, guesses, [5, 4], steps=10).axes
    pixels = panel.images[0].get_array()
    assert pixels.shape == (8, 8)
    assert pixels[1:3, 1:3].max() == -1 and pixels[5:7, 1:3].min() == 0.5
    np.testing.assert_array_equal(loss.lines[0].get_xydata(), [[1, 5], [2, 4]])


def test_arrows_of_changes_start_at_the_states():
    """An arrow from the target back would turn every conclusion around."""
    h = np.array([[0.0, 1], [1, 0]])
    ways = {name: h + place for place, name in enumerate(("exact", "tp", "dtp"))}
    for axes, change in zip(lessons.changes(h, ways).axes, ways.values(), strict=True):
        (arrows,) = axes.collections
        np.testing.assert_array_equal(arrows.get_offsets(), h)
        np.testing.assert_array_equal(np.column_stack([arrows.U, arrows.V]), change)


def test_errors_of_iterates_are_their_distances_to_the_solution():
    """The law is about the error, and not about the length of the state."""
    path = np.array([[3.0, 1], [2, 1], [1.5, 1]])
    states, law = lessons.converging(path, np.array([1.0, 1]), 0.5).axes
    measured, predicted = law.lines
    np.testing.assert_allclose(measured.get_ydata(), [2, 1, 0.5])
    np.testing.assert_allclose(predicted.get_ydata(), [2, 1, 0.5])
    assert len([text for text in states.texts if text.get_text().startswith("h")]) == 3


def test_arrows_of_directions_start_and_end_where_they_should():
    """The shortest solution and another one must both end on the line of solutions."""
    h = np.array([-1.0, 0.4])
    arrows = {"a": (h, np.array([0.5, 0])), "b": (h, np.array([0, 0.5]))}
    three = arrows | {"c": (h, np.array([0.1, 0.1]))}
    two, one = lessons.directions(h, np.eye(2), arrows, np.eye(2), three).axes
    for axes, expected in ((two, arrows), (one, three)):
        ends = [(text.xyann, text.xy) for text in axes.texts]
        assert ends == [(tuple(start), tuple(start + by)) for start, by in expected.values()]
        assert labels(axes) == list(expected)


def test_every_layer_of_both_rules_is_drawn_over_the_step_size():
    """Near and far targets differ most in the first layer."""
    found = {name: [([1, 2], [30, 60]), ([3, 4], [10, 20])] for name in ("tp", "dtp")}
    lengths, angles = lessons.near_and_far(np.array([0.1, 1]), found).axes
    assert labels(lengths) == [f"{n}, layer {k}" for n in ("tp", "dtp") for k in (1, 2)]
    np.testing.assert_array_equal(angles.lines[1].get_ydata(), [10, 20])


def test_laws_and_measures_of_the_linear_networks_are_in_their_panels():
    """Lessons 02, 06 and 09 each hold a law against a measurement."""
    n = np.arange(9.0)
    law, angles = lessons.alignment_law(n, n, 2 * n, n[1:], 3 * n[1:], 4 * n[1:], (80, 100)).axes
    np.testing.assert_array_equal(law.lines[1].get_xydata(), [[0, 0], [4, 8], [8, 16]])
    dots = line(angles, "from the length of W₁")
    np.testing.assert_array_equal(dots.get_xydata(), [[1, 4], [5, 20]])
    found = {"λ = 0": (n, 2 * n, 3 * n, 4 * n)}
    lengths, angles = lessons.lengths_and_angles(found, every=4).axes
    assert [each.get_linestyle() for each in lengths.lines] == ["-", "--"]
    np.testing.assert_array_equal(angles.lines[1].get_xydata(), [[0, 0], [4, 12], [8, 24]])
    (axes,) = lessons.lengths_of_signals({"bp": ([1, 2], [2, 1]), "dfa": ([3, 3], None)}, "g").axes
    assert len(axes.lines) == 3 and labels(axes) == ["bp", "dfa"]


def test_theory_and_both_measurements_of_wrong_signs_are_drawn():
    """Before training the angle must be that of theory, and after it another."""
    rights = np.array([0, 0.5, 1])
    ends, angles = lessons.wrong_signs(rights, [0.1, 0.5, 0.9], {"bp": 0.95}, *np.eye(3) * 90).axes
    assert labels(ends) == ["bp", "some signs wrong"]
    for label, place in (("before training", 1), ("after training", 2)):
        np.testing.assert_array_equal(line(angles, label).get_ydata(), 90 * np.eye(3)[place])


def test_every_seed_and_its_mean_are_drawn_for_each_setting():
    """A mean alone would hide a seed that failed."""
    found = {"1": np.array([[90.0, 30], [80, 50]]), "fa": np.array([[70.0, 20], [60, 40]])}
    accuracy, angles = lessons.seeds(found, {"bp": 95.0}, "bits").axes
    np.testing.assert_array_equal(accuracy.lines[0].get_ydata(), [90, 80])
    np.testing.assert_array_equal(accuracy.lines[1].get_ydata(), [85])
    np.testing.assert_array_equal(angles.lines[3].get_ydata(), [30])
    np.testing.assert_array_equal(line(accuracy, "bp").get_ydata(), [95, 95])
    assert lessons.seeds(found, {}, "bits").axes[0].get_legend() is None


def test_filters_of_w_are_above_those_of_b_with_the_same_map():
    """A student looks for equal pictures in one column."""
    rng = np.random.default_rng(0)
    W, B = rng.normal(size=(2, 3, 3, 4))
    panels = lessons.filters_and_feedback({"wm": (W, B)}, maps=2).axes
    shown = [axes.images[0].get_array() for axes in panels]
    for image, expected in zip(
        shown, (W[:, :, 0], W[:, :, 1], B[:, :, 0], B[:, :, 1]), strict=True
    ):
        np.testing.assert_array_equal(image, expected)


def test_one_step_and_two_passes_show_the_numbers_of_the_network():
    """A student compares them with a computation by hand."""
    x, W = np.array([1.0, 2]), np.array([[3.0], [4.0]])
    up, back = lessons.two_passes({"x": x, "ŷ": [7]}, {"δ": [5]}, [W]).axes
    assert {"1", "2", "7"} <= {text.get_text() for text in up.texts}
    assert "5" in {text.get_text() for text in back.texts}
    rates = np.array([0, 0.1])
    loss, after = lessons.one_step(
        rates, [1, 0.8], [[1, 2], [1, 3]], [1, 0.7], (0.1, 0.8), {"x": x, "ŷ": [7]}, [W]
    ).axes
    np.testing.assert_array_equal(line(loss, "tangent").get_ydata(), [1, 0.7])
    np.testing.assert_array_equal(loss.lines[1].get_ydata(), [1, 3])  # another direction
    assert "7" in {text.get_text() for text in after.texts}


def test_attention_is_drawn_for_each_block_and_accuracy_for_each_strength():
    """If blocks and strengths were swapped, the last block would seem to decide nothing."""
    attention = np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]])
    left, right = lessons.strengths([0, 1, 2], [0.3, 0.6, 0.9], attention).axes
    np.testing.assert_array_equal(left.lines[0].get_ydata(), [0.3, 0.6, 0.9])
    np.testing.assert_array_equal(line(right, "block 2").get_ydata(), [0.2, 0.4, 0.6])


def test_a_class_map_states_the_accuracy_of_its_network():
    """Maps without a number invite a guess."""
    data = nofb.datasets.toys.xor(n=40)
    net = nofb.Network([nofb.Dense(2, 2)], seed=1)
    (axes,) = lessons.class_maps({"bp": net}, data).axes
    assert (
        axes.get_title() == f"bp: {net.accuracy(data.x_test, data.y_test):.0%} of the test points"
    )


def test_weight_steps_are_drawn_from_the_last_hidden_layer_to_the_first():
    """The ring marks the first layer, which is the farthest from the error."""

    class Kept(dict):
        epochs = 1

        def from_start(self, name):
            return self[name]

    angles = {"step_angle": [[10, 20, 30, 0]], "gauss_newton_angle": [[40, 50, 60, 0]]}
    history = Kept({name: np.array(each) for name, each in angles.items()})
    history["test_accuracy"] = np.array([0.1, 0.9])
    _, plane = lessons.step_angles({"gnt": history}, {"gnt": history}, {}).axes
    np.testing.assert_array_equal(plane.lines[0].get_xydata(), [[30, 60], [20, 50], [10, 40]])
    np.testing.assert_array_equal(plane.lines[1].get_xydata(), [[10, 40]])


def test_singular_values_are_drawn_from_the_first_direction_on():
    """A condition number is the quotient of the first and the last."""
    (axes,) = lessons.singular_values({"layer 2": np.array([4, 1])}, COLOURS, "layer").axes
    np.testing.assert_array_equal(axes.lines[0].get_xydata(), [[1, 4], [2, 1]])
