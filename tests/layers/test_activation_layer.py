"""Activations that are layers of their own: they change nothing but what a target is for."""

import copy
import pickle

import numpy as np
import oracles
import pytest
from oracles import attached, batch, dense_net, image_net, taught_trace

from nofb import Activation, Conv2D, Dense, Flatten, MaxPool2D, Network, rules
from nofb.activations import ACTIVATIONS

TOLD_ERRORS = [name for name in rules.RULES if name not in rules.TARGETS]


def maps(activation, apart):
    """Return two convolutions with pooling, with activations of their own or not."""

    def convolution(n_in, n_out):
        if not apart:
            return [Conv2D(n_in, n_out, 2, activation=activation)]
        return [Conv2D(n_in, n_out, 2), Activation(activation)]

    layers = [*convolution(2, 3), MaxPool2D(2, stride=1), *convolution(3, 2)]
    return image_net(layers, (2, 5, 6))


NETS = {"dense": lambda act, apart: dense_net(activation=act, apart=apart), "maps": maps}


def twins(net_name, activation):
    """Return one network with activations in its layers, and the same with activations apart."""
    fused, split = (NETS[net_name](activation, apart) for apart in (False, True))
    assert len(split.layers) == len(fused.layers) + 2
    return fused, split


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("net_name", NETS)
def test_an_activation_apart_goes_forward_as_one_in_the_layer(net_name, activation):
    """h = f(h_below), unit by unit, and nothing else."""
    fused, split = twins(net_name, activation)
    x, _ = batch(fused)
    np.testing.assert_array_equal(split.forward(x).output, fused.forward(x).output)


@pytest.mark.parametrize("activation", ["tanh", "leaky_relu"])
@pytest.mark.parametrize("net_name", NETS)
@pytest.mark.parametrize("name", TOLD_ERRORS)
def test_a_rule_that_sends_errors_teaches_the_same_weight_steps(name, net_name, activation):
    """A slope that were missing, or there twice, would change every step below."""
    fused, split = twins(net_name, activation)
    x, y = batch(fused)
    quick = {"steps_before": 1} if name in ("wm", "wm_released", "ia") else {}
    rule, other = (attached(name, net, **quick) for net in (fused, split))
    for layer, twin in zip(fused.weighted, split.weighted, strict=True):
        for matrix in ("B", "D"):  # a mirror learned what each layer answers to noise
            if getattr(layer, matrix) is not None:
                setattr(twin, matrix, getattr(layer, matrix))
    oracles.assert_close(other.updates(split, x, y), rule.updates(fused, x, y), rtol=1e-10)


@pytest.mark.parametrize("name", oracles.DENSE_ONLY)
def test_a_target_is_for_the_pre_activation_where_the_activation_is_apart(name):
    """So that a weight step is h_belowᵀ (a - t) / η̂, and no slope is left in it."""
    net = dense_net((5, 4, 6, 7, 3), apart=True)
    options = {"layer_norm": False} if name == "itp" else {}
    rule = attached(name, net, **options)
    trace = taught_trace(net, *batch(net))
    targets = {layer: t.copy() for layer, t in rule.targets(net, trace)}
    for layer, update in zip(net.weighted[:-1], rule.teach(net, trace), strict=False):
        delta = (trace[layer].a - targets[layer]) / rule.step_size
        dW = trace[layer].h_below.T @ delta / trace.samples
        np.testing.assert_allclose(update.dW, dW, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy", "squared_error"])
def test_the_label_is_still_the_top_target_of_simplified_difference_targets(loss):
    """ŷ - η̂ (ŷ - y) = y for η̂ = 1, whatever the layers below have for a state."""
    net = dense_net(apart=True, loss=loss)
    rule, trace = attached("sdtp", net), taught_trace(net, *batch(net))
    layer, t = next(iter(rule.targets(net, trace)))
    assert layer is net.weighted[-1]
    np.testing.assert_allclose(t, trace.target, atol=1e-12)
    own = rule.layers(net, trace)[-1]
    np.testing.assert_allclose(own.f(own.h_below), trace.output, atol=1e-12)


def test_networks_with_activations_inside_and_apart_can_be_mixed():
    """Each f_l leads from state to state, whichever way the layers at its two ends have it."""
    layers = [Dense(5, 4, "tanh"), Dense(4, 6), Activation("relu"), Dense(6, 3, "tanh")]
    net = Network([*layers, Dense(3, 2)], dtype=np.float64, seed=1)
    for name in oracles.DENSE_ONLY:
        rule, trace = attached(name, net), taught_trace(net, *batch(net))
        for own in rule.layers(net, trace):
            np.testing.assert_allclose(own.f(own.h_below), own.h, atol=1e-12)
        assert all(np.isfinite(update.dW).all() for update in rule.teach(net, trace))


# -- as a layer among others ---------------------------------------------------------------------


def test_it_says_what_it_is_and_takes_any_shape():
    """A network that is printed must be the one that was built."""
    net = Network([Activation("tanh"), Dense(4, 3), Activation("relu"), Dense(3, 2)])
    assert repr(net.layers[2]) == "Activation('relu')" and "Activation('tanh')" in repr(net)
    assert net.input_shape == (4,)
    assert net.outline()["layer 2"] == "Activation('relu')"
    images = Network([Activation("tanh"), Flatten(), Dense(12, 2)], input_shape=(3, 2, 2))
    assert images.forward(np.ones((5, 3, 2, 2))).output.shape == (5, 2)


def test_weights_go_from_file_to_networks_with_the_same_activations_only(tmp_path):
    """With another activation the same numbers would be another network."""
    net, twin = dense_net(apart=True), dense_net(apart=True, seed=9)
    net.save(tmp_path / "weights.npz")
    twin.load(tmp_path / "weights.npz")
    np.testing.assert_array_equal(twin.weighted[0].W, net.weighted[0].W)
    with pytest.raises(ValueError, match="layer"):
        dense_net(apart=True, activation="relu").load(tmp_path / "weights.npz")


@pytest.mark.parametrize("through", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_a_copy_of_a_network_with_a_rule_of_targets_teaches_the_same(through):
    """The matrix of an inverse is one array with its layer's, in the copy too."""
    net = dense_net(apart=True)
    attached("itp", net)
    x, y = batch(net)
    expected = net.rule.updates(net, x, y)
    twin = through(net)
    oracles.assert_same(twin.rule.updates(twin, x, y), expected)
    for layer, same in zip(net.weighted[1:], twin.weighted[1:], strict=True):
        assert same.inverse.W is same.B and not np.shares_memory(same.B, layer.B)
        assert repr(same.inverse) == repr(layer.inverse)


def test_an_unknown_activation_gets_a_sentence():
    """The layer is new, and its name the first thing to mistype."""
    with pytest.raises(ValueError, match="activation is 'tahn', but must be one of"):
        Activation("tahn")


def test_it_can_not_be_the_last_layer():
    """The loss brings the output unit, and two of them in a row would be a mistake."""
    with pytest.raises(ValueError, match=r"the last layer must be a Dense .* Activation\('tanh'\)"):
        Network([Dense(4, 3), Activation("tanh")])
