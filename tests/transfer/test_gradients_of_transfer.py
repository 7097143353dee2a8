"""Every derivative of every method agrees with central differences."""

import numpy as np
import pytest
from layers.alone import assert_near, back, inputs, made, run, slope_of
from transfer.cases import NAMES, batch, model

from nofb.rules import make
from nofb.training.step import with_local
from nofb.transfer import METHODS
from nofb.transfer.layers import Factor, Insert, LeaveOut, TakeUnits
from nofb.transfer.prompts import Ones, Prompts
from nofb.transfer.toast import FeatureSelection
from nofb.updates import other_updates

VARIANTS = {
    **{name: (name, {}) for name in METHODS},
    "linear, all tokens": ("linear", {"all_tokens": True}),
    "lora on each": ("lora", {"fused": False, "alpha": 3.0, "rank": 2}),
    "toast, P learns": ("toast", {"train_p": True}),
    "toast, late": ("toast", {"late": 1}),
    "toast, released": ("toast", {"released": True}),
    "toast, A stays": ("toast", {"train_a": False}),
}
LAYERS = {
    "selection": (lambda: FeatureSelection(5), (4, 5)),
    "some units": (lambda: TakeUnits(2, 5), (4, 6)),
    "fewer tokens": (lambda: LeaveOut(1, 2), (5, 3)),
    "more tokens": (lambda: Insert(1), (4, 3), (2, 3)),
    "a factor": (lambda: Factor(0.3), (4, 3)),
    "prompts": (lambda: Prompts(3, 2), (4, 2)),
    "ones": (lambda: Ones(3), (4, 1)),
}


def learned(net, x, y):
    """Return (array, update) for all arrays that backprop trains."""
    rule = make("bp")
    rule.attach(net)
    trace = net.forward(x, train=True).set_target(net.as_target(y, len(x)))
    updates = with_local(net, trace, rule.teach(net, trace))
    for layer, update in zip(net.weighted, updates, strict=True):
        if not layer.frozen:
            yield layer.W, update.dW
            if layer.b is not None:
                yield layer.b, update.db
    for layer, found in other_updates(trace).items():
        for name, update in found.items():
            yield layer.parameters()[name], update


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("variant", VARIANTS)
def test_backprop_is_the_gradient_of_the_loss(variant, name):
    """It is the reference for every method that trains a model of transfer."""
    method, options = VARIANTS[variant]
    net = model(method, name, **options)
    x, y = batch(net)
    pairs = list(learned(net, x, y))
    assert sum(array.size for array, _ in pairs) == net.trained_parameters
    for array, update in pairs:
        rows = array.reshape(-1)[:40]  # a view
        slope = slope_of(lambda: net.loss(x, y), rows)
        assert_near(update.reshape(-1)[:40], slope, 1e-6)


@pytest.mark.parametrize("samples", [1, 4])
@pytest.mark.parametrize("name", LAYERS)
def test_the_backward_pass_is_the_derivative(name, samples):
    """The layers between the matrices use no weights, but their derivatives must be right."""
    build, *shapes = LAYERS[name]
    layer, received = made(build(), *shapes), inputs(samples, *shapes)
    record = run(layer, *received)
    signal = inputs(samples, layer.shape_out, seed=5)[0]
    for source, found in zip(received, back(layer, record, signal), strict=True):
        assert_near(found, slope_of(lambda: (run(layer, *received).h * signal).sum(), source))


@pytest.mark.parametrize("name", LAYERS)
def test_relay_is_the_transpose_of_the_backward_pass(name):
    """Forward-mode derivatives and backward-mode ones are one matrix."""
    build, *shapes = LAYERS[name]
    layer, received = made(build(), *shapes), inputs(3, *shapes)
    record = run(layer, *received)
    signal, changes = inputs(3, layer.shape_out, seed=5)[0], inputs(3, *shapes, seed=6)
    up = (layer.relay(record, *changes) * signal).sum()
    down = sum((a * b).sum() for a, b in zip(back(layer, record, signal), changes, strict=True))
    assert up == pytest.approx(down, rel=1e-10)


@pytest.mark.parametrize("build", [lambda: FeatureSelection(5), lambda: Prompts(4, 5)])
def test_parameters_learn_from_the_mean_gradient(build):
    """ξ has a local product and no matrix, so this line is the same in all rules."""
    layer, received = made(build(), (4, 5)), inputs(3, (4, 5))
    record = run(layer, *received)
    signal = inputs(3, layer.shape_out, seed=5)[0]
    for name, update in layer.learn(record, signal, 3).items():
        array = layer.parameters()[name]
        slope = slope_of(lambda: (run(layer, *received).h * signal).sum() / 3, array)
        assert_near(update, slope)


@pytest.mark.parametrize("name", NAMES)
def test_pretuning_adds_the_gradient_of_the_reconstruction_loss_only_to_a(name):
    """Both ends of a block are constants here: C, P, ξ and the blocks get no gradient of it."""
    net = model("toast", name, stage="pretune", reconstruction=0.3)
    x, y = batch(net)
    trace = net.forward(x).set_target(net.as_target(y, len(x)))
    local = net.local_updates(trace)
    assert list(local) == net.steered.A
    for index, A in enumerate(net.steered.A):
        below, above = (trace[net.steered.tokens[index + i]].h for i in (0, 1))

        def lost(A=A, below=below, above=above):
            return 0.3 * np.mean((above @ A.W - below) ** 2)

        assert_near(local[A], slope_of(lost, A.W), 1e-6)
    wanted = sum(
        0.3 * np.mean((trace[net.steered.tokens[i + 1]].h @ A.W - trace[layer].h) ** 2)
        for i, (A, layer) in enumerate(zip(net.steered.A, net.steered.tokens, strict=False))
    )
    assert net.reconstruction_loss(x) == pytest.approx(wanted)
    assert model("toast", name).local_updates(trace) == {}
