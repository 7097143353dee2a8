"""Padded text: the padding of a batch must not change a result."""

import numpy as np
import pytest
from layers import oracles
from layers.alone import assert_near, back, inputs, made, run, slope_of
from layers.padded import PRESENT, padded

from nofb import Attention, Dense, Embedding, MeanToken, Network, Present, rules
from nofb.layers import Attend

SHAPES = {
    "attention": (lambda: Attend(2), [(5, 4)] * 3),
    "causal attention": (lambda: Attend(1, causal=True), [(5, 4)] * 3),
    "the mean": (lambda: MeanToken(Present()), [(5, 4)]),
}
every = pytest.mark.parametrize("name", SHAPES)


def of(name, samples=4, dtype=np.float64):
    """Return a layer with its shapes, its input, and a signal for its output."""
    make, shapes = SHAPES[name]
    layer = made(make(), *shapes, (5, 1), dtype=dtype)
    received = padded(samples, *shapes, dtype=dtype)
    (signal,) = inputs(samples, layer.shape_out, dtype=dtype, seed=2)
    return layer, received, signal


@pytest.mark.parametrize("causal", [False, True])
def test_attention_equals_the_naive_loop_over_present_tokens(causal):
    """The softmax is over present tokens only; if there is none, the output is 0."""
    layer = made(Attend(2, causal), *[(5, 6)] * 3, (5, 1))
    *received, present = padded(4, *[(5, 6)] * 3)
    record = run(layer, *received, present)
    h, weights = oracles.attention(*received, 2, causal, present)
    np.testing.assert_allclose(record.h, h, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(layer.weights(record), weights, rtol=1e-12, atol=1e-13)
    assert (record.h[3] == 0).all()


def test_the_mean_is_over_present_tokens():
    """A short sentence must not have a smaller mean than a long one."""
    layer, (x, present), _ = of("the mean")
    h = run(layer, x, present).h
    np.testing.assert_allclose(h[0], x[0].mean(0))
    np.testing.assert_allclose(h[1], x[1, :2].mean(0))
    np.testing.assert_allclose(h[2], (x[2, 2] + x[2, 4]) / 2)
    assert (h[3] == 0).all()


@every
def test_the_backward_pass_is_the_derivative(name):
    """Padding must not contribute to an update, and its signal must be exactly 0."""
    layer, received, signal = of(name)
    record = run(layer, *received)
    signals = back(layer, record, signal)
    assert len(signals) == len(received)
    for given, x in zip(signals, received, strict=True):
        loss = lambda: (run(layer, *received).h * signal).sum()  # noqa: E731
        assert_near(given, slope_of(loss, x))
    absent = np.broadcast_to(PRESENT == 0, signals[-2].shape)
    assert (signals[-2][absent] == 0).all()


@every
def test_relay_is_the_transpose_of_the_backward_pass(name):
    """Indirect feedback relays how the output changes."""
    layer, received, signal = of(name)
    record = run(layer, *received)
    changes = inputs(4, *(x.shape[1:] for x in received), seed=3)
    up = (layer.relay(record, *changes) * signal).sum()
    down = sum((u * s).sum() for u, s in zip(changes, back(layer, record, signal), strict=True))
    assert up == pytest.approx(down, rel=1e-10, abs=1e-12)


@every
def test_a_float32_network_stays_float32(name):
    """One array in double precision would compile, and run, each kernel above again."""
    layer, received, signal = of(name, dtype=np.float32)
    record = run(layer, *received)
    for array in (record.h, layer.relay(record, *received), *back(layer, record, signal)):
        assert array.dtype == np.float32


@every
def test_the_values_of_padding_change_nothing(name):
    """Not even very large values may count."""
    layer, received, _ = of(name)
    before = run(layer, *received).h.copy()
    for x in received[-2:-1] if name == "the mean" else received[1:-1]:
        x[np.broadcast_to(PRESENT == 0, x.shape)] = 1e30
    np.testing.assert_array_equal(run(layer, *received).h, before)


@pytest.mark.parametrize("shape", [(5,), (4, 1), (5, 2)])
@every
def test_one_number_for_each_token_says_whether_it_is_present(name, shape):
    """With another length the numbers would belong to other tokens."""
    make, shapes = SHAPES[name]
    with pytest.raises(ValueError, match=r"one number for each of its 5 tokens, .* receives"):
        make().infer_shapes(*shapes, shape)


@pytest.mark.parametrize("make", [lambda p: Attention(4, 2, present=p), MeanToken])
def test_present_tokens_are_given_by_a_layer(make):
    """An array would fit only one batch."""
    with pytest.raises(TypeError, match=r"present must be a layer, such as Present\(\)"):
        make(np.ones(5))


def network(tokens, present, causal=False):
    """Return a network that reads words; its weights are the same for every number of tokens."""
    words = [Embedding(9, 4), present, Attention(4, 2, causal, present=present), MeanToken(present)]
    return Network([*words, Dense(4, 3)], dtype=np.float64, seed=2, input_shape=(tokens,))


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("rule", ["bp", "fa"])
def test_the_embedding_of_a_sentence_does_not_depend_on_its_padding(rule, causal):
    """Outputs and updates: otherwise both would depend on the longest sentence of the batch."""
    x, y = np.array([[3, 1, 4, 8], [5, 2, 0, 0], [7, 0, 0, 0]]), np.array([0, 2, 1])
    found = []
    for tokens in (4, 11):
        net = network(tokens, Present(), causal)
        taught = rules.make(rule)
        taught.attach(net, seed=0)
        wide = np.pad(x, ((0, 0), (0, tokens - 4)))
        found.append([net.forward(wide).output, *(u.dW for u in taught.updates(net, wide, y))])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-15)


def test_another_token_may_be_the_padding():
    """Not every vocabulary begins with the padding."""
    x = np.array([[3, 1, 8, 8]])
    out = network(4, Present(8)).forward(x).output
    np.testing.assert_allclose(out, network(2, Present(8)).forward(x[:, :2]).output, rtol=1e-12)
    with pytest.raises(ValueError, match="padding must be at least 0"):
        Present(-1)


def test_a_layer_that_marks_present_tokens_may_be_beside_others():
    """It reads the tokens themselves, and must be in the list before the layers that use it."""
    with pytest.raises(ValueError, match=r"Present\(0\) is the first layer"):
        Network([Present(), Dense(3, 2)])
    with pytest.raises(ValueError, match=r"Present\(0\), which is not in the network"):
        Network([Embedding(9, 4), MeanToken(Present()), Dense(4, 3)])
    with pytest.raises(ValueError, match=r"Present\(0\) takes tokens \(N, tokens\)"):
        Present().infer_shapes((5, 3))


def test_a_block_gives_what_the_next_one_receives():
    """Direct feedback to blocks must reach the words, not the marks of present tokens."""
    net = network(4, Present())
    embedding, attended = net.blocks()[:2]
    assert embedding.top is net.layers[0]
    assert attended.top is net.layers[3]
    assert [len(part) for part in net.parts()] == [1, 1, 5, 1, 1]
