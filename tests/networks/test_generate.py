"""A causal network writes text: each token is drawn from the output at the token before."""

import numpy as np
import pytest

import nofb
from nofb import Attention, Dense, Embedding, Network, Positions, Residual
from nofb.datasets import Dataset, texts
from nofb.networks import make

LENGTH = 7  # no period divides the length: sequences begin with every letter


@pytest.fixture(scope="module")
def data():
    return texts.from_text("abcd" * 100, "abcd", LENGTH)


@pytest.fixture(scope="module")
def net(data):
    """Return an untrained network with random weights, for its probabilities."""
    net = make("language_model", data, 3, units=8, heads=2, blocks=1, dtype="float64")
    for layer in net.weighted:
        layer.W *= 3
    return net


def said(net, tokens):
    """Return the probabilities of the next token, computed with another padding."""
    context = np.array(tokens[-LENGTH:])
    x = np.resize(context, LENGTH)
    return net.outputs(x[None])[0, len(context) - 1]


def test_at_temperature_zero_the_most_likely_token_follows(net):
    """Computed separately: the padding behind the text must not have an effect."""
    written = [2]
    for _ in range(3 * LENGTH):  # much longer than the window of the network
        written.append(int(said(net, written).argmax()))
    assert net.generate([2], 3 * LENGTH, temperature=0).tolist() == written


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_tokens_are_as_frequent_as_their_probability(net, temperature):
    """p^(1/τ), normalised: the softmax of the logits over τ."""
    start, draws = [1, 0, 3], 400
    p = said(net, start) ** (1 / temperature)
    p /= p.sum()
    last = [net.generate(start, 1, temperature, seed)[-1] for seed in range(draws)]
    counts = np.bincount(last, minlength=4)
    assert (np.abs(counts - draws * p) <= 5 * np.sqrt(draws * p * (1 - p)) + 1).all()


def test_the_seed_determines_the_text(net):
    one, same, other = (net.generate([0], 30, 20.0, seed).tolist() for seed in (1, 1, 2))
    assert one == same != other
    assert one[0] == 0
    assert len(one) == 31


def test_a_trained_network_continues_its_text(data):
    """From a text to a transformer, a rule, and the text again."""
    net = make("language_model", data, units=16, heads=2, blocks=1)
    nofb.fit(net, nofb.rules.make("bp"), data, epochs=10, batch_size=4,
             optimizer=nofb.Adam(lr=0.01), progress=False)  # fmt: skip
    written = net.generate(data.vocabulary.encode("bc"), 20, temperature=0)
    assert data.vocabulary.decode(written) == "bc" + "dabc" * 5


def seeing(data):
    """Return a network in which every token attends to all others."""
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
def test_a_network_that_cannot_generate_says_why(data, make, sentence):
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


def test_the_data_of_training_are_accepted_for_generation(data):
    """A data set of tokens fits a network of tokens, and each of its tokens has an output."""
    assert isinstance(data, Dataset)
    net = make("language_model", data, units=8, heads=2, blocks=1)
    loss, accuracy = net.evaluate(data.x_test, data.y_test)
    assert np.isfinite(loss)
    assert 0 <= accuracy <= 1
    assert net.predict(data.x_test).shape == data.y_test.shape


@pytest.mark.parametrize("name", ["mlp", "lenet"])
def test_a_network_of_real_numbers_refuses_tokens(data, name):
    """The number of a character is no quantity, and a label for each would fit no output."""
    with pytest.raises(ValueError, match=r"takes features or images, but .* holds tokens"):
        make(name, data)
