"""What a rule wants of every layer after one batch, in memory that the next batch uses again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from nofb.layers import WeightedLayer
from nofb.types import Array


@dataclass
class Update:
    """What a rule wants of one layer, in the role of a gradient: optimizers subtract it.

    Attributes
    ----------
    dW
        For the weights (n_in, n_out): a mean over the batch.
    db
        For the biases (n_out,), or `None` where there are none: a mean over the batch.
    dB
        For the feedback matrix (n_out, n_in), where a rule learns it; otherwise `None`.
    """

    dW: Array
    db: Array | None
    dB: Array | None = None


class Updates(dict[WeightedLayer, Update]):
    """The updates of all layers, each made when it is first asked for, all zeros.

    An update that was not made in a batch is zero.

    Examples
    --------
    >>> from nofb import Dense, Network
    >>> first, last = Network([Dense(4, 3, "tanh"), Dense(3, 2)]).weighted
    >>> updates = Updates()
    >>> updates[first].dW[:] = updates[last].dW[:] = 1
    >>> updates.only([last])
    >>> float(updates[first].dW.sum()), float(updates[last].dW.sum())
    (0.0, 6.0)
    """

    def __init__(self) -> None:
        self._dB: dict[WeightedLayer, Array] = {}

    def __missing__(self, layer: WeightedLayer) -> Update:
        db = None if layer.b is None else np.zeros_like(layer.b)
        update = self[layer] = Update(np.zeros_like(layer.W), db)
        return update

    def feedback(self, layer: WeightedLayer, B: Array) -> Array:
        """Return the dB of a layer's update, shaped like B, to be written as a whole."""
        if layer not in self._dB:
            self._dB[layer] = np.zeros_like(B)
        self[layer].dB = self._dB[layer]
        return self._dB[layer]

    def begin(self) -> None:
        """Begin a batch: no feedback matrix has an update yet."""
        for layer in self._dB:
            self[layer].dB = None

    def only(self, taught: Iterable[WeightedLayer]) -> None:
        """Set the updates of all layers but these to zero."""
        for layer in self.keys() - set(taught):
            update = self[layer]
            update.dW[:] = 0
            if update.db is not None:
                update.db[:] = 0
