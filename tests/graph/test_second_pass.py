"""A second pass: the same samples and masks again, with something added at some layers."""

import numpy as np
import oracles
import pytest
from oracles import batch, dense_net, taught_trace

from nofb import Dense, Network, losses

NETS = oracles.NETS | {"dropout": lambda **options: dense_net(dropout=0.4, **options)}


@pytest.mark.parametrize("net_name", NETS)
def test_a_second_pass_with_nothing_added_equals_the_first_one(net_name):
    """Every difference between the passes must come from what was added."""
    net = NETS[net_name]()
    trace = taught_trace(net, *batch(net))
    again = trace.again({})
    for layer in net.layers:
        np.testing.assert_array_equal(again[layer].h, trace[layer].h)
    np.testing.assert_array_equal(again.error, trace.error)


@pytest.mark.parametrize("net_name", NETS)
def test_what_is_added_changes_its_layer_and_those_above(net_name):
    """a = (h_below + ξ) W + b in the layer with noise; the layers below do not change."""
    net = NETS[net_name]()
    trace = taught_trace(net, *batch(net))
    below, layer = net.weighted[-2:]
    xi = np.random.default_rng(0).normal(size=trace[layer].h_below.shape)
    first = {each: trace[each].h.copy() for each in net.layers}
    again = trace.again({layer: xi})
    np.testing.assert_array_equal(again[below].h, trace[below].h)
    expected = (trace[layer].h_below + xi) @ layer.W + layer.b
    np.testing.assert_allclose(again[layer].a, expected, rtol=1e-12, atol=1e-14)
    for each, h in first.items():
        np.testing.assert_array_equal(trace[each].h, h)


def test_two_second_passes_of_one_trace_do_not_mix():
    """The second one reuses the memory of the first, and must use only its own noise."""
    net = dense_net()
    trace = taught_trace(net, *batch(net))
    layer = net.weighted[1]
    xi = np.ones_like(trace[layer].h_below)
    once = trace.again({layer: xi}).output.copy()
    trace.again({layer: 5 * xi, net.weighted[2]: np.ones_like(trace[net.weighted[2]].h_below)})
    np.testing.assert_array_equal(trace.again({layer: xi}).output, once)


@pytest.mark.parametrize("loss", losses.LOSSES)
def test_the_losses_of_the_samples_have_the_loss_as_their_mean(loss):
    """Each is the loss of a batch of one: node perturbation compares sample by sample."""
    net = dense_net(loss=loss)
    x, y = batch(net)
    trace = taught_trace(net, x, y)
    alone = [net.loss(x[[i]], y[[i]]) for i in range(len(x))]
    np.testing.assert_allclose(trace.losses(), alone, rtol=1e-12)
    np.testing.assert_allclose(trace.losses().mean(), trace.loss(), rtol=1e-12)


@pytest.mark.parametrize("shape", [(7, 2), (6, 9), (1, 7, 4), (3,)])
def test_what_is_added_in_another_shape_is_refused_with_the_layer_and_the_shape(shape):
    """NumPy's own sentence about broadcasting does not say which layer it is."""
    net = Network([Dense(5, 4, "tanh"), Dense(4, 3)], seed=0)
    trace = net.forward(np.ones((7, 5), np.float32))
    sentence = r"what is added to the input of Dense\(4, 3.* has shape .* but needs \(7, 4\)"
    with pytest.raises(ValueError, match=sentence):
        trace.again({net.weighted[1]: np.ones(shape, np.float32)})
    trace.again({net.weighted[1]: np.ones((1, 4), np.float32)})
