"""What a layer reports: its number of operations, and a hint for a likely mistake."""

import numpy as np
import pytest
from oracles import batch, image_net

from nofb import Conv2D, Dense, Dropout, Flatten, MaxPool2D, Network, activations
from nofb.layers import Chain, Inverse
from nofb.layers.base import Record


def test_the_work_of_a_layer_is_its_number_of_multiply_adds():
    """The work determines what is cut between threads; a sum of sizes would be far too small."""
    dense, maps = Dense(5, 3), Conv2D(2, 4, (3, 2), padding=1)
    maps.infer_shapes((5, 6, 2))
    assert dense.work == 5 * 3
    assert maps.work == (5 * 7 * 4) * (3 * 2 * 2)


@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4)])
def test_a_dense_layer_that_receives_more_than_a_row_suggests_the_cure(shape):
    """Images need Flatten first; a row of another length does not."""
    with pytest.raises(ValueError, match=r"put Flatten\(\) before it"):
        Dense(12, 2).infer_shapes(shape)
    with pytest.raises(ValueError, match=r"but receives \(13,\)$"):
        Dense(12, 2).infer_shapes((13,))


def test_only_a_transposed_feedback_matrix_gets_the_hint_about_its_shape():
    """In exercises students assign B by hand, and W not."""
    net = Network([Dense(4, 3, "tanh"), Dense(3, 2)])
    last = net.weighted[1]
    with pytest.raises(ValueError, match=r"transposed: draw it with layer\.feedback_shape"):
        last.B = np.ones((3, 2))
    with pytest.raises(ValueError, match=r"transposed: give its \.T"):
        last.W = np.ones((2, 3))


def test_a_signal_has_the_networks_precision_in_kernels():
    """A signal that fits is used directly; another precision or layout is copied first."""
    record, layer = Record(5, np.dtype(np.float64)), Flatten()
    fitting = np.arange(15.0).reshape(5, 3)
    assert record.signal(layer, fitting, (3,)) is fitting
    for other in (fitting.astype(np.float32), np.asfortranarray(fitting)):
        taken = record.signal(layer, other, (3,))
        assert taken.dtype == np.float64 and taken.flags.c_contiguous
        np.testing.assert_array_equal(taken, fitting)


@pytest.mark.parametrize("shape", [(4, 4), (2, 4, 4, 3)])
def test_pooling_accepts_maps_only(shape):
    """A batch that is given as one sample has one axis too many."""
    with pytest.raises(ValueError, match="takes maps"):
        MaxPool2D(2).infer_shapes(shape)


def test_a_dropout_seed_below_zero_is_refused():
    """NumPy would refuse it too, but its error does not name the layer's argument."""
    with pytest.raises(ValueError, match="seed must be"):
        Dropout(0.5, seed=-1)


def test_an_inverse_applies_its_activation_last_by_default():
    """s(z B + c), as in most papers; `before` gives s(z) B + c."""
    B = np.arange(6.0).reshape(2, 3)
    z = np.array([[0.5, -0.5]])
    inverse = Inverse(B, activations.get("tanh"))
    np.testing.assert_allclose(inverse(z), np.tanh(z @ B))
    first = Inverse(B, before=Chain(activations.get("tanh")))
    np.testing.assert_allclose(first(z), np.tanh(z) @ B)


@pytest.mark.parametrize("given", [[1.0, 2.0], None, 3.0])
def test_a_signal_for_maps_that_is_no_array_is_refused_in_a_sentence(given):
    """A list from a custom rule would fail in NumPy, far from the line with the mistake."""
    net = image_net([Conv2D(2, 3, 2)], (2, 4, 5))
    trace = net.forward(batch(net)[0])
    for layer in net.weighted:
        with pytest.raises(TypeError, match="must be an array of floating-point numbers, but is"):
            trace[layer].shaped(given, layer)


@pytest.mark.parametrize("make", [lambda size: Conv2D(2, 3, size), MaxPool2D])
@pytest.mark.parametrize("size", [(4, 1), (1, 6), (4, 6), (9, 9)])
def test_a_window_that_is_one_pixel_too_large_does_not_fit(make, size):
    """If the maps had no pixels, every layer above would have only its biases."""
    layer = make(size)
    with pytest.raises(ValueError, match="does not fit maps of 3 x 5 pixels"):
        layer.infer_shapes((3, 5, 2))
    fitting = make((min(size[0], 3), min(size[1], 5)))
    fitting.infer_shapes((3, 5, 2))
    assert min(fitting.shape_out) >= 1


@pytest.mark.parametrize("shape", [(5, 5), (5, 5, 3), (5, 5, 2, 1), (2,)])
def test_a_convolution_takes_maps_of_three_axes_with_its_channels_last(shape):
    """A batch of films would be read as a batch of maps."""
    with pytest.raises(ValueError, match=r"takes maps \(2, height, width\), but receives"):
        Conv2D(2, 3, 2).infer_shapes(shape)


def test_a_dropout_layer_with_a_seed_draws_the_masks_of_that_seed():
    """A user who sets the seed wants fixed masks, also for the seed 0."""

    def mask(**seed):
        layer, record = Dropout(0.5, **seed), Record(50, np.float64)
        layer.infer_shapes((9,))
        layer.open(record, np.ones((50, 9)))
        record.train = True
        layer.prepare(record)
        return layer.mask(record)

    masks = [mask(seed=seed) for seed in (0, 1, 2)]
    for seed, drawn in enumerate(masks):
        np.testing.assert_array_equal(mask(seed=seed), drawn)
    assert not any((masks[i] == masks[j]).all() for i, j in ((0, 1), (0, 2), (1, 2)))
    with pytest.raises(ValueError, match="seed must be at least 0, but is -1"):
        Dropout(0.5, seed=-1)
