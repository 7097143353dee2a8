"""The part of attention between its matrices: how much each token takes from each other token."""

import numpy as np
import pytest
from layers import oracles
from layers.alone import inputs, made, run

from nofb.layers import Attend, Record

CASES = [(1, False), (2, False), (3, True), (6, True)]


@pytest.mark.parametrize(("heads", "causal"), CASES)
@pytest.mark.parametrize("tokens", [1, 5])
def test_attention_equals_the_naive_loop(heads, causal, tokens):
    """Computed token by token and head by head."""
    layer, received = made(Attend(heads, causal), *[(tokens, 6)] * 3), inputs(4, *[(tokens, 6)] * 3)
    record = run(layer, *received)
    h, weights = oracles.attention(*received, heads, causal)
    np.testing.assert_allclose(record.h, h, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(layer.weights(record), weights, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("causal", [False, True])
def test_the_attention_weights_of_every_token_sum_to_one(causal):
    """A row holds the weights of all tokens for one token."""
    layer, received = made(Attend(2, causal), *[(5, 4)] * 3), inputs(3, *[(5, 4)] * 3)
    weights = layer.weights(run(layer, *received))
    np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-12)
    assert (np.triu(weights, 1) == 0).all() == causal


def test_causal_tokens_do_not_depend_on_later_ones():
    """Otherwise a language model could read the letter that it must predict."""
    layer, received = made(Attend(2, causal=True), *[(6, 4)] * 3), inputs(3, *[(6, 4)] * 3)
    before = run(layer, *received).h.copy()
    for x in received:
        x[:, 4:] += 10
    after = run(layer, *received).h
    np.testing.assert_array_equal(after[:, :4], before[:, :4])
    assert not np.isclose(after[:, 4:], before[:, 4:]).any()


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_scores_overflow_nothing(dtype, causal):
    """exp(1000) is infinite; so the largest score of each row is subtracted first."""
    layer = made(Attend(1, causal), *[(5, 4)] * 3, dtype=dtype)
    received = [100 * x for x in inputs(3, *[(5, 4)] * 3, dtype=dtype)]
    record = run(layer, *received)
    assert np.isfinite(record.h).all()
    np.testing.assert_allclose(layer.weights(record).sum(-1), 1, rtol=1e-5)
    (signal,) = inputs(3, (5, 4), dtype=dtype)
    assert all(np.isfinite(each).all() for each in layer.back(record, signal))


def test_a_score_that_is_nan_gives_nan():
    """A diverged network must not look as if its attention were valid."""
    layer, received = made(Attend(1), *[(3, 2)] * 3), inputs(2, *[(3, 2)] * 3)
    received[0][0, 1, 0] = np.nan
    assert np.isnan(run(layer, *received).h[0, 1]).all()


def test_heads_that_do_not_divide_the_units_are_refused():
    """The last head would read the units of the next token."""
    with pytest.raises(ValueError, match="cannot share 6 units among 4 heads"):
        Attend(4).infer_shapes(*[(5, 6)] * 3)


@pytest.mark.parametrize(
    "shapes",
    [
        [(5, 4)],
        [(5, 4)] * 2,
        [(5, 4), (5, 4), (6, 4)],
        [(4,)] * 3,
        [(2, 5, 4)] * 3,
        [*[(5, 4)] * 3, (5, 1), (5, 1)],
    ],
)
def test_other_sources_are_refused(shapes):
    """Queries, keys and values must come from the same tokens."""
    with pytest.raises(ValueError, match="takes queries, keys and values of one shape"):
        Attend(2).infer_shapes(*shapes)


@pytest.mark.parametrize("heads", [0, 1.5, True])
def test_the_number_of_heads_is_a_positive_integer(heads):
    """Half a head has no units."""
    with pytest.raises((TypeError, ValueError), match="heads must be"):
        Attend(heads)


def test_a_batch_in_pieces_gives_what_the_whole_batch_gives():
    """Each thread computes its own samples, in the memory of the whole batch."""
    layer, received = made(Attend(2), *[(5, 4)] * 3), inputs(7, *[(5, 4)] * 3)
    whole = run(layer, *received)
    h, weights = whole.h.copy(), layer.weights(whole).copy()
    whole.h[:], layer.weights(whole)[:] = 0, 0
    for first, last in ((0, 3), (3, 7)):
        piece = Record(last - first, np.float64, whole, first)
        layer.open(piece, *(x[first:last] for x in received))
        layer.forward(piece)
    np.testing.assert_array_equal(whole.h, h)
    np.testing.assert_array_equal(layer.weights(whole), weights)
