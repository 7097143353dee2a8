"""The shape of a sample as a student gives it, and the summary of a network."""

import pytest

from nofb import Conv2D, Dense, Flatten, Network


def conv(channels, shape):
    return Network([Conv2D(channels, 4, 3), Flatten(), Dense(4 * 26 * 26, 10)], input_shape=shape)


@pytest.mark.parametrize("channels", [1, 3])
def test_channels_at_the_end_get_the_shape_that_was_meant(channels):
    """Keras has them at the end."""
    with pytest.raises(ValueError, match=rf"channels come first: \({channels}, 28, 28\)"):
        conv(channels, (28, 28, channels))
    assert conv(channels, (channels, 28, 28)).input_shape == (channels, 28, 28)


def test_an_image_without_channels_gets_one():
    """MNIST is often stored so."""
    with pytest.raises(ValueError, match=r"images have channels: \(1, 28, 28\)"):
        conv(1, (28, 28))


@pytest.mark.parametrize("shape", [64, "64", 64.0])
def test_a_number_is_refused_with_the_tuple_that_was_meant(shape):
    """Python would say that an int is not iterable."""
    with pytest.raises(TypeError, match=r"input_shape must be a tuple such as \(64"):
        Network([Dense(64, 10)], input_shape=shape)


@pytest.mark.parametrize("shape", [(0,), (-1,), (6.4,), (True,)])
def test_sizes_that_are_no_whole_numbers_are_refused(shape):
    """The name of the argument must be in the sentence."""
    with pytest.raises((TypeError, ValueError), match="input_shape"):
        Network([Dense(64, 10)], input_shape=shape)


def test_the_summary_is_the_table_that_print_shows(capsys):
    """A student who comes from Keras types net.summary()."""
    net = conv(1, (1, 28, 28))
    net.summary()
    assert capsys.readouterr().out == f"{net}\n"
