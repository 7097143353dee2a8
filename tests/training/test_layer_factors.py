"""Another learning rate for each layer, as released code has."""

import copy

import numpy as np
import pytest

import nofb
from nofb import Dense, LayerNorm, Network, rules
from nofb.datasets import Dataset
from nofb.optimizers import SGD, Adam, AdamW, RMSprop

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(12, 4)), np.arange(12) % 3
DATA = Dataset(X, Y, X, Y)


def made():
    return Network([Dense(4, 5, "tanh"), Dense(5, 6, "tanh"), Dense(6, 3)], dtype=np.float64)


def one_step(optimizer, rule="bp", net=None):
    """Return how far one step has moved each W, b and B."""
    net = made() if net is None else net
    rule = rules.make(rule)
    rule.attach(net, 0)
    before = copy.deepcopy(net)
    nofb.fit(net, rule, DATA, 1, len(X), optimizer, shuffle=False, probe=0, progress=False)
    moved = []
    for old, new in zip(before.weighted, net.weighted, strict=True):
        arrays = [(old.W, new.W), (old.b, new.b)]
        arrays += [(old.B, new.B)] if old.B is not None else []
        moved.append([b - a for a, b in arrays])
    return moved


@pytest.mark.parametrize("kind", [SGD, RMSprop, Adam, AdamW])
@pytest.mark.parametrize("rule", ["bp", "kp_released"])
def test_a_step_of_each_layer_is_its_factor_times_the_usual_step(kind, rule):
    """A scaled update would change nothing with Adam: the factor is one of the rate."""
    factors, none = (0.5, 2.0, 0.0), {"lr": 0.01, "decay": 0}
    plain = one_step(kind(**none), rule)
    ones = one_step(kind(**none, layer_factors=(1, 1, 1)), rule)
    other = one_step(kind(**none, layer_factors=factors), rule)
    for factor, a, b, c in zip(factors, plain, ones, other, strict=True):
        for usual, same, scaled in zip(a, b, c, strict=True):
            np.testing.assert_array_equal(usual, same)
            np.testing.assert_allclose(scaled, factor * usual, rtol=1e-10, atol=1e-15)


def test_kolen_pollack_keeps_its_law_with_a_rate_for_each_layer():
    """W - Bᵀ shrinks by exactly 1 - λ in each step, whatever the rate."""
    net, rule = made(), rules.KolenPollack(decay=0.1)
    rule.attach(net, 0)
    before = [layer.W - layer.B.T for layer in net.weighted[1:]]
    optimizer = SGD(lr=0.1, layer_factors=[1, 0.3, 0.7])
    nofb.fit(net, rule, DATA, 1, len(X), optimizer, probe=0, progress=False)
    for old, layer in zip(before, net.weighted[1:], strict=True):
        np.testing.assert_allclose(layer.W - layer.B.T, 0.9 * old, rtol=1e-10)


def test_decay_is_not_scaled_and_other_layers_have_the_usual_rate():
    """λ is per step; γ and β belong to no layer with weights."""
    net = Network([Dense(4, 5), LayerNorm(5), Dense(5, 3)], dtype=np.float64)
    W, optimizer = net.weighted[0].W.copy(), SGD(lr=0.1, decay=0.25, layer_factors=[0, 0])
    gamma = net.layers[1].gamma.copy()
    nofb.fit(net, "bp", DATA, 1, len(X), optimizer, probe=0, progress=False)
    np.testing.assert_allclose(net.weighted[0].W, 0.75 * W)
    assert not np.array_equal(net.layers[1].gamma, gamma)


@pytest.mark.parametrize(
    ("factors", "sentence"),
    [([1, -1], "a number in layer_factors must be finite and at least 0"), (0.5, "must be a list"),
     ([], "empty list"), (["1"], "must be a number")],
)  # fmt: skip
def test_wrong_factors_get_a_sentence(factors, sentence):
    """When they are given, and when they are set later."""
    with pytest.raises((TypeError, ValueError), match=sentence):
        SGD(layer_factors=factors)
    optimizer = SGD()
    with pytest.raises((TypeError, ValueError), match=sentence):
        optimizer.layer_factors = factors


def test_as_many_factors_as_layers_are_needed():
    """A forgotten one would leave a layer with another rate."""
    sentence = "layer_factors has 2 numbers, but the network has 3 layers with weights"
    with pytest.raises(ValueError, match=sentence):
        nofb.fit(made(), "bp", DATA, 1, optimizer=SGD(layer_factors=[1, 1]))
