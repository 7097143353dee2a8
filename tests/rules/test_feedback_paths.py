"""The feedback path: its shapes, its seeds, and that fixed feedback does not change."""

from inspect import signature

import numpy as np
import oracles
import pytest
from oracles import angle, attached, batch, conv_net, dense_net, taught_trace
from rules.families import DIRECT, FIXED, LEARNED, RULES, SIGN_SYMMETRY

from nofb import Conv2D, Dense, MaxPool2D, Network, initialisers, rules
from nofb.rules import RandomRelay

AS_ASKED = [name for name in FIXED if "feedback_init" in signature(rules.RULES[name]).parameters]


@pytest.mark.parametrize(
    "name", ["fa", *SIGN_SYMMETRY, *(name for name in LEARNED if name != "dkp")]
)
def test_sequential_feedback_has_the_shape_of_the_transposed_weights(name):
    """Feedback filters for filters; and none for the first layer, which sends no signal further."""
    net = conv_net()
    attached(name, net)
    first, *others = net.weighted
    assert first.B is None
    assert [layer.B.shape for layer in others] == [layer.W.T.shape for layer in others]
    assert all(layer.D is None for layer in net.weighted)


@pytest.mark.parametrize("name", DIRECT)
def test_direct_feedback_reaches_every_pixel_after_pooling(name):
    """Nøkland's signal arrives after the pooling: one independent weight for each position."""
    net = conv_net()
    attached(name, net)
    *hidden, last = net.weighted
    assert [layer.D.shape for layer in hidden] == [(3, 4 * 3 * 3), (3, 3 * 2 * 4), (3, 5)]
    assert last.D is None
    assert all(layer.B is None for layer in net.weighted)


def test_indirect_feedback_has_one_matrix_to_the_first_layer():
    """All other layers get their signal by the relay."""
    net = conv_net()
    attached(RandomRelay(), net)
    first, *others = net.weighted
    assert first.D.shape == (3, 4 * 3 * 3)
    assert all(layer.D is None for layer in others)
    *relaying, last = others
    assert [each.rule_state.R.shape for each in relaying] == [each.W.shape for each in relaying]
    assert last.rule_state is None


def test_indirect_feedback_is_relayed_through_maps_like_a_small_change():
    """δ_2 is f' times the change of a_2, if the first maps changed by δ_1."""
    layers = [
        Conv2D(2, 3, 2, padding=1, activation="tanh"),
        MaxPool2D(2),
        Conv2D(3, 2, 2, activation="tanh"),
    ]
    net = oracles.image_net(layers, (2, 4, 5))
    rule = attached("ifa", net)
    trace = taught_trace(net, *batch(net, 2))
    first, second = oracles.hidden_signals(rule, net, trace)

    def reached(h):
        pooled = oracles.max_pool(h.transpose(0, 3, 1, 2), (2, 2), (2, 2))
        above = layers[2]
        return oracles.convolve(pooled, above.filters, above.b, (1, 1), (0, 0))

    h = trace[layers[0]].h
    change = (reached(h + 1e-6 * first) - reached(h - 1e-6 * first)) / 2e-6
    slope = oracles.ACTIVATIONS["tanh"][1](trace[layers[2]].a)
    np.testing.assert_allclose(second, change.transpose(0, 2, 3, 1) * slope, atol=1e-9)


def test_indirect_feedback_with_a_random_relay_uses_its_own_matrices():
    """With R = W both relays are the same rule."""
    net = conv_net()
    x, y = batch(net)
    expected = attached("ifa", net).updates(net, x, y)
    rule = attached(RandomRelay(), net)
    assert oracles.unlike(rule.updates(net, x, y)[1].dW, expected[1].dW)
    for layer in net.weighted[1:-1]:
        layer.rule_state.R = layer.W.copy()
    oracles.assert_same(rule.updates(net, x, y), expected)


@pytest.mark.parametrize(
    ("rule", "drawn"), [(rules.IndirectFeedbackAlignment, [0, 0, 0]), (RandomRelay, [0, 1, 0])]
)
def test_only_a_random_relay_draws_matrices_and_only_for_layers_between_first_and_last(rule, drawn):
    """The first layer gets its signal by D, and the last one is taught by the error itself."""
    net = dense_net()
    attached(rule(), net)
    assert [int(layer.rule_state is not None) for layer in net.weighted] == drawn


@pytest.mark.parametrize("name", FIXED)
def test_fixed_feedback_does_not_change(name):
    """Only the forward path aligns; a feedback path that changed would be another rule."""
    net = dense_net()
    rule = attached(name, net)
    before = oracles.arrays_of(net)
    oracles.learn(rule, net, *batch(net), steps=3)
    after = oracles.arrays_of(net)
    for key in before:
        moved = (before[key] != after[key]).any()
        assert moved == key.startswith(("W", "b")), key


@pytest.mark.parametrize("name", [*FIXED, "brsf", "frsf", *LEARNED, *oracles.DENSE_ONLY])
def test_a_seed_draws_the_same_feedback_again_and_another_seed_does_not(name):
    """A run that cannot be repeated cannot be compared."""
    drawn = []
    for seed in (3, 3, 4):
        net = dense_net()
        rule = attached(name, net, seed=seed)
        oracles.learn(rule, net, *batch(net), steps=2)
        drawn.append(np.concatenate([array.ravel() for array in feedback_of(net)]))
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert not np.isin(drawn[0][drawn[0] != 0], drawn[2]).any()


def feedback_of(net: Network):
    return [m for layer in net.weighted for m in (layer.B, layer.D) if m is not None]


def standard_normal(rng, n_in: int, n_out: int):
    return rng.normal(size=(n_in, n_out))


@pytest.mark.parametrize("name", AS_ASKED)
@pytest.mark.parametrize("seed", [0, 1, 2**32])
def test_feedback_is_independent_of_weights_drawn_with_the_same_seed(name, seed):
    """With one stream for both, "random" feedback would be aligned from the start."""
    net = dense_net((20, 30, 25, 20), init=standard_normal, seed=seed)
    attached(name, net, seed=seed, feedback_init=standard_normal)
    weights = np.concatenate([layer.W.ravel() for layer in net.weighted])
    for matrix in feedback_of(net):
        assert not np.isin(matrix, weights).any()
    for layer in net.weighted:
        if layer.B is not None:
            assert angle(layer.B, layer.W.T) == pytest.approx(90, abs=10)


@pytest.mark.parametrize("name", RULES)
def test_attaching_a_rule_removes_the_feedback_of_the_rule_before(name):
    """With an old matrix, a rule would seem to have feedback that it never uses."""
    net, fresh = dense_net(), dense_net()
    attached("fa", net)
    attached("dfa", net)
    rule, alone = attached(name, net), attached(name, fresh)
    for layer, other in zip(net.weighted, fresh.weighted, strict=True):
        assert (layer.B is None, layer.D is None) == (other.B is None, other.D is None)
    x, y = batch(net)
    oracles.assert_same(rule.updates(net, x, y), alone.updates(fresh, x, y))


@pytest.mark.parametrize("kind", [*rules.RULES.values(), RandomRelay])
def test_a_rule_attached_to_a_second_network_still_teaches_the_first(kind):
    """With two networks and one rule, the second must not change the updates of the first."""
    net = dense_net()
    x, y = batch(net)
    rule = attached(kind(), net)
    before = rule.updates(net, x, y)
    rule.attach(dense_net(seed=8), seed=4)
    oracles.assert_same(rule.updates(net, x, y), before)


@pytest.mark.parametrize("name", AS_ASKED)
def test_the_feedback_is_drawn_as_requested_with_any_initialiser_of_the_weights(name):
    """Alignment depends on both scales, so a user must be able to choose each."""
    net = Network([Dense(8, 30, "tanh", init="zeros"), Dense(30, 20)], dtype=np.float64)
    attached(name, net, feedback_init=initialisers.scaled("orthogonal", 2.0))
    (matrix,) = feedback_of(net)
    np.testing.assert_allclose(matrix @ matrix.T, 4 * np.eye(20), atol=1e-12)
    assert not net.weighted[0].W.any()
