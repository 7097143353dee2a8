"""The options of the builders, and the sentence for each mistake."""

import numpy as np
import pytest
from networks.cases import build, images, sequences

from nofb import (
    BatchNorm,
    Dense,
    Embedding,
    MeanToken,
    Network,
    Positions,
    fit,
    networks,
    rules,
)
from nofb.datasets import Dataset, Vocabulary
from nofb.networks import make


def features(samples=7):
    x, y = np.random.default_rng(0).normal(size=(samples, 12)), np.arange(samples) % 4
    return Dataset(x, y, x, y)


@pytest.mark.parametrize("blocks", [1, 2, 3])
def test_a_residual_network_has_the_layers_of_its_name(blocks):
    """ResNet-8, 14 and 20, counted as the paper does: without the two shortcuts."""
    net = make("resnet", images(), blocks=blocks)
    shortcuts = [layer for layer in net.weighted if getattr(layer, "kernel_size", 0) == (1, 1)]
    assert len(net.weighted) - len(shortcuts) == 6 * blocks + 2 and len(shortcuts) == 2
    assert {layer.n_out for layer in net.weighted} == {16, 32, 64, 4}


def test_a_vision_transformer_has_the_given_sizes():
    """One dense layer for patches, six in each block, and one for the classes."""
    net = make("vision_transformer", images(), patch=2, units=8, heads=4, blocks=3)
    assert len(net.weighted) == 1 + 3 * 6 + 1
    assert net.weighted[0].shape_out == (9, 8) and net.weighted[0].n_in == 2 * 2 * 3
    assert [layer.heads for layer in net.nodes if hasattr(layer, "heads")] == [4] * 3
    assert not any(layer.causal for layer in net.nodes if hasattr(layer, "heads"))


def test_a_language_model_is_causal_and_has_outputs_for_every_token():
    """A model that could read the next token would only copy it."""
    net = build("language_model")
    x = np.arange(5)[None] % 6
    changed = x.copy()
    changed[0, 3:] = (x[0, 3:] + 1) % 6
    one, other = net.outputs(x), net.outputs(changed)
    assert one.shape == (1, 5, 6)
    np.testing.assert_array_equal(one[0, :3], other[0, :3])
    assert not np.array_equal(one[0, 3:], other[0, 3:])


@pytest.mark.parametrize("name", ["mlp", "lenet"])
def test_the_activation_of_a_plain_network_is_that_of_all_layers_but_the_last(name):
    data = networks.prepared(name, images(side=8))
    net = make(name, data, activation="relu")
    names = [layer.activation.name for layer in net.weighted]
    assert set(names[:-1]) == {"relu"} and names[-1] == "identity"


@pytest.mark.parametrize("name", ["resnet", "vision_transformer", "language_model"])
def test_loss_seed_and_type_are_those_of_the_network(name):
    """Two seeds that drew the same weights would be one run that counts twice."""
    one, same, other = (build(name, seed, np.float32) for seed in (1, 1, 2))
    for mine, its, another in zip(one.weighted, same.weighted, other.weighted, strict=True):
        assert mine.W.dtype == np.float32
        np.testing.assert_array_equal(mine.W, its.W)
        assert not np.array_equal(mine.W, another.W)
    data = sequences() if name == "language_model" else images(side=8)
    assert make(name, data, loss="squared_error").head.name == "squared_error"


HEADS = "heads is 4, but must divide the 6 units"
MISTAKES = [
    ("resnet", images, {"blocks": 0}, "blocks must be .* but is 0"),
    ("resnet", images, {"blocks": 1.5}, "blocks must be a whole number"),
    ("vision_transformer", images, {"patch": 4}, "squares of 4: take a size that divides both"),
    ("vision_transformer", images, {"patch": 3, "units": 6, "heads": 4}, HEADS),
    ("vision_transformer", images, {"patch": 0}, "patch must be .* but is 0"),
    ("vision_transformer", images, {"patch": 3, "blocks": 0}, "blocks must be .* but is 0"),
    ("language_model", sequences, {"units": 6, "heads": 4}, HEADS),
    ("language_model", sequences, {"blocks": -1}, "blocks must be .* but is -1"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "data", "options", "sentence"), MISTAKES)
def test_an_invalid_option_is_refused_in_a_sentence(name, data, options, sentence):
    """A student needs a sentence, not a traceback from a kernel."""
    with pytest.raises((TypeError, ValueError), match=sentence):
        make(name, data(), **options)


def test_an_unknown_network_is_refused_with_the_known_ones():
    """A bare KeyError shows what was typed, and not what is possible."""
    with pytest.raises(ValueError, match="network is 'lemon', but must be one of: mlp, lenet"):
        make("lemon", images())


@pytest.mark.parametrize("name", ["lenet", "resnet", "vision_transformer"])
def test_data_without_images_are_refused(name):
    with pytest.raises(ValueError, match="has no image_shape, so its 12 features are not images"):
        networks.prepared(name, features())
    with pytest.raises(ValueError, match="has no image_shape"):
        make(name, features())


def test_data_without_tokens_are_refused():
    """Pixels are no words."""
    with pytest.raises(ValueError, match="takes sequences of tokens, but the data set"):
        make("language_model", features())


def test_a_sequence_that_is_longer_than_its_positions_is_refused():
    layers = [Embedding(6, 4), Positions(5, 4), Dense(4, 6)]
    with pytest.raises(ValueError, match="has 5 positions, but receives a sequence of 8 tokens"):
        Network(layers, input_shape=(8,))
    net = build("language_model")
    with pytest.raises(ValueError, match=r"\(8,\), but the network takes \(5,\)"):
        net.outputs(np.zeros((1, 8), int))


@pytest.mark.parametrize("token", [-1, 6, 1000])
def test_a_network_refuses_a_token_outside_its_vocabulary(token):
    """W would be read past its end."""
    net = build("language_model")
    with pytest.raises(ValueError, match=str(token)):
        net.outputs(np.array([[0, 1, token, 2, 3]]))


def test_sequences_with_one_label_each_get_the_hint_to_give_a_vocabulary():
    """A data set takes them for features, which are real numbers, unless it has a vocabulary."""
    tokens, labels = np.arange(12).reshape(6, 2) % 3, np.arange(6) % 2

    def trained(**options):
        layers = [Embedding(3, 4), MeanToken(), Dense(4, 2)]
        data = Dataset(tokens, labels, tokens, labels, **options)
        net = Network(layers, input_shape=(2,))
        return fit(net, rules.Backprop(), data, epochs=1, progress=False)

    with pytest.raises(TypeError, match=r"x_train must hold tokens.* if it has a vocabulary"):
        trained()
    assert trained(vocabulary=Vocabulary.of("abc")).history.epochs == 1


def test_a_batch_of_one_under_batch_normalisation_is_refused():
    """The last batch of an epoch may be a single sample."""
    net = Network([Dense(12, 5), BatchNorm(5), Dense(5, 4)])
    x, y = features().x_train, features().y_train
    rule = rules.Backprop()
    rule.attach(net)
    with pytest.raises(ValueError, match="batch of one sample"):
        rule.updates(net, x[:1], y[:1])
    assert np.isfinite(net.outputs(x[:1])).all()
    with pytest.raises(ValueError, match="at least 2 that leaves no single sample"):
        fit(net, rule, features(), epochs=1, batch_size=6, probe=0, progress=False)
