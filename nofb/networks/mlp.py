"""A multilayer perceptron: dense layers, one after another."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from nofb.datasets import Dataset
from nofb.layers import Dense, Dropout, Layer
from nofb.network import Network


def mlp(
    data: Dataset,
    hidden: Sequence[int] = (128,),
    activation: str = "tanh",
    input_dropout: float = 0.0,
    **network: Any,
) -> Network:
    """Return dense layers from the features of a data set to its classes.

    Parameters
    ----------
    data
        With x (n, features).
    hidden
        The units of each hidden layer.
    activation
        Of the hidden layers.
    input_dropout
        The share of inputs silenced at each step, at random.
    network
        Further arguments of `nofb.Network`: loss, seed, dtype.

    Examples
    --------
    >>> from nofb.datasets import load
    >>> mlp(load("digits"), hidden=[50, 20]).weighted[1].W.shape
    (50, 20)
    """
    sizes = [data.x_train.shape[1], *hidden]
    layers: list[Layer] = [Dropout(input_dropout)] if input_dropout else []
    layers += [Dense(*pair, activation) for pair in pairwise(sizes)]
    return Network([*layers, Dense(sizes[-1], data.n_outputs)], **network)
