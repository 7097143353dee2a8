"""Confusion, samples and filters: what a student looks at first after training."""

import copy

import numpy as np
import pytest
from matplotlib.colors import to_rgb

import nofb
from nofb import Conv2D, Dense, Flatten, Network, plots
from nofb.datasets import Dataset
from nofb.diagnosis import confusion_matrix, most_confused
from nofb.plots.style import OKABE_ITO, THEMES

NAMES = ("cat", "dog", "cow")
X = np.array([[3.0, 0, 0], [0, 2, 1], [0, 5, 1], [0, 0, 1], [4, 1, 0], [1, 2, 3]])
TRUE = np.array([0, 1, 2, 2, 1, 0])
GIVEN = np.array([0, 1, 1, 2, 0, 2])  # the largest feature
PIXELS = {"class_names": NAMES, "image_shape": (1, 1, 3)}


def largest():
    """Return a network that gives the class of the largest feature."""
    net = Network([Dense(3, 3, bias=False)], dtype=np.float64)
    net.layers[0].W = np.eye(3)
    return net


def few():
    return Dataset(X, TRUE, X, TRUE, **PIXELS)


def test_a_row_of_the_confusion_matrix_is_a_true_class():
    """Rows and columns exchanged would blame the wrong class."""
    wanted = np.zeros((3, 3), int)
    for true, given in zip(TRUE, GIVEN, strict=True):
        wanted[true, given] += 1
    np.testing.assert_array_equal(confusion_matrix(largest(), X, TRUE), wanted)
    assert np.trace(wanted) / len(X) == largest().accuracy(X, TRUE)


def test_one_logistic_output_has_two_classes():
    """Its outputs are one column, but its classes are two."""
    net = Network([Dense(1, 1, bias=False)], loss="binary_cross_entropy")
    net.layers[0].W = np.ones((1, 1))
    x, y = np.array([[-3.0], [2.0], [-9.0]]), np.array([0, 0, 1])
    assert confusion_matrix(net, x, y).tolist() == [[1, 1], [1, 0]]
    assert most_confused(net, x, y).tolist() == [2, 1]


def test_the_most_confused_samples_are_wrong_ones_by_the_margin_of_their_outputs():
    """A right sample, however unsure, is not confused."""
    outputs = largest().outputs(X)
    wrong = [2, 4, 5]
    margin = {row: outputs[row, GIVEN[row]] - outputs[row, TRUE[row]] for row in wrong}
    wanted = sorted(wrong, key=lambda row: -margin[row])
    assert most_confused(largest(), X, TRUE).tolist() == wanted
    assert most_confused(largest(), X, TRUE, count=1).tolist() == wanted[:1]
    assert most_confused(largest(), X, GIVEN).tolist() == []


def test_classes_that_do_not_fit_are_refused():
    """One class for each sample is needed, and one that the network has."""
    for y in (np.eye(3)[TRUE], TRUE + 1, TRUE[:2]):
        with pytest.raises(ValueError, match="y "):
            confusion_matrix(largest(), X, y)
    data = nofb.datasets.load("linear_teacher")
    with pytest.raises(ValueError, match="has no classes, but must have 2 to 30"):
        plots.confusion(Network([Dense(30, 10)], loss="squared_error"), data)


def test_a_network_and_its_data_in_the_wrong_order_are_named():
    """The two are easily swapped."""
    with pytest.raises(TypeError, match="net must be a Network, but is a Dataset"):
        plots.confusion(few(), largest())


@pytest.mark.parametrize("name", ["confusion", "filters"])
def test_the_paper_shows_through_where_a_picture_has_no_colour(name):
    """A dark notebook replaces the paper: white squares would hide the light numbers on them."""
    net = Network([Dense(4, 3)])
    picture = plots.confusion(largest(), few()) if name == "confusion" else None
    picture = picture or plots.filters(net, image_shape=(1, 2, 2))
    (image,) = picture.axes[0].images
    middle = 0.0
    assert image.cmap(image.norm(middle))[3] == pytest.approx(0, abs=0.01)
    assert image.cmap(image.norm(image.norm.vmax))[3] == 1


@pytest.mark.parametrize("theme", THEMES)
def test_the_picture_of_confusion_has_the_counts_and_the_names(theme):
    """The diagonal is not coloured: the eye must go to the errors."""
    axes = plots.confusion(largest(), few(), theme).axes[0]
    counts = confusion_matrix(largest(), X, TRUE)
    written = [text.get_text() for text in axes.texts]
    assert written == [str(count) if count else "·" for count in counts.ravel()]
    assert [label.get_text() for label in axes.get_yticklabels()] == list(NAMES)
    assert axes.get_title() == "6 test samples, 50.0 % right"
    drawn = axes.images[0].get_array()
    assert not np.diag(drawn).any() and drawn.max() == counts[counts.shape[0] * [True]].max() == 1


def test_samples_have_their_true_class_and_a_wrong_one_in_colour():
    """An example with two names must say which one is true."""
    panels = plots.samples(few(), [2, 3], largest()).axes
    assert [each.get_title() for each in panels] == ["cow,\ngiven dog", "cow"]
    colours = [to_rgb(each.title.get_color()) for each in panels]
    assert colours == [to_rgb(OKABE_ITO["vermillion"]), to_rgb(THEMES["light"].ink)]
    assert [each.get_title() for each in plots.samples(few(), 1).axes] == ["cat"]
    for rows in ([6], [-1], []):
        with pytest.raises(ValueError, match="numbers from 0 to 5"):
            plots.samples(few(), rows)


def test_filters_before_and_after_have_the_same_scale():
    """Each with its own scale, small initial weights would look as large as trained ones."""
    net = Network([Conv2D(1, 3, 2), Flatten(), Dense(27, 2)], input_shape=(1, 4, 4))
    before = copy.deepcopy(net)
    net.layers[0].W = 4 * net.layers[0].W
    drawn = [axes.images[0] for axes in plots.filters(net, before=before).axes]
    largest_weight = np.abs(net.layers[0].W).max()
    for image, weights in zip(
        drawn, [*before.layers[0].filters, *net.layers[0].filters], strict=True
    ):
        np.testing.assert_allclose(image.get_array(), weights[0] / largest_weight, rtol=1e-6)
        assert image.get_clim() == (-1, 1)


def test_a_dense_layer_on_images_is_drawn_in_the_shape_of_its_images():
    """Column j of W holds the weights into unit j, pixel by pixel."""
    net = Network([Dense(6, 2)])
    drawn = plots.filters(net, image_shape=(1, 2, 3)).axes
    W = net.layers[0].W / np.abs(net.layers[0].W).max()
    for unit, axes in enumerate(drawn):
        np.testing.assert_allclose(axes.images[0].get_array(), W[:, unit].reshape(2, 3))


def test_weights_that_are_no_pictures_are_refused_with_the_cure():
    """A student draws the second layer too."""
    net = Network(
        [Conv2D(1, 4, 3), Conv2D(4, 2, 3), Flatten(), Dense(32, 3)], input_shape=(1, 8, 8)
    )
    with pytest.raises(ValueError, match="takes 4 channels, but only"):
        plots.filters(net, layer=1)
    with pytest.raises(ValueError, match=r"has 32 inputs: give image_shape="):
        plots.filters(net, layer=2)
    with pytest.raises(ValueError, match="layer is 3, but the network has 3"):
        plots.filters(net, layer=3)
