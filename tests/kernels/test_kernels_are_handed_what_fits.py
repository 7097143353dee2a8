"""Traces, layers and optimizers check their arrays, so no kernel reads past the end of one."""

import numpy as np
import pytest

from nofb import SGD, Adam, Conv2D, Dense, Dropout, Flatten, MaxPool2D, Network, RMSprop, rules
from nofb.activations import ACTIVATIONS
from nofb.rules import Rule, Uses
from nofb.updates import updates

X = np.random.default_rng(0).normal(size=(4, 5)).astype(np.float32)
LABELS = np.array([0, 1, 2, 1])


def dense(**options):
    """Return a small network."""
    return Network([Dense(5, 6, "tanh"), Dense(6, 4, "tanh"), Dense(4, 3)], **options)


def traced(net):
    """Return the trace of a batch with its target."""
    return net.forward(X).set_target(net.as_target(LABELS, 4))


# -- traces --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "x",
    [
        X[:3],
        X[:, :4],
        X.astype(np.float64),
        X.astype(np.float16),
        np.asfortranarray(X),
        X[:, ::-1],
    ],
    ids=["fewer rows", "fewer features", "double", "half", "another layout", "reversed"],
)
def test_a_trace_accepts_only_batches_of_its_shape(x):
    """With fewer rows the kernels of the first layer would read past the end of the array."""
    with pytest.raises(ValueError, match=r"this trace takes \(4, 5\) and float32, C-contiguous"):
        dense().forward(X).fill(x)


def test_a_refused_batch_leaves_the_trace_as_it_was():
    """Otherwise the trace would hold a mixture of two batches."""
    trace = traced(dense())
    output = trace.output.copy()
    with pytest.raises(ValueError, match="this trace takes"):
        trace.fill(X[:3])
    np.testing.assert_array_equal(trace.fill(trace[trace.net.layers[0]].h_below).output, output)


@pytest.mark.parametrize("target", [np.ones((1, 3)), np.ones((4, 2)), LABELS])
def test_a_target_of_another_shape_is_not_stretched_over_the_batch(target):
    """NumPy broadcasts one row to all samples silently; the loss reads past the end of it."""
    with pytest.raises(ValueError, match=r"but the outputs have \(4, 3\): net.as_target"):
        dense().forward(X).set_target(target)


class OwnSignals(Rule):
    """Backprop by a student's own formula, with signals in any memory layout."""

    name, uses = "own_signals", Uses(error=True, transport=True)

    def __init__(self, layout):
        self.layout = layout

    def signals(self, net, trace):
        for layer in trace.downward():
            delta = trace.delta(layer)
            yield layer, self.layout(delta)
            if layer.sends:
                trace.arrive(layer, self.layout(delta @ layer.W.T))


@pytest.mark.parametrize(
    "layout",
    [
        lambda s: np.ascontiguousarray(s.T).T,  # (B.T @ delta.T).T
        lambda s: np.repeat(s, 2, axis=1)[:, ::2],
        lambda s: s.astype(np.float32),
    ],
    ids=["transposed", "strided", "single precision"],
)
def test_a_signal_in_any_layout_is_multiplied_by_the_derivative(layout):
    """`reshape(-1)` of such an array is a copy: without compilation the derivative was lost."""
    net = dense(dtype=np.float64)
    rule = OwnSignals(layout)
    rule.attach(net)
    found = rule.updates(net, X, LABELS)
    backprop = rules.make("bp")
    backprop.attach(net)
    for update, expected in zip(found, backprop.updates(net, X, LABELS), strict=True):
        np.testing.assert_allclose(update.dW, expected.dW, rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(update.db, expected.db, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_accepts_any_layout(name):
    """The derivative of a transposed array was all ones; values of leaky ReLU were not written."""
    a, function = np.random.default_rng(1).normal(size=(3, 4)), ACTIVATIONS[name]
    np.testing.assert_array_equal(function(np.asfortranarray(a)), function(a))
    np.testing.assert_array_equal(function.slope(np.asfortranarray(a)), function.slope(a))


def maps():
    """Return a network of maps, and the trace of a batch."""
    layers = [
        Conv2D(2, 3, 2, activation="tanh"),
        MaxPool2D(2),
        Dropout(0.5),
        Flatten(),
        Dense(12, 3),
    ]
    net = Network(layers, input_shape=(2, 5, 5))
    return net, net.forward(np.ones((4, 2, 5, 5)))


@pytest.mark.parametrize("index", range(1, 4))
@pytest.mark.parametrize("way", ["back", "relay"])
def test_a_layer_without_weights_refuses_a_signal_of_another_shape(index, way):
    """MaxPool2D.back with a larger signal wrote past the end of the maps."""
    net, trace = maps()
    layer = net.layers[index]
    shape = layer.shape_out if way == "back" else layer.shape_in
    right = np.ones((4, *shape), np.float32)
    assert getattr(layer, way)(trace[layer], right).shape[0] == 4
    for wrong in (np.ones((4, *(2 * n for n in shape)), np.float32), right[:3]):
        with pytest.raises(ValueError, match=r"the signal for .* has shape .* but needs \(4, "):
            getattr(layer, way)(trace[layer], wrong)


@pytest.mark.parametrize("way", ["scatter", "gather"])
def test_a_dense_layer_accepts_a_signal_of_another_precision_and_refuses_another_shape(way):
    """NumPy's own error would name neither the layer nor the shape that it needs."""
    net = dense()
    trace, layer = net.forward(X), net.layers[1]
    signal = np.eye(4, 6)
    sent = getattr(layer, way)(trace[layer], signal)
    assert sent.dtype == np.float32
    np.testing.assert_array_equal(sent, signal)
    with pytest.raises(ValueError, match=r"the signal for .* has shape .* but needs \(4, "):
        getattr(layer, way)(trace[layer], signal[:, :2])


def test_a_convolution_refuses_a_signal_of_the_right_size_and_another_shape():
    """Read as other pixels it would give a wrong signal without an error."""
    net, trace = maps()
    layer = net.layers[0]
    turned = np.ones((4, 3, 4, 4), np.float32)
    with pytest.raises(ValueError, match=r"has shape \(4, 3, 4, 4\), but needs \(4, 4, 4, 3\)"):
        trace.times_slope(layer, turned)
    with pytest.raises(ValueError, match=r"has shape \(32, 16\), but needs \(64, 8\)"):
        layer.scatter(trace[layer], np.ones((32, 16), np.float32))
    with pytest.raises(ValueError, match=r"has shape \(4, 2, 5, 5\), but needs \(4, 5, 5, 2\)"):
        layer.gather(trace[layer], np.ones((4, 2, 5, 5), np.float32))
    with pytest.raises(ValueError, match=r"has shape \(3, 4, 4, 3\), but needs \(4, 4, 4, 3\)"):
        fewer = [(layer, np.ones((3, 4, 4, 3), np.float32))]
        updates(trace, lambda piece: fewer, by_sample=False)


@pytest.mark.parametrize("samples", [1, 3])
def test_a_signal_in_rows_is_refused_if_it_cannot_be_maps(samples):
    """(N H' W', channels) and (N, H' W' channels) are both the maps; other rows are not."""
    net, trace = maps()
    layer = net.layers[0]
    for rows in (np.ones((4 * 16, 3), np.float32), np.ones((4, 48), np.float32)):
        assert trace.times_slope(layer, rows).shape == (4 * 16, 3)
    for rows in (np.ones((samples * 16, 3), np.float32), np.ones((16, 12), np.float32)):
        with pytest.raises(ValueError, match=r"has shape .* but needs \(4, 4, 4, 3\)"):
            trace.times_slope(layer, rows)


@pytest.mark.parametrize(
    "signal", [np.ones((4, 6), int), np.ones((4, 6), complex), [[1.0] * 6] * 4]
)
def test_a_signal_that_is_not_floating_point_is_refused(signal):
    """The derivative of an integer signal would be rounded to zero or one."""
    net = dense()
    with pytest.raises(TypeError, match=r"the signal for Dense.*floating-point.*net.dtype"):
        traced(net).times_slope(net.layers[0], signal)


# -- optimizers ----------------------------------------------------------------------------------

OPTIMIZERS = [SGD(), SGD(momentum=0.9), SGD(momentum=0.9, nesterov=True), RMSprop(), Adam()]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
@pytest.mark.parametrize("shape", [(3, 2), (2, 2), (6,)])
def test_an_update_of_another_shape_is_refused(optimizer, shape):
    """A shorter one was read past its end; a transposed one has the same size but other entries."""
    W = np.ones((2, 3))
    with pytest.raises(ValueError, match=r"the update of W has shape .* but W has \(2, 3\)"):
        optimizer.step("W", W, np.ones(shape))
    with pytest.raises(ValueError, match="the update of W has shape"):
        optimizer.step_all([("W", W, np.ones(shape))])
    assert (W == 1).all()


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
def test_an_update_of_another_type_is_accepted_and_another_layout_is_refused(optimizer):
    """`teach` of a custom rule may return any array: it is applied, or refused with a reason."""
    start, update = np.ones((2, 3)), np.arange(6.0).reshape(2, 3)
    moved = []
    for odd in (update, update.astype(np.float32), update.astype(int)):
        optimizer.reset()
        W = start.copy()
        optimizer.step("W", W, odd)
        moved.append(W)
    assert (moved[0] != start).any()
    for W in moved[1:]:
        np.testing.assert_allclose(W, moved[0], rtol=1e-6)
    with pytest.raises(TypeError, match="the update of W must hold real numbers"):
        optimizer.step("W", start, update.astype(complex))
    for odd in (np.asfortranarray(update), np.repeat(update, 2, axis=1)[:, ::2]):
        with pytest.raises(TypeError, match=r"update of W must be C-contiguous: np\.ascontiguous"):
            optimizer.step("W", start, odd)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
def test_a_parameter_that_cannot_be_changed_in_place_is_refused(optimizer):
    """The step would change a copy, and the weights would silently stay as they are."""
    for W in (np.ones((3, 2)).T, np.broadcast_to(1.0, (2, 3)), np.ones((2, 6))[:, ::2]):
        with pytest.raises(TypeError, match="W must be a writable and C-contiguous array"):
            optimizer.step("W", W, np.ones((2, 3)))


@pytest.mark.parametrize("optimizer", OPTIMIZERS[1:], ids=repr)
def test_averages_of_another_parameter_are_refused(optimizer):
    """Used for a wider network, the kernel wrote past the end of the averages."""
    optimizer.reset()
    optimizer.step("0.W", np.ones((4, 3)), np.ones((4, 3)))
    with pytest.raises(ValueError, match=r"a running average of 0.W is .*optimizer.reset\(\)"):
        optimizer.step("0.W", np.ones((8, 3)), np.ones((8, 3)))
