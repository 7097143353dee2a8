"""Activations as separate layers: only the place of a target changes."""

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
    """Return two convolutions with pooling, with activations as separate layers or not."""

    def convolution(n_in, n_out):
        if not apart:
            return [Conv2D(n_in, n_out, 2, activation=activation)]
        return [Conv2D(n_in, n_out, 2), Activation(activation)]

    layers = [*convolution(2, 3), MaxPool2D(2, stride=1), *convolution(3, 2)]
    return image_net(layers, (2, 5, 6))


NETS = {"dense": lambda act, apart: dense_net(activation=act, apart=apart), "maps": maps}


def twins(net_name, activation):
    """Return one network with activations in its layers, and the same with separate ones."""
    fused, split = (NETS[net_name](activation, apart) for apart in (False, True))
    assert len(split.layers) == len(fused.layers) + 2
    return fused, split


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("net_name", NETS)
def test_a_separate_activation_computes_what_one_in_the_layer_computes(net_name, activation):
    """h = f(h_below), unit by unit."""
    fused, split = twins(net_name, activation)
    x, _ = batch(fused)
    np.testing.assert_array_equal(split.forward(x).output, fused.forward(x).output)


@pytest.mark.parametrize("activation", ["tanh", "leaky_relu"])
@pytest.mark.parametrize("net_name", NETS)
@pytest.mark.parametrize("name", TOLD_ERRORS)
def test_a_rule_that_sends_errors_gives_the_same_weight_updates(name, net_name, activation):
    """If a derivative were missing, or used twice, every update below would change."""
    fused, split = twins(net_name, activation)
    x, y = batch(fused)
    quick = {"steps_before": 1} if name in ("wm", "wm_released", "ia") else {}
    rule, other = (attached(name, net, **quick) for net in (fused, split))
    for layer, twin in zip(fused.weighted, split.weighted, strict=True):
        for matrix in ("B", "D"):  # a mirror learned from each layer's responses to noise
            if getattr(layer, matrix) is not None:
                setattr(twin, matrix, getattr(layer, matrix))
    oracles.assert_close(other.updates(split, x, y), rule.updates(fused, x, y), rtol=1e-10)


@pytest.mark.parametrize("name", oracles.DENSE_ONLY)
def test_a_target_is_for_the_pre_activation_if_the_activation_is_separate(name):
    """A weight update is h_belowᵀ (a - t) / η̂, without a derivative."""
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
    """ŷ - η̂ (ŷ - y) = y for η̂ = 1, for any state of the layers below."""
    net = dense_net(apart=True, loss=loss)
    rule, trace = attached("sdtp", net), taught_trace(net, *batch(net))
    layer, t = next(iter(rule.targets(net, trace)))
    assert layer is net.weighted[-1]
    np.testing.assert_allclose(t, trace.target, atol=1e-12)
    own = rule.layers(net, trace)[-1]
    np.testing.assert_allclose(own.f(own.h_below), trace.output, atol=1e-12)


def test_networks_can_mix_activations_in_layers_and_separate_ones():
    """Each f_l maps from state to state, in either form of the layers at its two ends."""
    layers = [Dense(5, 4, "tanh"), Dense(4, 6), Activation("relu"), Dense(6, 3, "tanh")]
    net = Network([*layers, Dense(3, 2)], dtype=np.float64, seed=1)
    for name in oracles.DENSE_ONLY:
        rule, trace = attached(name, net), taught_trace(net, *batch(net))
        for own in rule.layers(net, trace):
            np.testing.assert_allclose(own.f(own.h_below), own.h, atol=1e-12)
        assert all(np.isfinite(update.dW).all() for update in rule.teach(net, trace))


# -- as a layer among others ---------------------------------------------------------------------


def test_it_describes_itself_and_accepts_any_shape():
    """The printed network must be the one that was built."""
    net = Network([Activation("tanh"), Dense(4, 3), Activation("relu"), Dense(3, 2)])
    assert repr(net.layers[2]) == "Activation('relu')" and "Activation('tanh')" in repr(net)
    assert net.input_shape == (4,)
    assert net.outline()["layer 2"] == "Activation('relu')"
    images = Network([Activation("tanh"), Flatten(), Dense(12, 2)], input_shape=(3, 2, 2))
    assert images.forward(np.ones((5, 3, 2, 2))).output.shape == (5, 2)


def test_a_file_of_weights_fits_only_networks_with_the_same_activations(tmp_path):
    """With another activation the same weights are another network."""
    net, twin = dense_net(apart=True), dense_net(apart=True, seed=9)
    net.save(tmp_path / "weights.npz")
    twin.load(tmp_path / "weights.npz")
    np.testing.assert_array_equal(twin.weighted[0].W, net.weighted[0].W)
    with pytest.raises(ValueError, match="layer"):
        dense_net(apart=True, activation="relu").load(tmp_path / "weights.npz")


@pytest.mark.parametrize("through", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_a_copy_of_a_network_with_a_rule_of_targets_teaches_the_same(through):
    """The matrix of an inverse is the same array as its layer's, also in the copy."""
    net = dense_net(apart=True)
    attached("itp", net)
    x, y = batch(net)
    expected = net.rule.updates(net, x, y)
    twin = through(net)
    oracles.assert_same(twin.rule.updates(twin, x, y), expected)
    for layer, same in zip(net.weighted[1:], twin.weighted[1:], strict=True):
        assert same.inverse.W is same.B and not np.shares_memory(same.B, layer.B)
        assert repr(same.inverse) == repr(layer.inverse)


def test_an_unknown_activation_is_refused_in_a_sentence():
    """A user may easily misspell the name."""
    with pytest.raises(
        ValueError, match=r"activation is 'tahn' \(did you mean 'tanh'\?\), but must be one of"
    ):
        Activation("tahn")


def test_it_cannot_be_the_last_layer():
    """The loss contains the output unit, and two of them would be a mistake."""
    with pytest.raises(ValueError, match=r"the last layer must be a Dense .* Activation\('tanh'\)"):
        Network([Dense(4, 3), Activation("tanh")])
