"""Jacobians of the output with respect to every layer, and changes outside their row space.

For small networks and diagnostics: they are computed with transposed weights, output by output.
"""

from collections.abc import Iterator

import numpy as np

from nofb.layers import WeightedLayer
from nofb.trace import Trace
from nofb.types import Array


def output_jacobians(trace: Trace) -> Iterator[tuple[WeightedLayer, Array]]:
    """Yield J_l (N, n_L, n_l) = ∂a_L / ∂h_l for every layer below the last one, last to first.

    Parameters
    ----------
    trace
        The trace of a forward pass.

    Examples
    --------
    >>> from nofb import Dense, Network
    >>> net = Network([Dense(4, 3, "tanh"), Dense(3, 2)])
    >>> [(layer, J)] = output_jacobians(net.forward(np.ones((5, 4))))
    >>> J.shape, bool(np.allclose(J[0], net.weighted[1].W.T))
    ((5, 2, 3), True)
    """
    net = trace.net
    rows = np.eye(net.n_outputs, dtype=net.dtype)
    deltas = [np.tile(row, (trace.samples, 1)) for row in rows]  # one for each output
    for layer in net.weighted[:0:-1]:
        below = net.below(layer)
        J = np.empty((trace.samples, net.n_outputs, *below.shape_out), net.dtype)
        for j, delta in enumerate(deltas):
            signal = J[:, j] = trace.below(layer, delta @ layer.W.T)
            deltas[j] = trace.times_slope(below, signal)
        yield below, J.reshape(trace.samples, net.n_outputs, -1)


def null_space_fraction(J: Array, change: Array) -> Array:
    """Return, for each sample, the fraction of ‖change‖² in the null space of J (N,).

    Parameters
    ----------
    J
        Jacobians (N, n_L, n_l).
    change
        Of h_l (N, n_l); a row of zeros gives NaN.
    """
    J, change = J.astype(np.float64), change.reshape(len(change), -1).astype(np.float64)
    noticed = np.linalg.pinv(J) @ (J @ change[:, :, None])  # (N, n_l, 1)
    total = (change**2).sum(1)
    left = ((change - noticed[:, :, 0]) ** 2).sum(1)
    return np.divide(left, total, out=np.full(len(J), np.nan), where=total > 0)
