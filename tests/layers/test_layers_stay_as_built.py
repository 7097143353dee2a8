"""A layer keeps the sizes that it was built with, and belongs to one network."""

import gc
import pickle
from copy import deepcopy

import numpy as np
import pytest

import nofb
from nofb import Conv2D, Dense, Dropout, Flatten, MaxPool2D, Network, rules
from nofb.training.restorer import Restorer

DIGITS = nofb.datasets.load("digits")
SENTENCE = "{} of {}.* is .* and stays so, but was set to .*: build a new layer"


def dense():
    """Return 64, some tanh units, 10."""
    return Network([Dense(64, 16, "tanh"), Dense(16, 10)])


def maps():
    """Return a convolution, pooling and a dense layer for digits."""
    layers = [Conv2D(1, 4, 3), MaxPool2D(2), Flatten(), Dense(36, 10)]
    return Network(layers, input_shape=(1, 8, 8))


# -- sizes ---------------------------------------------------------------------------------------

CHANGES = {
    "units of a dense layer": (dense, 0, "n_out", 32),
    "what a dense layer takes": (dense, 1, "n_in", 32),
    "the shape a dense layer gives": (dense, 0, "shape_out", (32,)),
    "the shape a dense layer takes": (dense, 1, "shape_in", (32,)),
    "channels below": (maps, 0, "channels_in", 3),
    "filters": (maps, 0, "n_out", 8),
    "the patch": (maps, 0, "kernel_size", (5, 5)),
    "the stride of a convolution": (maps, 0, "stride", (2, 2)),
    "the border": (maps, 0, "padding", (1, 1)),
    "the maps of a convolution": (maps, 0, "shape_out", (20, 20, 4)),
    "the pooling window": (maps, 1, "size", (3, 3)),
    "a window beyond the map": (maps, 1, "size", (50, 50)),
    "the stride of pooling": (maps, 1, "stride", (3, 3)),
    "a number for a pair": (maps, 1, "stride", 3),
    "the pooled maps": (maps, 1, "shape_in", (60, 60, 4)),
    "a flattened row": (maps, 2, "shape_out", (360,)),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_size_cannot_be_changed_once_a_layer_is_built(case):
    """W was checked against the new size and b was not: the kernel read past b, and crashed."""
    make, index, name, value = CHANGES[case]
    layer = make().layers[index]
    before = getattr(layer, name)
    with pytest.raises(ValueError, match=SENTENCE.format(name, type(layer).__name__)):
        setattr(layer, name, value)
    assert getattr(layer, name) == before


def test_a_size_may_be_set_to_its_own_value():
    """A program that restores all attributes must not fail."""
    layer = dense().layers[0]
    layer.n_out, layer.shape_out = 16, (16,)
    assert (layer.n_out, layer.shape_out) == (16, (16,))


@pytest.mark.parametrize("copied", [deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_the_sizes_of_a_copy_cannot_be_changed_either(copied):
    """A copy is made without the constructor, but must be protected, too."""
    for make, name, value in ((dense, "n_out", 32), (maps, "padding", (1, 1))):
        twin = copied(make())
        with pytest.raises(ValueError, match="stays so"):
            setattr(twin.layers[0], name, value)


def test_a_checkpoint_cannot_change_a_size():
    """A file made by hand could change what an assignment cannot."""
    net = maps()
    saved = {"object": {"size": {"tuple": [50, 50]}}}
    with pytest.raises(ValueError, match=r"size of MaxPool2D.* stays so"):
        Restorer(net, {}).put(saved, net.layers[1], "layers/1")
    assert net.layers[1].size == (2, 2)


def test_a_network_can_still_get_another_size_of_images():
    """Only the layers' own sizes are fixed; those of the images come from the network."""
    net = Network([Conv2D(1, 4, 3), MaxPool2D(2), Flatten(), Dense(36, 10)], input_shape=(1, 8, 8))
    net.infer_shapes((1, 9, 9))
    assert net.layers[0].shape_out == (7, 7, 4) and net.layers[1].shape_out == (3, 3, 4)
    assert net.predict(np.ones((2, 1, 9, 9))).shape == (2,)


def test_images_that_do_not_fit_leave_every_shape_unchanged():
    """The lower layers kept the refused size, and the next batch was read past its end."""
    net, twin = maps(), maps()
    with pytest.raises(ValueError, match="but receives"):
        net.infer_shapes((1, 28, 28))
    for layer, other in zip(net.layers, twin.layers, strict=True):
        assert (layer.shape_in, layer.shape_out) == (other.shape_in, other.shape_out)
    x = DIGITS.as_images().x_test[:3]
    np.testing.assert_array_equal(net.outputs(x), twin.outputs(x))


# -- one owner -----------------------------------------------------------------------------------


@pytest.mark.parametrize("copied", [lambda it: it, deepcopy])
@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_second_network_refuses_a_layer_and_does_not_change_it(index, copied):
    """It drew the weights again: the first network fell from 93 % to 14 % without an error."""
    old = copied(Network([Dense(64, 16, "tanh"), Dropout(0.1), Dense(16, 10)]))
    before = [layer.W.copy() for layer in old.weighted]
    top = [] if index == 2 else [Dense(64 if index else 16, 10)]
    with pytest.raises(ValueError, match=r"belongs to another network.*W = old\.layers\[0\]\.W"):
        Network([old.layers[index], *top], seed=1)
    for layer, W in zip(old.weighted, before, strict=True):
        np.testing.assert_array_equal(layer.W, W)


def test_weights_can_be_copied_as_the_sentence_says():
    """Transfer learning must be possible, and training must not change the old network."""
    old = dense()
    new = Network([Dense(64, 16, "tanh"), Dense(16, 3)], seed=1)
    new.layers[0].W, new.layers[0].b = old.layers[0].W, old.layers[0].b
    np.testing.assert_array_equal(new.layers[0].W, old.layers[0].W)
    assert not np.shares_memory(new.layers[0].W, old.layers[0].W)


def test_a_layer_copied_alone_is_free():
    """Its arrays are copies, so another network may draw them."""
    old = dense()
    for free in (deepcopy(old.layers[0]), pickle.loads(pickle.dumps(old.layers[0]))):
        new = Network([free, Dense(16, 3)], seed=1)
        assert (new.layers[0].W != old.layers[0].W).any()


def test_layers_are_free_after_a_network_that_could_not_be_built():
    """In a notebook the same layers are used again after the mistake is fixed."""
    layers = [Conv2D(1, 4, 3), MaxPool2D(2), Flatten(), Dense(36, 10)]
    for wrong in ({"input_shape": (1, 28, 28)}, {"loss": "squared"}, {"seed": -1}):
        with pytest.raises(ValueError):
            Network(layers, **wrong)
    assert Network(layers, input_shape=(1, 8, 8)).layers[3].W.shape == (36, 10)


def test_a_layer_of_a_deleted_network_is_still_refused():
    """Whether a layer is free must not depend on when Python deletes the network."""
    layer = dense().layers[0]
    gc.collect()
    with pytest.raises(ValueError, match="belongs to another network"):
        Network([layer, Dense(16, 10)])


# -- inputs --------------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_a_read_only_signal_is_accepted_and_not_changed(activation):
    """It gave 27 lines of a Numba typing error."""
    net = Network([Dense(64, 16, activation), Dense(16, 10)])
    trace = net.forward(DIGITS.flat().x_test[:5])
    signal = np.ones((5, 16), np.float32)
    signal.flags.writeable = False
    layer = net.layers[0]
    delta = trace.times_slope(layer, signal)
    np.testing.assert_array_equal(delta, layer.activation.slope(trace[layer].a))
    assert delta.flags.writeable and (signal == 1).all()


def test_an_initialiser_that_returns_nothing_is_named():
    """A forgotten `return` gave an AttributeError about W in another place."""
    with pytest.raises(TypeError, match=r"W of Dense.* must be an array, but is None"):
        Network([Dense(4, 2, init=lambda *_: None)])
    with pytest.raises(TypeError, match=r"a feedback matrix of .* must be an array, but is None"):
        rules.make("fa", feedback_init=lambda *_: None).attach(dense())


def test_a_masked_array_is_refused():
    """The hidden values became weights."""
    layer = dense().layers[0]
    with pytest.raises(TypeError, match=r"W of Dense.* is a masked array.*\.filled\(0\)"):
        layer.W = np.ma.masked_less(np.ones((64, 16)), 2)
