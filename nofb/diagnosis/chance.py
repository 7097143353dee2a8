"""The angles of random feedback: how far from 90° they are by chance.

To judge an angle of 82°, compare it with the range of random feedback. This range depends on two
numbers: the units that receive the signal, and the dimensions of the errors of the samples.
"""

from __future__ import annotations

from math import prod

import numpy as np

from nofb import checks
from nofb.layers import WeightedLayer
from nofb.losses import Loss
from nofb.network import Network

INSIDE = 0.95  # of random feedback
SAMPLES = 100  # of a probe, unless a run was given others


def chance_band(units: int, directions: float = 1.0) -> tuple[float, float]:
    """Return the range of angles that contains 95 % of random feedback, in degrees.

    Parameters
    ----------
    units
        n, the dimensions in which two random directions are compared: for a signal the units that
        receive it (`signal_units`), for a feedback matrix its entries.
    directions
        r, the effective dimensions of the errors over which angles are averaged
        (`error_directions`); 1 for a single pair, such as a feedback matrix and Wᵀ.

    Notes
    -----
    The cosine between a fixed and a random direction in n dimensions has the standard deviation
    1/√n. All samples have the same feedback matrix, and samples with the same direction of their
    errors have the same angle, so N samples count as r independent ones. The mean of their
    angles has the standard deviation 57.3° / √(n r) for large n. For any n it is
    √(ψ′(n/2) / 2r), in radians, where ψ′ is the trigamma function. A single angle in d dimensions,
    for which d solves
    ψ′(d/2) = ψ′(n/2) / r, has the same standard deviation, and the band is exact for that angle:
    cos² ~ Beta(1/2, (d-1)/2).

    The range is for signals that are linear in the error. Signals from labels or from signs of
    the error have a smaller range.

    Examples
    --------
    >>> low, high = chance_band(100)
    >>> round(low, 1), round(high, 1)
    (78.7, 101.3)
    >>> low, high = chance_band(128, directions=9)  # signals of ten classes into 128 units
    >>> round(low, 1), round(high, 1)
    (86.7, 93.3)
    """
    from scipy.optimize import brentq  # late: only figures need them, and they load slowly
    from scipy.special import betaincinv, polygamma

    n = checks.whole("units", units)
    r = checks.number("directions", directions, least=1)
    variance = polygamma(1, n / 2) / 2 / r
    d = brentq(lambda d: polygamma(1, d / 2) / 2 - variance, n, (n + 1) * r) if r > 1 else n
    widest_cosine = np.sqrt(betaincinv(0.5, (d - 1) / 2, INSIDE)) if d > 1 else 1.0
    half = float(np.degrees(np.arcsin(widest_cosine)))
    return 90.0 - half, 90.0 + half


def signal_units(net: Network, layer: WeightedLayer) -> int:
    """Return how many units of a layer receive a signal from above.

    In a convolution these are all units of the maps, or with pooling all pooled units.

    Examples
    --------
    >>> from nofb import Conv2D, Dense, Flatten, MaxPool2D
    >>> layers = [Conv2D(1, 4, 3), MaxPool2D(2), Flatten(), Dense(36, 10)]
    >>> net = Network(layers, input_shape=(1, 8, 8))
    >>> signal_units(net, net.weighted[0])
    36
    """
    return prod([layer, *net.weightless_above(layer)][-1].shape_out)


def network_band(net: Network, layer: int) -> tuple[float, float]:
    """Return the range of angles of random feedback for the signal of a hidden layer.

    Layers with weights are numbered from 0, first to last.
    """
    directions = error_directions(net.head, net.n_outputs)
    return chance_band(signal_units(net, net.weighted[layer]), directions)


def error_directions(loss: Loss, outputs: int, samples: int = SAMPLES) -> float:
    """Return the effective number of dimensions of the errors of an untrained network.

    If errors are uniform over r dimensions, the mean of cos² over all pairs of errors is 1/r. This
    defines r here, for balanced classes. The errors of a softmax sum to zero, so
    r = min(samples, outputs - 1). Those of logistic units have a common part, and r is smaller.
    In training r changes a little: on digits with softmax from 8.7 to 7.3.

    Examples
    --------
    >>> from nofb.losses import get
    >>> [round(error_directions(get(loss), 10), 1) for loss in ("cross_entropy", "squared_error")]
    [9.0, 10.0]
    >>> round(error_directions(get("binary_cross_entropy"), 10), 1)
    2.4
    """
    guess = np.zeros((samples, outputs), np.float32)
    loss.unit(guess.copy(), guess)
    errors = guess - np.eye(outputs, dtype=np.float32)[np.arange(samples) % outputs]
    errors /= np.linalg.norm(errors, axis=1, keepdims=True)
    return max(1.0, 1 / float(np.mean((errors @ errors.T) ** 2)))
