"""What angles chance gives: how far from 90° a random feedback path can be, and how often.

An angle of 82° says nothing until a reader knows how far random feedback strays from 90°. That
depends on two numbers: how many units the signal reaches, and over how many directions the errors
spread that the samples send.
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
    """Return the angles between which 95 % of random feedback lies, in degrees.

    Parameters
    ----------
    units
        n, the dimensions in which two random directions are compared: of a signal the units that it
        reaches (`signal_units`), of a feedback matrix its entries.
    directions
        r, the directions over which the errors spread whose angles are averaged
        (`error_directions`); 1 for a single pair, such as a feedback matrix and Wᵀ.

    Notes
    -----
    The cosine between a fixed and a random direction in n dimensions has the standard deviation
    1/√n. One feedback matrix serves all samples, and samples whose errors point the same way share
    their angle, so that N samples count as r independent ones: the mean of their angles has the
    standard deviation 57.3° / √(n r) for large n. For any n it is √(ψ′(n/2) / 2r), in radians,
    where ψ′ is the trigamma function. A single angle in d dimensions, for which d solves
    ψ′(d/2) = ψ′(n/2) / r, has the same standard deviation, and the band is exact for that angle:
    cos² ~ Beta(1/2, (d-1)/2).

    It is meant for signals that are linear in the error. Signals that are sent from labels or from
    signs of the error stray less than it says.

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
    """Return how many units of a layer a signal from above reaches.

    These are all units of a convolution's maps, and after pooling those that were passed on.

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
    """Return the angles that random feedback gives the teaching signal of a hidden layer.

    Layers with weights count from 0, from the input side up.
    """
    directions = error_directions(net.head, net.n_outputs)
    return chance_band(signal_units(net, net.weighted[layer]), directions)


def error_directions(loss: Loss, outputs: int, samples: int = SAMPLES) -> float:
    """Return over how many directions the errors of a network spread that knows nothing yet.

    The mean of cos² over all pairs of errors is 1/r where errors spread evenly over r directions;
    here r is counted by it, for balanced classes. The errors of a softmax sum to zero, so that
    r = min(samples, outputs - 1); those of logistic units have a part in common, and r is smaller.
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
