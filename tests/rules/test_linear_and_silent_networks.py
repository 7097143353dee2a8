"""Linear networks and zero weights: what learning conserves, and which layer wakes when."""

import numpy as np
import oracles
import pytest
from oracles import attached, batch, dense_net
from rules.families import linear_net

from nofb import Network, rules
from nofb.rules import RandomRelay


def silent_net(activation: str = "tanh", bias: bool = False) -> Network:
    """Return a net of four layers whose weights and biases are all zero."""
    net = dense_net((5, 4, 6, 5, 3), activation, init="zeros", bias=bias)
    for layer in net.weighted:
        if bias:
            layer.b[:] = 0
    return net


def project_on_rows(D):
    """Return the projector on the space that the rows of D span."""
    return np.linalg.pinv(D) @ D


# -- silence and waking up ------------------------------------------------------------------------


def wake_up_steps(rule: rules.Rule, net: Network, steps: int = 8) -> list[int | None]:
    """Return, for each layer, the step at which its weights first move."""
    x, y = batch(net)
    first: list[int | None] = [None] * len(net.weighted)
    for step in range(1, steps + 1):
        oracles.learn(rule, net, x, y, steps=1)
        for i, layer in enumerate(net.weighted):
            if first[i] is None and layer.W.any():
                first[i] = step
    return first


def test_zero_tanh_layers_wake_one_a_step_under_direct_feedback():
    """A layer can only learn once the one below it has something to say."""
    net = silent_net()
    assert wake_up_steps(attached("dfa", net), net) == [1, 2, 3, 4]


def test_biases_wake_all_zero_layers_at_the_second_step():
    """Direct feedback moves every bias at once, so every layer speaks from then on."""
    net = silent_net(bias=True)
    assert wake_up_steps(attached("dfa", net), net) == [1, 2, 2, 2]


@pytest.mark.parametrize("name", ["bp", "fa"])
@pytest.mark.parametrize("bias", [True, False])
def test_what_zero_weights_do_to_sequential_feedback(name, bias):
    """Backprop's way back is zero for ever; feedback alignment's is not."""
    net = silent_net(bias=bias)
    woken = wake_up_steps(attached(name, net), net)
    assert woken == ([None] * 4 if name == "bp" else [1, 2, 2, 2] if bias else [1, 2, 3, 4])


def test_under_backprop_only_the_last_bias_of_a_zero_network_ever_moves():
    """That is why zero weights, harmless to direct feedback, are forbidden to backprop."""
    net = silent_net(bias=True)
    oracles.learn(attached("bp", net), net, *batch(net), steps=5)
    assert not any(layer.W.any() for layer in net.weighted)
    assert [bool(layer.b.any()) for layer in net.weighted] == [False, False, False, True]


@pytest.mark.parametrize("bias", [True, False])
def test_a_forward_relay_through_zero_weights_never_wakes_the_second_layer(bias):
    """Indirect feedback climbs along W_2, which waits for a signal that only W_2 could bring."""
    net = silent_net(bias=bias)
    woken = wake_up_steps(attached("ifa", net), net)
    assert woken[:3] == [1, None, None]


def test_a_random_relay_wakes_the_second_layer():
    """With matrices of its own the climb does not depend on the weights."""
    net = silent_net()
    assert wake_up_steps(attached(RandomRelay(), net), net) == [1, 2, 3, 4]


def test_attaching_with_zero_weights_silences_the_network():
    """Nøkland's start: all forward weights and biases zero, the feedback not."""
    net = dense_net()
    attached("dfa", net, zero_weights=True)
    assert not any(layer.W.any() or layer.b.any() for layer in net.weighted)
    assert all(layer.D.any() for layer in net.weighted[:-1])


def test_zero_weights_are_refused_where_they_would_never_move():
    """A ReLU has slope 0 at 0, so that network would sit still without a word."""
    with pytest.raises(ValueError, match=r"zero_weights.*relu.*slope at 0 is 0"):
        attached("dfa", dense_net(activation="relu"), zero_weights=True)


# -- linear networks: what learning conserves -----------------------------------------------------


def conserved(net: Network):
    """Return W_1ᵀ W_1 - (W_2 B + Bᵀ W_2ᵀ), constant under the gradient flow of FA."""
    first, second = net.weighted
    relayed = second.W @ second.B
    return first.W.T @ first.W - relayed - relayed.T


def drift(lr: float, time: float = 3.0) -> float:
    """Return how far the conserved quantity has moved after `time`, in steps of `lr`."""
    net = linear_net((5, 6, 3))
    rule = attached("fa", net)
    start = conserved(net)
    oracles.learn(rule, net, *batch(net, 40), steps=round(time / lr), lr=lr)
    return float(np.linalg.norm(conserved(net) - start))


def test_feedback_alignment_conserves_what_its_gradient_flow_conserves():
    """The law explains why W_2 comes to agree with Bᵀ; its drift is due to finite steps only."""
    coarse, fine = drift(1e-2), drift(1e-3)
    assert coarse / fine == pytest.approx(10, rel=0.1)


def test_one_step_moves_the_conserved_quantity_by_its_second_order_term():
    """W_1ᵀW_1 - (W_2B + BᵀW_2ᵀ) moves by exactly η² dW_1ᵀdW_1, so to first order by nothing."""
    net = linear_net((5, 6, 3))
    rule = attached("fa", net)
    start, updates = conserved(net), rule.updates(net, *batch(net))
    oracles.descend(net, updates, lr=0.1)
    expected = 0.01 * updates[0].dW.T @ updates[0].dW
    np.testing.assert_allclose(conserved(net) - start, expected, atol=1e-13)
    assert np.abs(expected).max() > 1e-6


def test_deep_linear_direct_feedback_stays_in_the_subspaces_of_its_matrices():
    """Weight alignment: from zero, W_l learns only what D_{l-1} and D_l can express."""
    net = linear_net((5, 7, 6, 3))
    rule = attached("dfa", net, zero_weights=True)
    oracles.learn(rule, net, *batch(net, 40), steps=60)
    first, second, third = (layer.W for layer in net.weighted)
    lower, upper = (project_on_rows(layer.D) for layer in net.weighted[:-1])
    for W, aligned in ((first, first @ lower), (second, lower @ second @ upper)):
        np.testing.assert_allclose(W, aligned, atol=1e-12)
    np.testing.assert_allclose(third, upper @ third, atol=1e-12)
    assert all(np.linalg.norm(W) > 1e-3 for W in (first, second, third))
