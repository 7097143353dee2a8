"""Direct feedback in networks with branches: which layers it reaches, and its reference."""

import numpy as np
import pytest

from nofb import (
    SGD,
    Attention,
    Dense,
    Embedding,
    LayerNorm,
    Network,
    Positions,
    Residual,
    networks,
    rules,
)
from nofb.datasets import load
from nofb.diagnosis import transport_path
from nofb.layers import BatchNorm, ClassToken
from nofb.trace import Trace
from nofb.training.step import step


def what_moved(name, net, x, y):
    """Return the layers without W whose parameters change in a step."""
    before = {
        layer: [array.copy() for array in layer.parameters().values()]
        for layer in net.nodes
        if layer not in net.weighted
    }
    rule = rules.make(name)
    rule.attach(net, seed=1)
    trace = Trace(net, len(x)).fill(net.as_input(x), train=True)
    step(net, rule, SGD(lr=0.1), trace.set_target(net.as_target(y, len(x))))
    return [
        layer
        for layer, old in before.items()
        if any(map(np.any, map(np.subtract, layer.parameters().values(), old)))
    ]


@pytest.fixture(scope="module")
def digits():
    return load("digits").as_images()


def transformer(digits):
    return networks.make("vision_transformer", digits, patch=4, units=8, heads=2, blocks=1)


def test_a_layer_norm_that_no_direct_signal_reaches_does_not_change(digits):
    """docs/choosing.md says so; a user would not notice that γ and β are never trained."""
    net = transformer(digits)
    moved = what_moved("dfa", net, digits.x_train[:7], digits.y_train[:7])
    assert {type(layer) for layer in moved} == {ClassToken, Positions}


@pytest.mark.parametrize("name", ["bp", "fa", "usf"])
def test_a_signal_that_goes_from_layer_to_layer_trains_every_layer_norm(digits, name):
    net = transformer(digits)
    moved = what_moved(name, net, digits.x_train[:7], digits.y_train[:7])
    assert sum(type(layer) is LayerNorm for layer in moved) == 3


def test_direct_feedback_to_blocks_trains_every_layer_norm(digits):
    """The last norm belongs to the block below it, and D ends at the output of this block."""
    net = transformer(digits)
    moved = what_moved("dfa_blocks", net, digits.x_train[:7], digits.y_train[:7])
    norms = [layer for layer in net.nodes if type(layer) is LayerNorm]
    assert len(norms) == 3 and set(norms) <= set(moved)


def test_a_batch_norm_after_a_convolution_learns_by_direct_feedback(digits):
    """The signal arrives above the norm, and goes back through it to the convolution."""
    net = networks.make("resnet", digits)
    moved = what_moved("dfa", net, digits.x_train[:7], digits.y_train[:7])
    assert [layer for layer in net.nodes if type(layer) is BatchNorm] == moved


def test_where_tokens_have_outputs_direct_feedback_replaces_the_weights_above_one_token():
    """One D serves all tokens, so its reference must not be a matrix for each pair of tokens."""
    layers = [Embedding(7, 6), Positions(5, 6), Residual([Dense(6, 4), Dense(4, 6)]), Dense(6, 7)]
    net = Network(layers, input_shape=(5,), dtype=np.float64)
    rules.make("dfa").attach(net)
    embedding, lower, upper, last = net.weighted
    path = transport_path(net)
    assert path[embedding].shape == embedding.D.shape
    np.testing.assert_allclose(path[upper], last.W.T)
    np.testing.assert_allclose(path[lower], last.W.T @ upper.W.T)
    both = last.W.T + last.W.T @ upper.W.T @ lower.W.T
    np.testing.assert_allclose(path[embedding], both)


def test_below_attention_direct_feedback_replaces_no_fixed_matrix():
    """The effect of attention on a signal depends on the tokens."""
    layers = [Embedding(7, 6), Residual([Attention(6, 2, causal=True)]), Dense(6, 7)]
    net = Network(layers, input_shape=(5,), dtype=np.float64)
    rules.make("dfa").attach(net)
    embedding, query, key, value, output, _last = net.weighted
    assert output in transport_path(net)
    assert not {embedding, query, key, value} & set(transport_path(net))
