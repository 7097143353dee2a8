"""Means over windows and over whole maps, and the sum where branches join."""

import numpy as np
import pytest
from layers import oracles
from layers.alone import inputs, made, run

from nofb import AvgPool2D
from nofb.layers import Sum

WINDOWS = [((2, 2), (2, 2)), ((3, 3), (2, 2)), ((2, 3), (1, 2)), ((1, 1), (3, 2)), ((5, 7), (1, 1))]


@pytest.mark.parametrize(("size", "stride"), WINDOWS)
@pytest.mark.parametrize("channels", [1, 3])
def test_mean_pooling_equals_the_naive_mean(size, stride, channels):
    """Also for windows that overlap, that leave pixels over, and that fill the map."""
    layer, (x,) = made(AvgPool2D(size, stride), (5, 7, channels)), inputs(3, (5, 7, channels))
    np.testing.assert_allclose(run(layer, x).h, oracles.avg_pool(x, size, stride), rtol=1e-12)


def test_pooling_without_a_size_takes_the_whole_map():
    """The result is one number for each channel, which a dense layer accepts."""
    layer, (x,) = made(AvgPool2D(), (5, 7, 3)), inputs(4, (5, 7, 3))
    assert layer.shape_out == (3,)
    np.testing.assert_allclose(run(layer, x).h, x.mean((1, 2)), rtol=1e-12)


@pytest.mark.parametrize("size", [6, (1, 8), (6, 8)])
def test_a_window_larger_than_the_map_is_refused(size):
    """It would be read past the end of the map."""
    with pytest.raises(ValueError, match="does not fit maps of 5 x 7 pixels"):
        AvgPool2D(size).infer_shapes((5, 7, 3))


@pytest.mark.parametrize("shape", [(5, 7), (5,), (2, 5, 7, 3)])
@pytest.mark.parametrize("size", [None, 2])
def test_mean_pooling_accepts_maps_only(size, shape):
    """A row of units has no pixels."""
    with pytest.raises(ValueError, match="takes maps"):
        AvgPool2D(size).infer_shapes(shape)


def test_a_stride_without_a_size_is_refused():
    """The whole map is one window, so a stride has no meaning."""
    with pytest.raises(ValueError, match="stride is 2, but without a size"):
        AvgPool2D(stride=2)


def test_a_sum_adds_its_sources():
    """Whatever their number."""
    for count in (1, 2, 3):
        shapes = [(4, 3)] * count
        layer, received = made(Sum(), *shapes), inputs(5, *shapes)
        np.testing.assert_allclose(run(layer, *received).h, np.sum(received, 0))


@pytest.mark.parametrize("shapes", [[(4, 3), (4, 2)], [(3,), (1, 3)], [(8, 8, 4), (4, 4, 4)]])
def test_a_branch_whose_shape_does_not_fit_its_sum_is_refused(shapes):
    """NumPy would broadcast one of them without an error."""
    with pytest.raises(ValueError, match="adds branches of one shape, but receives"):
        Sum().infer_shapes(*shapes)
