"""A multilayer perceptron: dense layers, one after another."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from nofb import checks, settings
from nofb.activations import ACTIVATIONS
from nofb.datasets import Dataset
from nofb.layers import Dense, Dropout, Layer
from nofb.networks.builder import Builder


@dataclass(kw_only=True)
class MLP(Builder):
    """Dense layers from the features of a data set to its classes.

    Parameters
    ----------
    hidden
        The units of each hidden layer.
    activation
        The activation of the hidden layers.
    input_dropout
        The dropout rate of the inputs; the default of 0.1 is Nøkland's.
    loss, dtype
        As for every `Builder`.

    Examples
    --------
    >>> from nofb.datasets import load
    >>> MLP(hidden=(50, 20)).build(load("digits")).weighted[1].W.shape
    (50, 20)
    """

    takes_images = False

    hidden: tuple[int, ...] = (128, 64)
    activation: str = settings.choice("tanh", ACTIVATIONS)
    input_dropout: float = settings.number(0.1, least=0, below=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.hidden, list | tuple):
            raise TypeError(f"hidden must be a list such as [128, 64], but is {self.hidden!r}")
        # Lists and tuples give equal networks.
        self.hidden = tuple(checks.whole("hidden", units) for units in self.hidden)

    def layers(self, data: Dataset) -> list[Layer]:
        sizes = [data.x_train.shape[1], *self.hidden]
        layers: list[Layer] = [Dropout(self.input_dropout)] if self.input_dropout else []
        layers += [Dense(below, above, self.activation) for below, above in pairwise(sizes)]
        return [*layers, Dense(sizes[-1], data.n_outputs)]
