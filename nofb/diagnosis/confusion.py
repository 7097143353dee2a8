"""Which classes a network takes for which, and the samples in which it is most wrong."""

from __future__ import annotations

import numpy as np

from nofb import checks
from nofb.network import Network
from nofb.types import Array


def confusion_matrix(net: Network, x: Array, y: Array) -> Array:
    """Return how many samples of each class the network gives each class.

    Parameters
    ----------
    net
        A network whose outputs are classes, one for each sample.
    x, y
        Samples, and their classes (N,).

    Returns
    -------
    Array
        Counts (K, K): row i is the true class, column j the given one.

    Raises
    ------
    ValueError
        If the samples do not have one class each, or do not fit the network.

    Examples
    --------
    >>> from nofb import Dense
    >>> net = Network([Dense(2, 2, bias=False)])
    >>> net.layers[0].W = np.eye(2)  # the class is the larger feature
    >>> confusion_matrix(net, np.array([[1.0, 0], [1, 0], [0, 1]]), np.array([0, 1, 1])).tolist()
    [[1, 0], [1, 1]]
    """
    true, given = _classes(net, x, y)
    classes = max(net.n_outputs, 2)
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (true, given), 1)
    return counts


def most_confused(net: Network, x: Array, y: Array, count: int = 12) -> Array:
    """Return the rows of the samples in which the network is most wrong, the worst first.

    The measure is the output of the given class minus that of the true one.

    Parameters
    ----------
    net, x, y
        As for `confusion_matrix`.
    count
        How many rows; fewer if there are fewer wrong ones.

    Raises
    ------
    ValueError
        As for `confusion_matrix`.

    Examples
    --------
    >>> from nofb import Dense
    >>> net = Network([Dense(2, 2, bias=False)])
    >>> net.layers[0].W = np.eye(2)
    >>> most_confused(net, np.array([[1.0, 0], [2, 0], [3, 0]]), np.array([1, 1, 0])).tolist()
    [1, 0]
    """
    count = checks.whole("count", count)
    true, given = _classes(net, x, y)
    outputs = net.outputs(x)
    if net.n_outputs == 1:
        outputs = np.concatenate([1 - outputs, outputs], axis=1)
    rows = np.arange(len(outputs))
    margin = outputs[rows, given] - outputs[rows, true]
    wrong = np.flatnonzero(given != true)
    return wrong[np.argsort(-margin[wrong], kind="stable")][:count]


def _classes(net: Network, x: Array, y: Array) -> tuple[Array, Array]:
    """Return the true and the given class of each sample."""
    given, y = net.predict(x), np.asarray(y)
    if given.ndim > 1 or y.ndim != 1:
        raise ValueError(f"y has shape {y.shape}, but must hold one class for each sample (N,)")
    net.as_target(y, len(given))  # refuses classes that the network does not have
    return y.astype(np.intp), given
