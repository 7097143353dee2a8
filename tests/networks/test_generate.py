"""A causal network writes: every token is drawn from what the network says at the one before."""

import numpy as np
import pytest

import nofb
from nofb import Attention, Dense, Embedding, Network, Positions, Residual
from nofb.datasets import Dataset, texts
from nofb.networks import make

LENGTH = 7  # which no period of the text divides: sequences begin with every letter


@pytest.fixture(scope="module")
def data():
    return texts.from_text("abcd" * 100, "abcd", LENGTH)


@pytest.fixture(scope="module")
def net(data):
    """Return a network that has drawn its weights and learned nothing, for probabilities."""
    net = make("language_model", data, 3, units=8, heads=2, blocks=1, dtype="float64")
    for layer in net.weighted:
        layer.W *= 3
    return net


def said(net, tokens):
    """Return the probabilities of the next token, read with another padding: the text again."""
    context = np.array(tokens[-LENGTH:])
    x = np.resize(context, LENGTH)
    return net.outputs(x[None])[0, len(context) - 1]


def test_at_temperature_zero_the_likeliest_token_follows(net):
    """Written apart: what stands behind the text, to fill the window, must not be heard."""
    written = [2]
    for _ in range(3 * LENGTH):  # far beyond what the network reads at once
        written.append(int(said(net, written).argmax()))
    assert net.generate([2], 3 * LENGTH, temperature=0).tolist() == written


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_tokens_come_as_often_as_their_probability_says(net, temperature):
    """p^(1/τ), scaled: the softmax of the logits over τ."""
    start, draws = [1, 0, 3], 400
    p = said(net, start) ** (1 / temperature)
    p /= p.sum()
    last = [net.generate(start, 1, temperature, seed)[-1] for seed in range(draws)]
    counts = np.bincount(last, minlength=4)
    assert (np.abs(counts - draws * p) <= 5 * np.sqrt(draws * p * (1 - p)) + 1).all()


def test_the_seed_decides_what_is_written(net):
    one, same, other = (net.generate([0], 30, 20.0, seed).tolist() for seed in (1, 1, 2))
    assert one == same != other
    assert one[0] == 0
    assert len(one) == 31


def test_a_trained_network_goes_on_with_its_text(data):
    """The whole way: a text, a transformer, a rule, and the text again."""
    net = make("language_model", data, units=16, heads=2, blocks=1)
    nofb.fit(net, nofb.rules.make("bp"), data, epochs=10, batch_size=4,
             optimizer=nofb.Adam(lr=0.01), progress=False)  # fmt: skip
    written = net.generate(data.vocabulary.encode("bc"), 20, temperature=0)
    assert data.vocabulary.decode(written) == "bc" + "dabc" * 5


def seeing(data):
    """Return a network in which every token sees all others."""
    layers = [Embedding(4, 8), Positions(LENGTH, 8), Residual([Attention(8, 2)]), Dense(8, 4)]
    return Network(layers, input_shape=(LENGTH,))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (seeing, "what this one says at a token changes with the tokens after it"),
        (lambda data: Network([Dense(3, 2)]), "a network that reads tokens and names the next one"),
        (
            lambda data: make("language_model", data, units=8, heads=2, loss="squared_error"),
            "cross_entropy",
        ),
    ],
)
def test_a_network_that_cannot_write_says_why(data, make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make(data).generate([0], 1)


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        (([], 1), ValueError, r"start has shape \(0,\)"),
        (([[0]], 1), ValueError, r"start has shape \(1, 1\)"),
        (([0.5], 1), TypeError, "start must hold tokens"),
        (([4], 1), ValueError, r"start holds the token 4 .* tokens are 0 to 3"),
        (([0], 0), ValueError, "length must be at least 1"),
        (([0], 1, -1.0), ValueError, "temperature must be finite and at least 0"),
        (([0], 1, 1.0, -1), ValueError, "seed must be at least 0"),
    ],
)
def test_an_argument_outside_its_range_is_named(net, arguments, error, sentence):
    with pytest.raises(error, match=sentence):
        net.generate(*arguments)


def test_what_it_reads_is_what_it_was_trained_on(data):
    """A data set of tokens fits a network of them, and each of its tokens is an output."""
    assert isinstance(data, Dataset)
    net = make("language_model", data, units=8, heads=2, blocks=1)
    loss, accuracy = net.evaluate(data.x_test, data.y_test)
    assert np.isfinite(loss)
    assert 0 <= accuracy <= 1
    assert net.predict(data.x_test).shape == data.y_test.shape


@pytest.mark.parametrize("name", ["mlp", "lenet"])
def test_a_network_of_numbers_does_not_take_tokens(data, name):
    """The number of a character is no quantity, and a label for each would fit no output."""
    with pytest.raises(ValueError, match=r"takes features or images, but .* holds tokens"):
        make(name, data)
