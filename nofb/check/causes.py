"""The steps of rules with known mistakes, for comparison with a wrong step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from nofb.layers import WeightedLayer
from nofb.network import Network
from nofb.trace import Trace
from nofb.types import Array

EXACT = 1e-6  # larger than rounding errors of a step


def steps_through(
    net: Network, trace: Trace, way: Mapping[WeightedLayer, Array], slopes: int, start: Array
) -> list[Array]:
    """Return the steps of hidden layers if `start` goes back through the matrices of `way`.

    Parameters
    ----------
    way
        The matrix (n_out, n_in) of each layer but the first.
    slopes
        How many times a signal is multiplied by f'(a) at each layer; once is right.
    start
        The signal of the output layer (N, n_outputs).
    """
    delta, steps = start, []
    for layer in net.weighted[:0:-1]:
        below = net.below(layer)
        slope = below.activation.slope(trace[below].a)
        delta = delta @ way[layer] * slope**slopes
        steps.append(trace[below].h_below.T @ delta / len(delta))
    return steps[::-1]


def mistakes(net: Network, trace: Trace) -> dict[str, list[Array]]:
    """Return the steps of a dense network's hidden layers for each mistake, by its name."""
    way = {layer: layer.W.T for layer in net.weighted[1:]}
    turned = {layer: B.T for layer, B in way.items()}
    square = all(B.shape == B.T.shape for B in way.values())
    e = trace.error
    made = {
        "": steps_through(net, trace, way, 1, e),
        "the slope f'(a) is missing": steps_through(net, trace, way, 0, e),
        "the slope f'(a) is taken twice": steps_through(net, trace, way, 2, e),
        "the target y stands where the error ŷ - y should": steps_through(
            net, trace, way, 1, trace.target
        ),
        "the output ŷ stands where the error ŷ - y should": steps_through(
            net, trace, way, 1, trace.output
        ),
    }
    if square:
        made["the feedback matrix is transposed"] = steps_through(net, trace, turned, 1, e)
        made["the feedback matrix is transposed, and the slope f'(a) is missing"] = steps_through(
            net, trace, turned, 0, e
        )
    return made


def explain(found: Sequence[Array], net: Network, trace: Trace) -> str:
    """Return the mistake that explains the steps of the hidden layers, or an empty string."""
    for name, steps in mistakes(net, trace).items():
        factors = [factor(u, v) for u, v in zip(found, steps, strict=True)]
        if None not in factors:
            scales = dict.fromkeys(scale(f, trace.samples) for f in factors if f is not None)
            return "; ".join(words for words in (name, *scales) if words)
    return ""


def factor(u: Array, v: Array) -> float | None:
    """Return c if u = c v, or `None`.

    Examples
    --------
    >>> factor(np.array([2.0, 4.0]), np.array([1.0, 2.0]))
    2.0
    >>> factor(np.array([2.0, 4.0]), np.array([1.0, 1.0])) is None
    True
    """
    size = float((v * v).sum())
    if not size or not u.any():
        return None
    c = float((u * v).sum()) / size
    return c if np.linalg.norm(u - c * v) <= EXACT * np.linalg.norm(u) else None


def scale(c: float, samples: int) -> str:
    """Return the meaning of a step that is c times the right one.

    Examples
    --------
    >>> scale(7.0, samples=7)
    'a sum over the batch stands where the mean should (it is 7 times as long, for 7 samples)'
    >>> scale(1.0, samples=7)
    ''
    """
    if abs(c - 1) < EXACT:
        return ""
    if abs(c / samples - 1) < EXACT:
        return (
            "a sum over the batch stands where the mean should "
            f"(it is {samples} times as long, for {samples} samples)"
        )
    if abs(c * samples - 1) < EXACT:
        return f"it is divided by the number of samples twice ({samples} times too short)"
    if abs(c + 1) < EXACT:
        return "it goes uphill: y - ŷ stands where ŷ - y should, or a step is added, not subtracted"
    return f"it is {c:.3g} times as long"
