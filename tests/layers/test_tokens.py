"""Tokens: from images and from text, their positions, and back to one row for a classifier."""

import numpy as np
import pytest
from layers import oracles
from layers.alone import inputs, made, run

from nofb import ClassToken, Embedding, FirstToken, MeanToken, Positions
from nofb.layers import CutPatches

TOKENS = np.array([[3, 0, 2], [2, 2, 4]])


@pytest.mark.parametrize(("size", "shape"), [(1, (2, 3, 3)), (2, (4, 6, 1)), (3, (9, 3, 3))])
def test_patches_are_the_squares_of_a_map(size, shape):
    """In the order of the rows, for patches and pixels; the channels of a pixel are together."""
    layer, (x,) = made(CutPatches(size), shape), inputs(3, shape)
    np.testing.assert_array_equal(run(layer, x).h, oracles.patches(x, size))


@pytest.mark.parametrize("shape", [(4, 5, 1), (5, 4, 1), (1, 1, 1)])
def test_maps_that_patches_do_not_cover_are_refused(shape):
    """Pixels at the border would never be used."""
    with pytest.raises(ValueError, match=r"cannot cut maps of .* into squares of 2"):
        CutPatches(2).infer_shapes(shape)


def embedding(dtype=np.float64):
    """Return an embedding of five tokens in two units."""
    layer = Embedding(5, 2)
    layer.infer_shapes((3,))
    layer.draw(np.random.default_rng(0), dtype)
    return layer


@pytest.mark.parametrize("integers", [np.int64, np.int32, np.uint8])
def test_an_embedding_equals_a_dense_layer_on_one_hot_rows(integers):
    """So every rule and every mirror treats its W like any other."""
    layer = embedding()
    record = run(layer, TOKENS.astype(integers))
    one_hot = np.eye(5)[TOKENS]
    np.testing.assert_array_equal(record.h, one_hot @ layer.W)
    np.testing.assert_array_equal(record.a, record.h)
    np.testing.assert_array_equal(layer.received(record), one_hot.reshape(6, 5))


def test_the_output_of_an_embedding_has_the_networks_type():
    """Its input holds integers, which must not determine the type."""
    layer = embedding(np.float32)
    record = run(layer, TOKENS)
    assert record.h.dtype == layer.received(record).dtype == np.float32


@pytest.mark.parametrize("token", [-1, 5, 1000])
def test_a_token_outside_the_vocabulary_is_refused(token):
    """The kernel would read the memory behind the last row of W."""
    layer, tokens = embedding(), TOKENS.copy()
    tokens[1, 1] = token
    with pytest.raises(ValueError, match=f"the token {token}, but its vocabulary has .* 0 to 4"):
        run(layer, tokens)


def test_an_embedding_accepts_integers_only_and_sends_nothing_down():
    """A token is no activation: 3.5 is no word, and there is no gradient."""
    layer = embedding()
    with pytest.raises(TypeError, match="takes whole numbers, but receives float64"):
        run(layer, TOKENS.astype(float))
    with pytest.raises(ValueError, match="sends nothing down"):
        layer.scatter(run(layer, TOKENS), np.zeros((6, 5)))
    with pytest.raises(ValueError, match="takes tokens"):
        Embedding(5, 2).infer_shapes((3, 2))


def test_positions_are_added_and_unused_ones_do_not_change():
    """A shorter sequence uses the first ones."""
    layer, (x,) = made(Positions(5, 3), (4, 3)), inputs(6, (4, 3))
    record = run(layer, x)
    np.testing.assert_array_equal(record.h, x + layer.positions[:4])
    (signal,) = inputs(6, (4, 3), seed=2)
    update = layer.learn(record, signal, 6)["positions"]
    np.testing.assert_allclose(update[:4], signal.mean(0))
    assert (update[4] == 0).all()


def test_a_sequence_longer_than_its_positions_is_refused():
    """The last tokens would have no position."""
    with pytest.raises(ValueError, match="has 5 positions, but receives a sequence of 6 tokens"):
        Positions(5, 3).infer_shapes((6, 3))


def test_the_class_token_is_the_first():
    """It is the same for every sample, before attention."""
    layer, (x,) = made(ClassToken(3), (4, 3)), inputs(6, (4, 3))
    h = run(layer, x).h
    np.testing.assert_array_equal(h[:, 0], np.tile(layer.token, (6, 1)))
    np.testing.assert_array_equal(h[:, 1:], x)
    first = made(FirstToken(), (5, 3))
    np.testing.assert_array_equal(run(first, h).h, h[:, 0])


def test_the_mean_token_is_the_mean():
    """Over all tokens, unit by unit."""
    layer, (x,) = made(MeanToken(), (4, 3)), inputs(6, (4, 3))
    np.testing.assert_allclose(run(layer, x).h, x.sum(1) / 4)


@pytest.mark.parametrize("make", [lambda: Positions(5, 3), lambda: ClassToken(3)])
@pytest.mark.parametrize("shape", [(4, 2), (3,), (2, 4, 3)])
def test_tokens_with_another_number_of_units_are_refused(make, shape):
    """The kernel would add positions to the wrong units."""
    with pytest.raises(ValueError, match="takes tokens of 3 units"):
        make().infer_shapes(shape)


@pytest.mark.parametrize("make", [FirstToken, MeanToken])
@pytest.mark.parametrize("shape", [(3,), (2, 4, 3)])
def test_an_input_without_tokens_is_refused(make, shape):
    """The first unit of a row is no token."""
    with pytest.raises(ValueError, match="takes tokens"):
        make().infer_shapes(shape)


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: Embedding(0, 2), "tokens"),
        (lambda: Embedding(2, 0), "units"),
        (lambda: Positions(0, 2), "tokens"),
        (lambda: Positions(2, 1.0), "units"),
        (lambda: ClassToken(0), "units"),
        (lambda: CutPatches(0), "size"),
    ],
)
def test_a_size_that_is_no_positive_integer_is_refused_by_name(make, word):
    """An empty table has no rows."""
    with pytest.raises((TypeError, ValueError), match=f"{word} must be"):
        make()
