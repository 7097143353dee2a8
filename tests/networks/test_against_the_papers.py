"""Backprop on whole networks with branches, compared with naive ones from the papers' formulas."""

import numpy as np
import pytest
from networks import oracles
from networks.cases import AGAIN, NAMES, attached, batch, build, learning, taught

TOLERANCE = 1e-10  # relative to the largest number in an array
NOTHING = 1e-3  # and absolute where all are smaller: the bias of keys has no gradient


def assert_near(given, wanted):
    assert given.shape == wanted.shape
    scale = max(np.abs(wanted).max(), NOTHING)
    np.testing.assert_allclose(given, wanted, rtol=0, atol=TOLERANCE * scale)


def naive(name, net, x, y, **options):
    """Return softmax, loss and all gradients."""
    layers = [layer.parameters() | layer.state() for layer in learning(net)]
    given, back = AGAIN[name](layers, x, **options)
    p, loss, signal = oracles.cross_entropy(given, y)
    return p, loss, back(signal)[1]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("samples", [2, 7])
def test_outputs_loss_and_every_gradient_equal_those_of_a_naive_network(name, samples):
    """With an error in a branch, a norm or a head a network would still train."""
    net, (x, y) = build(name), batch(name, samples)
    p, loss, gradients = naive(name, net, x, y)
    trace = net.forward(x, train=True).set_target(net.as_target(y, samples))
    assert_near(trace.output, p)
    assert trace.loss() == pytest.approx(loss, rel=1e-11)
    found = taught(net, attached("bp", net), x, y)
    assert [set(each) for each in found] == [set(each) for each in gradients]
    for mine, wanted in zip(found, gradients, strict=True):
        for key, gradient in wanted.items():
            assert_near(mine[key], gradient)


@pytest.mark.parametrize("samples", [1, 7])
def test_a_residual_network_in_use_applies_its_running_averages(samples):
    """Then neither the output nor the updates of a sample depend on the other samples."""
    net, (x, y) = build("resnet"), batch("resnet", samples)
    p, loss, gradients = naive("resnet", net, x, y, norm=oracles.batch_norm_in_use)
    assert_near(net.outputs(x), p)
    assert net.loss(x, y) == pytest.approx(loss, rel=1e-11)
    found = taught(net, attached("bp", net), x, y, train=False)
    for mine, wanted in zip(found, gradients, strict=True):
        for key, gradient in wanted.items():
            assert_near(mine[key], gradient)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("samples", [2, 7])
@pytest.mark.parametrize("train", [True, False])
def test_every_kind_of_parameter_agrees_with_central_differences(name, samples, train):
    """W, b, γ, β, class token, positions, embedding: each array is changed along a random line."""
    net, (x, y) = build(name), batch(name, samples)
    found = taught(net, attached("bp", net), x, y, train)
    target, rng, width = net.as_target(y, samples), np.random.default_rng(2), 1e-6

    def loss():
        return net.forward(x, train).set_target(target).loss()

    for layer, gradients in zip(learning(net), found, strict=True):
        for key, array in layer.parameters().items():
            line, kept = rng.standard_normal(array.shape), array.copy()
            array += width * line
            above = loss()
            array[...] = kept - width * line
            slope = (above - loss()) / (2 * width)
            array[...] = kept
            largest = np.linalg.norm(gradients[key]) * np.linalg.norm(line)
            assert (gradients[key] * line).sum() == pytest.approx(slope, abs=1e-6 * largest + 1e-8)


def test_all_kinds_of_parameters_are_among_those_tested():
    """A kind that is missing from the list would not be tested."""
    kinds = {key for name in NAMES for layer in learning(build(name)) for key in layer.parameters()}
    assert kinds == {"W", "b", "gamma", "beta", "token", "positions"}
