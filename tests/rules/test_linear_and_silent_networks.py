"""Linear networks and zero weights: what learning conserves, and which layers start to learn."""

import numpy as np
import oracles
import pytest
from oracles import attached, batch, dense_net
from rules.families import linear_net

from nofb import Network, rules
from nofb.rules import RandomRelay


def zero_net(activation: str = "tanh", bias: bool = False) -> Network:
    """Return a network of four layers with all weights and biases zero."""
    net = dense_net((5, 4, 6, 5, 3), activation, init="zeros", bias=bias)
    for layer in net.weighted:
        if bias:
            layer.b[:] = 0
    return net


def project_on_rows(D):
    """Return the projector onto the span of the rows of D."""
    return np.linalg.pinv(D) @ D


# -- learning from zero weights -------------------------------------------------------------------


def first_steps(rule: rules.Rule, net: Network, steps: int = 8) -> list[int | None]:
    """Return, for each layer, the step at which its weights first change."""
    x, y = batch(net)
    first: list[int | None] = [None] * len(net.weighted)
    for step in range(1, steps + 1):
        oracles.learn(rule, net, x, y, steps=1)
        for i, layer in enumerate(net.weighted):
            if first[i] is None and layer.W.any():
                first[i] = step
    return first


def test_zero_tanh_layers_start_to_learn_one_a_step_with_direct_feedback():
    """A layer can learn only when the activity of the layer below is not zero."""
    net = zero_net()
    assert first_steps(attached("dfa", net), net) == [1, 2, 3, 4]


def test_with_biases_all_zero_layers_start_to_learn_at_the_second_step():
    """Direct feedback changes every bias at once, so every layer is active from then on."""
    net = zero_net(bias=True)
    assert first_steps(attached("dfa", net), net) == [1, 2, 2, 2]


@pytest.mark.parametrize("name", ["bp", "fa"])
@pytest.mark.parametrize("bias", [True, False])
def test_with_zero_weights_sequential_feedback_learns_and_backprop_does_not(name, bias):
    """The backward pass of backprop is always zero; that of feedback alignment is not."""
    net = zero_net(bias=bias)
    found = first_steps(attached(name, net), net)
    assert found == ([None] * 4 if name == "bp" else [1, 2, 2, 2] if bias else [1, 2, 3, 4])


def test_with_backprop_only_the_last_bias_of_a_zero_network_changes():
    """So zero weights, which direct feedback allows, cannot be used with backprop."""
    net = zero_net(bias=True)
    oracles.learn(attached("bp", net), net, *batch(net), steps=5)
    assert not any(layer.W.any() for layer in net.weighted)
    assert [bool(layer.b.any()) for layer in net.weighted] == [False, False, False, True]


@pytest.mark.parametrize("bias", [True, False])
def test_with_a_relay_through_zero_weights_the_second_layer_never_learns(bias):
    """The relay of indirect feedback uses W_2, and only its signal could change W_2."""
    net = zero_net(bias=bias)
    found = first_steps(attached("ifa", net), net)
    assert found[:3] == [1, None, None]


def test_with_a_random_relay_the_second_layer_learns():
    """The relay has its own matrices, and does not depend on the weights."""
    net = zero_net()
    assert first_steps(attached(RandomRelay(), net), net) == [1, 2, 3, 4]


def test_attaching_with_zero_weights_sets_all_weights_to_zero():
    """Nøkland's start: all forward weights and biases zero, but not the feedback."""
    net = dense_net()
    attached("dfa", net, zero_weights=True)
    assert not any(layer.W.any() or layer.b.any() for layer in net.weighted)
    assert all(layer.D.any() for layer in net.weighted[:-1])


def test_zero_weights_are_refused_if_they_would_never_change():
    """A ReLU has derivative 0 at 0, so the network would silently never learn."""
    with pytest.raises(ValueError, match=r"zero_weights.*relu.*slope at 0 is 0"):
        attached("dfa", dense_net(activation="relu"), zero_weights=True)


# -- linear networks: what learning conserves -----------------------------------------------------


def conserved(net: Network):
    """Return W_1ᵀ W_1 - (W_2 B + Bᵀ W_2ᵀ), constant under the gradient flow of FA."""
    first, second = net.weighted
    relayed = second.W @ second.B
    return first.W.T @ first.W - relayed - relayed.T


def drift(lr: float, time: float = 3.0) -> float:
    """Return the change of the conserved quantity after `time`, in steps of `lr`."""
    net = linear_net((5, 6, 3))
    rule = attached("fa", net)
    start = conserved(net)
    oracles.learn(rule, net, *batch(net, 40), steps=round(time / lr), lr=lr)
    return float(np.linalg.norm(conserved(net) - start))


def test_feedback_alignment_conserves_what_its_gradient_flow_conserves():
    """The law explains why W_2 aligns with Bᵀ; it drifts only because steps are finite."""
    coarse, fine = drift(1e-2), drift(1e-3)
    assert coarse / fine == pytest.approx(10, rel=0.1)


def test_one_step_changes_the_conserved_quantity_by_its_second_order_term():
    """W_1ᵀW_1 - (W_2B + BᵀW_2ᵀ) changes by exactly η² dW_1ᵀdW_1, so to first order by 0."""
    net = linear_net((5, 6, 3))
    rule = attached("fa", net)
    start, updates = conserved(net), rule.updates(net, *batch(net))
    oracles.descend(net, updates, lr=0.1)
    expected = 0.01 * updates[0].dW.T @ updates[0].dW
    np.testing.assert_allclose(conserved(net) - start, expected, atol=1e-13)
    assert np.abs(expected).max() > 1e-6


def test_deep_linear_direct_feedback_stays_in_the_subspaces_of_its_matrices():
    """Weight alignment: from zero, W_l stays in the spans of D_{l-1} and D_l."""
    net = linear_net((5, 7, 6, 3))
    rule = attached("dfa", net, zero_weights=True)
    oracles.learn(rule, net, *batch(net, 40), steps=60)
    first, second, third = (layer.W for layer in net.weighted)
    lower, upper = (project_on_rows(layer.D) for layer in net.weighted[:-1])
    for W, aligned in ((first, first @ lower), (second, lower @ second @ upper)):
        np.testing.assert_allclose(W, aligned, atol=1e-12)
    np.testing.assert_allclose(third, upper @ third, atol=1e-12)
    assert all(np.linalg.norm(W) > 1e-3 for W in (first, second, third))
