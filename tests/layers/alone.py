"""One layer without a network: run it on a batch, and compare it with central differences."""

import numpy as np

from nofb.layers import Record

STEP = 1e-5  # of a central difference: its own error is about 1e-10


def made(layer, *shapes, dtype=np.float64, seed=0):
    """Return the layer with its shapes and parameters; no array has its initial value."""
    rng = np.random.default_rng(seed)
    layer.infer_shapes(*shapes)
    layer.draw(rng, dtype)
    for array in (layer.parameters() | layer.state()).values():
        array += rng.uniform(0.1, 0.6, array.shape)
    return layer


def inputs(samples, *shapes, dtype=np.float64, seed=1):
    """Return one batch for each source."""
    rng = np.random.default_rng(seed)
    return tuple(rng.normal(0.3, 1.2, (samples, *shape)).astype(dtype) for shape in shapes)


def run(layer, *received, train=False):
    """Return the record of one forward pass."""
    record = Record(len(received[0]), getattr(layer, "dtype", received[0].dtype.type))
    record.train = train
    layer.open(record, *received)
    layer.prepare(record)
    layer.forward(record)
    return record


def back(layer, record, signal):
    """Return the signal on each source."""
    signals = layer.back(record, signal)
    return signals if isinstance(signals, tuple) else (signals,)


def slope_of(function, array):
    """Return the gradient of a number with respect to an array, by central differences."""
    gradient = np.empty_like(array)
    for index in np.ndindex(*array.shape):
        held = array[index]
        array[index] = held + STEP
        up = function()
        array[index] = held - STEP
        gradient[index] = (up - function()) / (2 * STEP)
        array[index] = held
    return gradient


def assert_near(given, wanted, tolerance=1e-7):
    """Compare two arrays, relative to the largest number in the correct one."""
    assert given.shape == wanted.shape
    scale = max(np.abs(wanted).max(), 1e-3)
    np.testing.assert_allclose(given, wanted, rtol=0, atol=tolerance * scale)
