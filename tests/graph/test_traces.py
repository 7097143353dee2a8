"""Traces and dropout: what a forward pass stores, and which units it sets to zero."""

import numpy as np
import oracles
import pytest
from graph.refusals import X
from oracles import attached, batch, dense_net

import nofb
from nofb import Dense, Dropout, Network
from nofb.updates import updates

# -- traces ---------------------------------------------------------------------------------------


def records(trace: nofb.Trace):
    return [array for record in trace.records.values() for array in record.arrays.values()]


@pytest.mark.parametrize("net_name", oracles.NETS)
def test_two_forward_passes_share_no_memory(net_name):
    """The next batch must not change the arrays that a student has kept."""
    net = oracles.NETS[net_name]()
    rule = attached("bp", net)
    traces = [oracles.taught_trace(net, *batch(net)) for _ in range(2)]
    updates = [list(oracles.parts(rule.teach(net, trace))) for trace in traces]
    for one in records(traces[0]) + updates[0]:
        assert not any(np.shares_memory(one, other) for other in records(traces[1]) + updates[1])


def test_a_trace_keeps_the_input_it_was_given():
    """Changing x afterwards must not change what the layer received."""
    net = dense_net()
    x, _ = batch(net)
    trace = net.forward(x)
    kept = x.copy()
    x[:] = 0
    np.testing.assert_array_equal(trace[net.layers[0]].h_below, kept)


@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize(("name", "net_name"), oracles.RULES_AND_NETS)
def test_a_smaller_batch_in_the_memory_of_a_larger_one_gives_the_same_result(
    name, net_name, samples
):
    """The last batch of an epoch is smaller; no rows of the batch before may be used."""
    net = oracles.NETS[net_name]()
    rule = attached(name, net)
    large = oracles.taught_trace(net, *batch(net, 7))
    rule.teach(net, large)
    x, y = batch(net, samples, seed=1)
    small = large.rows(samples).fill(net.as_input(x), train=True)
    reused = oracles.teach(rule, net, small.set_target(net.as_target(y, samples)))
    for layer in net.weighted:
        assert np.shares_memory(small[layer].a, large[layer].a)
    oracles.assert_same(reused, rule.updates(net, x, y))


@pytest.mark.parametrize("net_name", oracles.NETS)
def test_a_signal_may_have_any_memory_layout(net_name):
    """A custom rule may yield a transposed array, or one of another precision."""
    net = oracles.NETS[net_name]()
    trace = oracles.taught_trace(net, *batch(net))
    rule = attached("bp", net)
    expected = oracles.teach(rule, net, trace)
    for odd in (np.asfortranarray, np.float32, lambda delta: np.repeat(delta, 2, -1)[..., ::2]):
        given = [(layer, odd(delta)) for layer, delta in rule.signals(net, trace)]
        found = updates(trace, lambda piece, given=given: given, by_sample=False)
        oracles.assert_close(found, expected, rtol=1e-5, atol=1e-6)


def test_a_trace_of_the_full_size_returns_itself():
    """`fit` asks for the rows of every batch, and most batches have the full size."""
    trace = dense_net().forward(X)
    assert trace.rows(4) is trace


FILL = nofb.network.Trace.fill


@pytest.mark.parametrize("net_name", oracles.NETS)
def test_a_data_set_is_evaluated_sample_by_sample(net_name, monkeypatch):
    """The evaluation is done in pieces, and the last one is smaller."""
    monkeypatch.setattr(nofb.network, "ROWS_AT_ONCE", 3)
    net = oracles.NETS[net_name]()
    x, y = batch(net, 7)
    trace = net.forward(x).set_target(net.as_target(y, 7))
    np.testing.assert_allclose(net.outputs(x), trace.output, rtol=1e-12)
    np.testing.assert_array_equal(net.predict(x), trace.output.argmax(axis=1))
    assert net.loss(x, y) == pytest.approx(trace.loss(), rel=1e-12)
    right = (net.predict(x) == y).mean()
    assert net.accuracy(x, y) == pytest.approx(right)
    assert net.accuracy(x, net.predict(x)) == 1


def test_samples_of_a_large_network_are_evaluated_in_small_pieces(monkeypatch):
    """A thousand samples of a large transformer would fill the memory of a computer."""
    layers = [Dense(4, 6, "tanh"), Dense(6, 2)]
    net = Network(layers, dtype=np.float64, input_shape=(4,))
    assert net.sample_bytes == 2 * (6 + 2) * 8
    monkeypatch.setattr(nofb.network, "BYTES_AT_ONCE", 3 * net.sample_bytes)
    sizes = []
    monkeypatch.setattr(
        nofb.network.Trace,
        "fill",
        lambda trace, x, **how: sizes.append(len(x)) or FILL(trace, x, **how),
    )
    x = np.random.default_rng(0).normal(size=(7, 4))
    assert net.outputs(x).shape == (7, 2)
    assert sizes == [3, 3, 1]


def test_one_seed_draws_one_network():
    """The same seed, the same start; another seed, another."""
    one, same, other = (dense_net(seed=seed) for seed in (1, 1, 2))
    for layers in zip(one.weighted, same.weighted, other.weighted, strict=True):
        np.testing.assert_array_equal(layers[0].W, layers[1].W)
        assert (layers[0].W != layers[2].W).all()


# -- dropout --------------------------------------------------------------------------------------


def masks(net: Network, train: bool = True):
    """Return the output of each dropout layer for a batch of ones, flat."""
    x = np.ones((50, *net.input_shape))
    trace = net.forward(x, train=train)
    shown = [
        np.divide(trace[layer].h, trace[layer].h_below).ravel()
        for layer in net.layers
        if isinstance(layer, Dropout)
    ]
    return np.concatenate(shown)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
def test_dropout_sets_units_to_zero_at_its_rate_and_preserves_the_mean(rate):
    """Inverted dropout: the other units are multiplied by 1 / (1 - rate); tests need no scale."""
    net = Network([Dropout(rate), Dense(400, 3)], dtype=np.float64)
    mask = masks(net)
    np.testing.assert_allclose(np.unique(mask), [0, 1 / (1 - rate)], rtol=1e-12)
    assert (mask == 0).mean() == pytest.approx(rate, abs=0.02)
    assert mask.mean() == pytest.approx(1, abs=0.05)


def test_dropout_is_off_outside_of_training():
    """Predictions use the whole network, and are the same every time."""
    net, plain = dense_net(dropout=0.5), dense_net()
    x, y = batch(net)
    np.testing.assert_array_equal(net.forward(x).output, plain.forward(x).output)
    np.testing.assert_array_equal(net.outputs(x), plain.outputs(x))
    assert net.evaluate(x, y) == plain.evaluate(x, y)
    assert (masks(net, train=False) == 1).all()


def test_a_rate_of_zero_drops_no_unit():
    """It is the control of every experiment with dropout."""
    assert (masks(dense_net(dropout=0.0)) == 1).all()


def test_networks_of_one_seed_draw_the_same_masks_and_every_pass_draws_new_ones():
    """A run is repeated by its seed, but no two batches have the same mask."""
    one, same, other = (dense_net(dropout=0.5, seed=seed) for seed in (1, 1, 2))
    first, second = masks(one), masks(one)
    np.testing.assert_array_equal(first, masks(same))
    np.testing.assert_array_equal(second, masks(same))
    assert (first != second).any()
    assert (first != masks(other)).any()


def test_two_dropout_layers_draw_different_masks():
    """Equal masks would remove whole paths instead of single units."""
    net = Network([Dropout(0.5), Dropout(0.5), Dense(400, 3)])
    trace = net.forward(np.ones((50, 400)), train=True)
    lower, upper = (trace[layer].h != 0 for layer in net.layers[:2])
    assert upper.mean() == pytest.approx(0.25, abs=0.02)
    assert lower.mean() == pytest.approx(0.5, abs=0.02)


def test_a_dropout_layer_with_its_own_seed_keeps_it():
    """A user may keep the masks fixed while weights are drawn again."""
    nets = [Network([Dropout(0.5, seed=4), Dense(400, 3)], seed=seed) for seed in (1, 2)]
    np.testing.assert_array_equal(masks(nets[0]), masks(nets[1]))
