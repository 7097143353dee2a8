"""Backpropagation is the gradient of the loss, and the forward pass follows the textbook."""

from collections.abc import Callable

import numpy as np
import oracles
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nofb import Conv2D, Dense, Dropout, Flatten, MaxPool2D, Network, activations, losses
from nofb.layers import Layer

LOSSES = list(losses.LOSSES)
HIDDEN = list(activations.ACTIVATIONS)


def backprop(net: Network, x, y):
    return oracles.teach(oracles.attached("bp", net), net, oracles.taught_trace(net, x, y))


def test_there_is_an_oracle_for_every_activation_and_every_loss():
    """A function without an oracle would not be tested."""
    assert set(oracles.ACTIVATIONS) == set(HIDDEN)
    assert set(oracles.LOSSES) == set(oracles.OUTPUT_UNITS) == set(LOSSES)


# -- backprop against finite differences ---------------------------------------------------------


@pytest.mark.parametrize("samples", [1, 7])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", HIDDEN)
def test_backprop_is_the_gradient_of_the_mean_loss(activation, loss, bias, samples):
    """Otherwise no comparison with backprop would be a comparison with the gradient."""
    net = oracles.dense_net(activation=activation, loss=loss, bias=bias)
    x, y = oracles.batch(net, samples)
    oracles.assert_gradient(net, x, y, backprop(net, x, y), most=100)


@pytest.mark.parametrize("samples", [1, 7])
@pytest.mark.parametrize("loss", LOSSES)
def test_backprop_uses_the_masks_of_the_forward_pass(loss, samples):
    """A unit that was set to zero did not contribute to the error and must not be taught."""
    net = oracles.dense_net(loss=loss, dropout=0.4)
    x, y = oracles.batch(net, samples)
    oracles.assert_gradient(net, x, y, backprop(net, x, y), most=100)


def test_backprop_is_the_gradient_for_soft_targets():
    """Targets need not be labels: smoothed or distilled rows have gradients too."""
    for loss in LOSSES:
        net = oracles.dense_net(loss=loss)
        x, _ = oracles.batch(net)
        y = np.random.default_rng(2).dirichlet(np.ones(3), size=len(x))
        oracles.assert_gradient(net, x, y, backprop(net, x, y), most=100)


IMAGE_NETS: dict[str, tuple[Callable[[], list[Layer]], tuple[int, int, int]]] = {
    "one channel": (lambda: [Conv2D(1, 3, 3, activation="tanh")], (1, 6, 5)),
    "three channels, rectangles": (
        lambda: [Conv2D(3, 4, (3, 2), stride=(2, 1), padding=(1, 2), activation="tanh")],
        (3, 7, 5),
    ),
    "one pixel, no bias": (lambda: [Conv2D(2, 3, 1, activation="tanh", bias=False)], (2, 3, 4)),
    "pixels left over": (lambda: [Conv2D(2, 3, 2, stride=2, activation="relu")], (2, 5, 7)),
    "patches of padding": (lambda: [Conv2D(1, 2, (2, 3), padding=3, activation="tanh")], (1, 2, 3)),
    "one patch": (lambda: [Conv2D(2, 3, (3, 4), activation="logistic")], (2, 3, 4)),
    "pooling": (lambda: [Conv2D(2, 3, 2, activation="tanh"), MaxPool2D(2)], (2, 6, 6)),
    "overlapping pooling": (
        lambda: [Conv2D(1, 3, 2, activation="tanh"), MaxPool2D(3, stride=2)],
        (1, 6, 8),
    ),
    "rectangular pooling": (
        lambda: [Conv2D(2, 3, 2, activation="leaky_relu"), MaxPool2D((2, 3), stride=(1, 2))],
        (2, 5, 6),
    ),
    "pooling first": (lambda: [MaxPool2D(2, 1), Conv2D(2, 3, 2, activation="tanh")], (2, 4, 5)),
    "pooling twice": (
        lambda: [Conv2D(1, 2, 2, activation="tanh"), MaxPool2D(2, 1), MaxPool2D(2)],
        (1, 7, 6),
    ),
    "two convolutions": (
        lambda: [
            Conv2D(2, 3, (2, 3), padding=(1, 0), activation="relu"),
            Conv2D(3, 2, 3, stride=2, padding=1, activation="tanh"),
        ],
        (2, 5, 6),
    ),
    "a whole stack": (
        lambda: [
            Conv2D(3, 4, 3, padding=1, activation="tanh"),
            MaxPool2D(3, stride=2),
            Dropout(0.3),
            Conv2D(4, 3, (1, 2), activation="logistic"),
            Flatten(),
            Dropout(0.3),
            Dense(9, 5, activation="tanh"),
        ],
        (3, 7, 6),
    ),
}


@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize("case", IMAGE_NETS)
def test_backprop_is_the_gradient_through_convolution_and_pooling(case, samples):
    """The errors of pixels must reach the filters that received them, also at the padding."""
    layers, input_shape = IMAGE_NETS[case]
    net = oracles.image_net(layers(), input_shape)
    x, y = oracles.batch(net, samples)
    oracles.assert_gradient(net, x, y, backprop(net, x, y), most=12)


# -- the forward pass against the textbook -------------------------------------------------------


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", HIDDEN)
@pytest.mark.parametrize("bias", [True, False])
def test_a_dense_stack_computes_its_equations(activation, loss, bias):
    """a = h W + b, h = f(a), and the loss is the mean over samples of its textbook definition."""
    net = oracles.dense_net(activation=activation, loss=loss, bias=bias)
    x, y = oracles.batch(net)
    trace = net.forward(x)
    a, h = oracles.columns_forward(net, x)
    for i, layer in enumerate(net.weighted):
        np.testing.assert_allclose(trace[layer].h_below, h[i].T, atol=1e-14)
        np.testing.assert_allclose(trace[layer].a, a[i].T, atol=1e-14)
        np.testing.assert_allclose(trace[layer].h, h[i + 1].T, atol=1e-14)
    np.testing.assert_allclose(trace.output, h[-1].T, atol=1e-14)
    target = net.as_target(y, len(x))
    np.testing.assert_allclose(net.loss(x, y), oracles.columns_loss(net, x, target), rtol=1e-12)


def geometries(channels: int) -> st.SearchStrategy:
    """Draw (maps, window, stride, padding, channels) with small, unequal sizes."""
    extent, window = st.integers(1, 7), st.integers(1, 4)
    return st.tuples(
        st.tuples(extent, extent),
        st.tuples(window, window),
        st.tuples(st.integers(1, 3), st.integers(1, 3)),
        st.tuples(st.integers(0, 3), st.integers(0, 3)),
        st.integers(1, channels),
    )


EXAMPLES = settings(max_examples=25, deadline=None, derandomize=True, database=None)


@EXAMPLES
@given(geometries(channels=3))
def test_convolution_is_the_naive_loop(geometry):
    """If the layer is no convolution, every convolutional result is meaningless."""
    maps, window, stride, padding, channels = geometry
    assume(all(m + 2 * p >= w for m, w, p in zip(maps, window, padding, strict=True)))
    layer = Conv2D(channels, 2, window, stride=stride, padding=padding)
    net = oracles.image_net([layer], (channels, *maps))
    x, _ = oracles.batch(net, 2)
    naive = oracles.convolve(x, layer.filters, layer.b, stride, padding)
    a = net.forward(x)[layer].a  # (N, H', W', channels)
    np.testing.assert_allclose(a.transpose(0, 3, 1, 2), naive, rtol=1e-12, atol=1e-12)


@EXAMPLES
@given(geometries(channels=2))
def test_pooling_is_the_naive_loop(geometry):
    """Pooling must return the largest value of each window, also of negative values."""
    maps, window, stride, _, channels = geometry
    assume(all(m >= w for m, w in zip(maps, window, strict=True)))
    pool = MaxPool2D(window, stride)
    net = oracles.image_net([pool], (channels, *maps))
    x = oracles.batch(net, 2)[0] - 3
    pooled = net.forward(x)[pool].h
    np.testing.assert_array_equal(pooled.transpose(0, 3, 1, 2), oracles.max_pool(x, window, stride))


def test_a_dense_layer_receives_pixels_row_by_row_with_the_channels_of_a_pixel_together():
    """`Flatten` promises this order, so that weights can be shown as images."""
    net = oracles.image_net([], (2, 3, 4))
    x, _ = oracles.batch(net, 5)
    a = x.transpose(0, 2, 3, 1).reshape(5, -1) @ net.weighted[0].W + net.weighted[0].b
    np.testing.assert_allclose(net.forward(x)[net.weighted[0]].a, a, rtol=1e-12)


# -- forward and backward ------------------------------------------------------------------------


def test_the_backward_pass_is_the_transpose_of_relaying():
    """⟨relayed(u) W, v⟩ = ⟨u, below(v Wᵀ)⟩ through pooling, maps, flattening, dense layers."""
    rng = np.random.default_rng(4)
    layers = [
        Conv2D(2, 3, 3, padding=1, activation="tanh"), MaxPool2D(2),
        Conv2D(3, 4, 2, stride=2, activation="tanh"), Flatten(), Dense(16, 3),
    ]  # fmt: skip
    net = Network(layers, dtype=np.float64, input_shape=(2, 8, 9))
    trace = oracles.taught_trace(net, *oracles.batch(net, 3))
    u, compared = np.empty(0), 0
    for layer in trace.upward():
        if layer is not net.weighted[0]:
            v = rng.normal(size=(len(trace.h_below(layer)), layer.n_out))
            forth = (trace.from_below(layer) @ layer.W * v).sum()
            back = (u * trace.below(layer, v @ layer.W.T)).sum()
            np.testing.assert_allclose(forth, back, rtol=1e-10)
            compared += 1
        u = rng.normal(size=trace[layer].h.shape)
        trace.relay(layer, u)
    assert compared == len(net.weighted) - 1


@pytest.mark.parametrize("case", IMAGE_NETS)
def test_a_direct_projection_arrives_at_the_output_that_the_next_layer_receives(case):
    """⟨e D, the output⟩ = ⟨e D at the activation, h⟩: D has a column for each pooled unit."""
    layers, input_shape = IMAGE_NETS[case]
    net = oracles.image_net(layers(), input_shape)
    x, y = oracles.batch(net, 3)
    oracles.attached("dfa", net)
    trace = oracles.taught_trace(net, x, y)
    for layer, above in zip(net.weighted[:-1], net.weighted[1:], strict=True):
        if isinstance(above, Dense):
            shown = (trace.error @ layer.D * trace[above].h_below).sum()
            delta = trace.delta(layer, trace.error @ layer.D).reshape(trace[layer].h.shape)
            slope = oracles.ACTIVATIONS[layer.activation.name][1](trace[layer].a)
            known = slope != 0  # a ReLU that is zero receives no signal, and sends none
            signal = np.divide(delta, slope, where=known, out=np.zeros_like(delta))
            np.testing.assert_allclose((signal * trace[layer].h).sum(), shown, rtol=1e-10)


def test_signals_to_one_layer_are_added():
    """Otherwise a layer below two others would get only the last signal."""
    net = oracles.dense_net()
    rule = oracles.attached("fa", net)
    trace = oracles.taught_trace(net, *oracles.batch(net))
    expected = oracles.signals(rule, net, trace)
    for layer in trace.downward():
        delta = trace.delta(layer)
        np.testing.assert_allclose(delta, expected[layer], rtol=1e-12)
        if layer.sends:
            for part in (0.25, 0.5, 0.25):
                trace.arrive(layer, part * (delta @ layer.B))


def test_the_signals_of_one_rule_are_not_added_to_those_of_the_next():
    """A probe runs backprop on the same trace: its signals must not mix with those of the rule."""
    net = oracles.dense_net()
    trace = oracles.taught_trace(net, *oracles.batch(net))
    oracles.attached("bp", net).teach(net, trace)
    for layer in net.weighted:
        with pytest.raises(ValueError, match="no signal has arrived"):
            trace.delta(layer)


def test_a_layer_without_a_signal_says_so():
    """After a forgotten `arrive`, the signals of an earlier batch would be used."""
    net = oracles.dense_net()
    oracles.attached("fa", net)
    trace = oracles.taught_trace(net, *oracles.batch(net))
    last, middle = net.weighted[-1], net.weighted[-2]
    trace.arrive(last, trace.error @ last.B)
    for layer in trace.downward():
        if layer is middle:
            with pytest.raises(ValueError, match=r"no signal has arrived at Dense\(4, 6"):
                trace.delta(layer)
            return
        trace.delta(layer)


# -- losses and activations ----------------------------------------------------------------------


@pytest.mark.parametrize("loss", LOSSES)
def test_the_output_error_is_the_gradient_of_the_loss(loss):
    """All rules use e = ŷ - y as the gradient at the last pre-activation."""
    rng = np.random.default_rng(6)
    head, a = losses.LOSSES[loss], rng.normal(size=(1, 4))
    for target in (np.eye(4)[[2]], rng.dirichlet(np.ones(4), size=1)):
        output = np.empty_like(a)
        head.unit(a, output)
        slope = oracles.differences(lambda y=target: head.mean(a, y), a, range(4))
        np.testing.assert_allclose((output - target)[0], slope, rtol=0, atol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("loss", LOSSES)
def test_a_loss_is_its_textbook_definition(loss, dtype):
    """The numerically stable forms must compute the same, per sample and summed."""
    rng = np.random.default_rng(8)
    a, y = rng.normal(size=(7, 4)).astype(dtype), np.eye(4, dtype=dtype)[rng.integers(0, 4, 7)]
    head, output = losses.LOSSES[loss], np.empty_like(a)
    head.unit(a, output)
    tolerance = 1e-12 if dtype is np.float64 else 1e-5
    naive = oracles.OUTPUT_UNITS[loss](a.T.astype(float))
    np.testing.assert_allclose(output.T, naive, rtol=tolerance)
    np.testing.assert_allclose(head.total(a, y), oracles.LOSSES[loss](naive, y.T), rtol=tolerance)
    np.testing.assert_allclose(head.mean(a, y), head.total(a, y) / 7, rtol=1e-6)


EXTREME = np.array([[1000.0, -1000.0, 0.0]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("loss", "output", "cost"),
    [
        ("cross_entropy", [1, 0, 0], [0, 2000, 1000]),
        # Σ max(a, 0) - y a + log(1 + exp(-|a|))
        ("binary_cross_entropy", [1, 0, 0.5], np.log(2) + np.array([0, 2000, 1000])),
    ],
)
def test_a_loss_is_right_where_exponentials_overflow(loss, output, cost, dtype):
    """A wrong but confident network must have a large loss, not NaN or infinity."""
    head, a = losses.LOSSES[loss], EXTREME.astype(dtype)
    found = np.empty_like(a)
    head.unit(a, found)
    np.testing.assert_allclose(found[0], output, rtol=1e-6, atol=1e-30)
    for label, value in enumerate(cost):
        target = np.eye(3, dtype=dtype)[[label]]
        np.testing.assert_allclose(head.mean(a, target), value, rtol=1e-6, atol=1e-6)


POINTS = np.concatenate([np.linspace(-4, -0.1, 23), np.linspace(0.1, 4, 23)])


@pytest.mark.parametrize("activation", HIDDEN)
def test_an_activation_and_its_derivative_are_the_textbooks(activation):
    """f by its formula; f' by finite differences, which are independent of its formula."""
    f = activations.get(activation)
    atol = 1e-15 if activation.endswith("gelu") else 0  # 1 + tanh cancels for negative a
    expected = oracles.ACTIVATIONS[activation][0](POINTS)
    np.testing.assert_allclose(f(POINTS), expected, rtol=1e-13, atol=atol)
    measured = (f(POINTS + 1e-6) - f(POINTS - 1e-6)) / 2e-6
    np.testing.assert_allclose(f.slope(POINTS), measured, rtol=0, atol=1e-8)


def test_the_exact_gelu_of_single_precision_is_that_of_double():
    """It is computed in another way, which must also hold far from zero."""
    f, a = activations.get("exact_gelu"), np.linspace(-12, 12, 20001)
    expected = oracles.ACTIVATIONS["exact_gelu"]
    single = a.astype(np.float32)
    np.testing.assert_allclose(f(single), expected[0](a), rtol=3e-7, atol=1e-6)
    np.testing.assert_allclose(f.slope(single), expected[1](a), rtol=1e-6, atol=2e-6)
    assert f(single).dtype == f.slope(single).dtype == np.float32
    assert np.isnan(f(np.full(1, np.nan, np.float32))).all()


@pytest.mark.parametrize("activation", HIDDEN)
def test_an_activation_may_be_computed_in_place(activation):
    """A target function uses one array for the product and for its activation."""
    f, a = activations.get(activation), POINTS.copy()
    f.f(a, a)
    np.testing.assert_array_equal(a, f(POINTS))


@pytest.mark.parametrize(("activation", "slope"), [("relu", 0), ("leaky_relu", 0.01)])
def test_the_derivative_at_the_kink_is_the_one_from_below(activation, slope):
    """A ReLU at zero learns nothing: so ReLU layers with zero weights never start to learn."""
    assert activations.get(activation).slope(np.zeros(1)) == slope


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("activation", "h"),
    [("tanh", [-1, 1]), ("logistic", [0, 1]), ("relu", [0, 1000]), ("leaky_relu", [-10, 1000])],
)
def test_an_activation_saturates_without_overflow(activation, h, dtype):
    """A warning or a NaN at ±1000 would stop a run whose units are only saturated."""
    found = activations.get(activation)(np.array([-1000, 1000], dtype))
    assert found.dtype == dtype
    np.testing.assert_allclose(found, h, rtol=1e-6)


# -- floating-point types ------------------------------------------------------------------------


@pytest.mark.parametrize("net_name", oracles.NETS)
@pytest.mark.parametrize("loss", LOSSES)
def test_single_precision_gives_the_same_gradient_up_to_its_rounding(net_name, loss):
    """The tests check float64, and users train in float32."""
    single, double = (
        oracles.NETS[net_name](loss=loss, dtype=dtype) for dtype in (np.float32, np.float64)
    )
    for layer, twin in zip(single.weighted, double.weighted, strict=True):
        twin.W[:], twin.b[:] = layer.W, layer.b
    x, y = oracles.batch(single)
    x = x.astype(np.float32)
    found, expected = backprop(single, x, y), backprop(double, x, y)
    assert {array.dtype.type for array in oracles.parts(found)} == {np.float32}
    oracles.assert_close(found, expected, rtol=1e-4, atol=2e-6)
    np.testing.assert_allclose(single.loss(x, y), double.loss(x, y), rtol=1e-5)
