"""Networks by their names, each with its options: here `mlp`, dense layers given by their sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from typing import Any

import numpy as np

from nofb import activations, checks
from nofb.datasets import Dataset
from nofb.layers import Dense, Dropout, Layer
from nofb.losses import LOSSES
from nofb.network import Network
from nofb.types import FloatType

DTYPES: dict[str, FloatType] = {"float32": np.float32, "float64": np.float64}


@dataclass(frozen=True)
class MLP:
    """Dense layers, one after the other.

    Parameters
    ----------
    hidden
        Units of each hidden layer.
    activation
        Of the hidden layers.
    input_dropout
        The share of inputs silenced at each step, at random; Nøkland's tenth.
    loss
        `None` for cross-entropy, or for the squared error where a data set has no classes.
    dtype
        "float32" or "float64".
    """

    hidden: tuple[int, ...] = (128, 64)
    activation: str = "tanh"
    input_dropout: float = 0.1
    loss: str | None = None
    dtype: str = "float32"

    def __post_init__(self) -> None:
        if not isinstance(self.hidden, list | tuple):
            raise TypeError(f"hidden must be a list such as [128, 64], but is {self.hidden!r}")
        dropout = checks.number("input_dropout", self.input_dropout, least=0, below=1)
        # Equal networks look alike, as lists or tuples, as 0 or 0.0.
        hidden = tuple(checks.whole("hidden", units) for units in self.hidden)
        object.__setattr__(self, "hidden", hidden)
        object.__setattr__(self, "input_dropout", dropout)
        activations.get(self.activation)
        if self.loss is not None:
            checks.choice("loss", self.loss, LOSSES)
        checks.choice("dtype", self.dtype, DTYPES)

    def build(self, data: Dataset, seed: int) -> Network:
        """Return the network for a data set, drawn from `seed`."""
        sizes = [data.x_train.shape[1], *self.hidden]
        layers: list[Layer] = [Dropout(self.input_dropout)] if self.input_dropout else []
        layers += [Dense(below, above, self.activation) for below, above in pairwise(sizes)]
        loss = self.loss or ("squared_error" if data.n_classes is None else "cross_entropy")
        output = Dense(sizes[-1], data.n_outputs)
        return Network([*layers, output], loss, seed, dtype=DTYPES[self.dtype])


NETWORKS = {"mlp": MLP}


def option_names(network: str) -> list[str]:
    """Return the names of a network's options.

    Examples
    --------
    >>> option_names("mlp")
    ['hidden', 'activation', 'input_dropout', 'loss', 'dtype']
    """
    checks.choice("network", network, NETWORKS)
    return [option.name for option in fields(NETWORKS[network])]


def completed(network: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return all options of a network, with defaults for those that are left out.

    Raises
    ------
    TypeError, ValueError
        If there is no such network or option, or a value is out of its bounds.
    """
    checks.table(f"the network {network}", options, option_names(network))
    return asdict(NETWORKS[network](**options))


def build(network: str, data: Dataset, seed: int, options: Mapping[str, Any]) -> Network:
    """Return a network for a data set, drawn from `seed`."""
    return NETWORKS[network](**options).build(data, seed)
