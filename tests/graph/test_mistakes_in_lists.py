"""A list of layers that cannot be a network gives a sentence that names the mistake."""

import numpy as np
import pytest

from nofb import Dense, Dropout, Embedding, Flatten, Network, Patches, Residual, rules


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: Network(None), "layers"),
        (lambda: Network(3), "layers"),
        (lambda: Residual(None), "layers"),
        (lambda: Residual([Dense(3, 3)], shortcut=3), "shortcut"),
    ],
)
def test_a_value_that_is_no_list_is_named(make, name):
    """ "'int' object is not iterable" does not say which argument is wrong."""
    with pytest.raises(TypeError, match=f"^{name} must be a list of layers, but is (None|3)$"):
        make()


def test_any_iterable_of_layers_is_accepted():
    """A generator can be read only once: a second pass over it would find no layers."""
    block = Residual(Dense(3, 3) for _ in range(2))
    net = Network(layer for layer in [block, Dense(3, 2)])
    assert len(block.layers) == 2 and len(net.weighted) == 3


@pytest.mark.parametrize("below", [lambda: Dense(3, 3), lambda: Dropout(0.5)])
def test_an_embedding_above_another_layer_is_refused(below):
    """It needs integers as its input, and the output of another layer has none."""
    with pytest.raises(ValueError, match=r"Embedding\(5, 6\) reads tokens.* must be the first"):
        Network([below(), Embedding(5, 6), Flatten(), Dense(18, 2)], input_shape=(3,))


def test_two_embeddings_of_the_same_tokens_can_be_added():
    """Both receive the network's input, so both are first layers."""
    net = Network(
        [Residual([Embedding(5, 6)], shortcut=Embedding(5, 6)), Dense(6, 5)], input_shape=(3,)
    )
    one, other, _ = net.weighted
    net.weighted[-1].W = np.eye(6, 5)
    rules.Backprop().attach(net)
    x = np.array([[0, 4, 2]])
    expected = (one.W + other.W)[x][..., :5]
    np.testing.assert_array_equal(net.forward(x)[net.last].a.reshape(1, 3, 5), expected)


def test_flatten_is_suggested_only_where_it_helps():
    """Patches of grey pixels do not fit colour images, and a Flatten would not change this."""
    with pytest.raises(ValueError, match=r"receives \(4, 12\)$"):
        Network([Patches(2, 4), Flatten(), Dense(16, 2)], input_shape=(3, 4, 4))
    with pytest.raises(ValueError, match=r"receives \(2, 2, 1\); put Flatten\(\) before it$"):
        Network([Dense(4, 2)], input_shape=(1, 2, 2))
