"""Each layer alone: its derivatives, its precision, and what it does not change."""

import numpy as np
import pytest
from layers.alone import assert_near, back, inputs, made, run, slope_of
from layers.cases import CASES, refused

EVERY = [
    pytest.param(name, samples, train, id=f"{name}, {samples}, {'train' if train else 'use'}")
    for name in CASES
    for samples in (1, 7)
    for train in (False, True)
    if not refused(name, samples, train)
]
every_case = pytest.mark.parametrize(("name", "samples", "train"), EVERY)


def of(name, samples, train, dtype=np.float64):
    """Return a layer, its input, the record of a pass, and a signal for its output."""
    make, *shapes = CASES[name]
    layer, received = made(make(), *shapes, dtype=dtype), inputs(samples, *shapes, dtype=dtype)
    record = run(layer, *received, train=train)
    (signal,) = inputs(samples, layer.shape_out, dtype=dtype, seed=2)
    return layer, received, record, signal


@every_case
def test_the_backward_pass_is_the_derivative(name, samples, train):
    """With a wrong derivative all layers below learn something else than the gradient."""
    layer, received, record, signal = of(name, samples, train)
    signals = back(layer, record, signal)
    assert len(signals) == len(received)
    for given, x in zip(signals, received, strict=True):
        loss = lambda: (run(layer, *received, train=train).h * signal).sum()  # noqa: E731
        assert_near(given, slope_of(loss, x))


@every_case
def test_parameters_learn_from_the_mean_gradient(name, samples, train):
    """Like every update it is a sum over the batch, divided by the number of samples."""
    layer, received, record, signal = of(name, samples, train)
    updates = layer.learn(record, signal, samples)
    assert set(updates) == set(layer.parameters())
    for key, array in layer.parameters().items():
        loss = lambda: (run(layer, *received, train=train).h * signal).sum()  # noqa: E731
        assert_near(updates[key], slope_of(loss, array) / samples)


@every_case
def test_relay_is_the_transpose_of_the_backward_pass(name, samples, train):
    """⟨relay(u), s⟩ = Σ ⟨u, back(s)⟩: indirect feedback relays how the output changes."""
    layer, received, record, signal = of(name, samples, train)
    shapes = [x.shape[1:] for x in received]
    changes = inputs(samples, *shapes, seed=3)
    up = (layer.relay(record, *changes) * signal).sum()
    down = sum((u * s).sum() for u, s in zip(changes, back(layer, record, signal), strict=True))
    assert up == pytest.approx(down, rel=1e-10, abs=1e-12)


@every_case
def test_a_float32_network_stays_float32(name, samples, train):
    """One array in double precision would compile, and run, each kernel above again."""
    layer, received, record, signal = of(name, samples, train, np.float32)
    shapes = [x.shape[1:] for x in received]
    relayed = layer.relay(record, *inputs(samples, *shapes, dtype=np.float32))
    found = [
        record.h, relayed, *back(layer, record, signal), *layer.learn(record, signal, 1).values(),
    ]  # fmt: skip
    layer.remember(record) if train else None
    found += [*layer.parameters().values(), *layer.state().values()]
    assert {array.dtype.type for array in found} == {np.float32}
    assert all(array.flags.c_contiguous and array.flags.writeable for array in found)
    double = of(name, samples, train)
    np.testing.assert_allclose(record.h, double[2].h, rtol=1e-4, atol=1e-5)


@every_case
def test_a_pass_changes_only_its_record(name, samples, train):
    """A second pass of the same batch must give the same; only `remember` updates averages."""
    layer, received, record, signal = of(name, samples, train)
    arrays = [*received, signal, *layer.parameters().values(), *layer.state().values()]
    before = [array.copy() for array in arrays]
    h = record.h.copy()
    first = [each.copy() for each in back(layer, record, signal)]
    layer.learn(record, signal, samples)
    layer.relay(record, *received)
    for one, other in zip(first, back(layer, record, signal), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(run(layer, *received, train=train).h, h)
    for array, held in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, held)


@every_case
def test_a_layer_without_derivatives_has_a_constant_backward_pass(name, samples, train):
    """`transport` is for layers whose backward pass is the same for every batch."""
    layer, _, record, signal = of(name, samples, train)
    transported = layer.transport(record, signal)
    if transported is not None:
        expected = back(layer, record, signal)
        signals = transported if isinstance(transported, tuple) else (transported,) * len(expected)
        for one, other in zip(signals, expected, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", CASES)
def test_a_signal_of_another_shape_is_refused(name):
    """A kernel would read past its end."""
    layer, received, record, signal = of(name, 7, False)
    ways = [lambda bad: layer.back(record, bad), lambda bad: layer.learn(record, bad, 7)]
    ways = ways if layer.parameters() else ways[:1]
    for way in ways:
        with pytest.raises(ValueError, match=r"the signal for .* has shape"):
            way(signal[:6])
    with pytest.raises(ValueError, match=r"the signal for .* has shape"):
        layer.relay(record, *(x[:6] for x in received))
