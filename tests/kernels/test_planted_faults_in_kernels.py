"""Faults planted into the code of the gradient: a test of the gradient must fail on each one.

These kernels and layers have no equation numbers, so a fault finds its line by its text.
"""

import pytest
from planting import NO_FAULT, Equation, Fault, assert_seen, planted_runs

TRACE, SLOPES, POOLING = "trace.py", "kernels/slopes.py", "kernels/pooling.py"

GRADIENT = "test_backprop_is_the_gradient_of_the_mean_loss"
GRADIENT_OF_IMAGES = "test_backprop_is_the_gradient_through_convolution_and_pooling"
SLOPE = "test_an_activation_and_its_derivative_are_the_textbooks"

FAULTS = {
    "backprop through a single weight": Fault(
        "rules/backprop.py", Equation("send_back", 2), "return delta @ (0 * W.T + 1)", GRADIENT
    ),
    "the error with the wrong sign": Fault(
        TRACE, "np.subtract(output, target, out=self.error)",
        "np.subtract(target, output, out=self.error)", GRADIENT,
    ),
    "no slope": Fault(
        TRACE, "return self._times_slope(layer, signal)",
        "return signal.reshape(-1, layer.n_out)", GRADIENT,
    ),
    "a signal that replaces another": Fault(
        TRACE, "signal if there is None else there + signal", "signal",
        "test_signals_to_one_layer_are_added",
    ),
    "no derivative of tanh": Fault(SLOPES, "(one - h[i] * h[i])", "one", SLOPE),
    "no derivative of logistic": Fault(SLOPES, "(h[i] * (one - h[i]))", "one", SLOPE),
    "no derivative of relu": Fault(
        SLOPES, "signal[i] if h[i] > 0 else h.dtype.type(0)", "signal[i]", SLOPE
    ),
    "no leak": Fault(SLOPES, "else signal[i] * leak", "else signal[i] * 0", SLOPE),
    "pooling sends to the first pixel of the window": Fault(
        POOLING, "winners[n, y, x, c] = best, winner",
        "winners[n, y, x, c] = best, top * maps.shape[2] + left", GRADIENT_OF_IMAGES,
    ),
    "overlapping windows overwrite each other": Fault(
        POOLING, "pixels[n, winners[n, y, x, c], c] += pooled[n, y, x, c]",
        "pixels[n, winners[n, y, x, c], c] = pooled[n, y, x, c]", GRADIENT_OF_IMAGES,
    ),
    "signals come back without the padding": Fault(
        "layers/conv2d.py", "signal[n] = inside[0]",
        "signal[n] = bordered[0, : signal.shape[1], : signal.shape[2]]", GRADIENT_OF_IMAGES,
    ),
    "no dropout mask in the backward pass": Fault(
        "layers/dropout.py", "record.signal(self, signal, self.shape_out) * self.mask(record)",
        "record.signal(self, signal, self.shape_out)",
        "test_backprop_uses_the_masks_of_the_forward_pass",
    ),
}  # fmt: skip

FOLDERS = ["kernels"]  # of tests, which are copied
runs = planted_runs(FAULTS, FOLDERS)


@pytest.mark.parametrize("name", [NO_FAULT, *FAULTS])
def test_a_fault_in_a_kernel_is_detected_by_its_test(name, runs):
    """If the tests pass with a wrong line, the gradient is not tested."""
    assert_seen(name, runs)
