"""Layers for images refuse other samples, with the channels first as in every data set."""

import re

import pytest

import nofb
from nofb import AvgPool2D, Conv2D, Dense, Flatten, MaxPool2D, Network, Patches, datasets
from nofb.layers import CutPatches

FLAT = datasets.load("fashion_small")  # its images are rows of 784 pixels
LAYERS = [
    lambda: Conv2D(1, 8, 5),
    lambda: MaxPool2D(2),
    lambda: AvgPool2D(2),
    lambda: Patches(4, 3),
]


@pytest.mark.parametrize("make", LAYERS)
def test_flat_images_are_refused_with_the_cure_and_the_channels_first(make):
    """`(height, width, 1)` looks like the shape to give, which `input_shape` then refuses."""
    net = Network([make(), Flatten(), Dense(10, 10)])
    expected = (
        r"takes maps \((1|channels), height, width\), but receives \(784,\): give images, see"
    )
    with pytest.raises(ValueError, match=expected) as caught:
        nofb.fit(net, "fa", FLAT, epochs=1)
    assert "Dataset.as_images()" in str(caught.value)


def test_the_cure_of_the_sentence_works():
    """A cure that fails is worse than none."""
    net = Network([Conv2D(1, 2, 5, stride=4), Flatten(), Dense(72, 10)])
    run = nofb.fit(net, "fa", FLAT.as_images().take(64, 20), epochs=1, progress=False)
    assert run.history.epochs == 1 and net.input_shape == FLAT.image_shape


def test_a_convolution_behind_flatten_is_told_to_stand_before_it():
    """A student who puts Flatten first has images, so the first half of the cure is no help."""
    net = Network([Flatten(), Conv2D(1, 8, 5), Dense(10, 10)])
    with pytest.raises(ValueError, match=r"put Flatten\(\) and Dense after this layer"):
        net.predict(FLAT.as_images().x_test)


@pytest.mark.parametrize("channels", [3, 4])
def test_other_channels_are_refused_with_the_number_to_take(channels):
    """Grey images have one channel; the error states both shapes in the same order."""
    net = Network([Conv2D(channels, 8, 5), Flatten(), Dense(10, 10)])
    sentence = f"maps ({channels}, height, width), but receives (1, 28, 28): take channels_in=1"
    with pytest.raises(ValueError, match=re.escape(sentence)):
        net.predict(FLAT.as_images().x_test)


@pytest.mark.parametrize("layer", [MaxPool2D(2), AvgPool2D(), CutPatches(2)])
def test_tokens_are_no_maps(layer):
    """The layers that take any number of channels say so."""
    with pytest.raises(ValueError, match=r"takes maps \(channels, height, width\), but receives"):
        layer.infer_shapes((16, 8))
