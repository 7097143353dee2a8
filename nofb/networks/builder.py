"""The base of all named networks: options with bounds, and one way to make a network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nofb import settings
from nofb.datasets import Dataset
from nofb.layers import Block, Layer
from nofb.losses import LOSSES
from nofb.network import Network
from nofb.types import FloatType

DTYPES: dict[str, FloatType] = {"float32": np.float32, "float64": np.float64}


@dataclass(kw_only=True)
class Builder(ABC):
    """A network whose sizes follow from a data set.

    Parameters
    ----------
    loss
        `None` for cross-entropy, or for the squared error if a data set has no classes.
    dtype
        "float32" or "float64".

    Attributes
    ----------
    takes_images
        Whether samples are images; they are flat, or tokens, otherwise.
    """

    takes_images: ClassVar[bool] = True

    loss: str | None = settings.choice(None, LOSSES, optional=True)
    dtype: str = settings.choice("float32", DTYPES)

    def __post_init__(self) -> None:
        settings.check(self)

    @abstractmethod
    def layers(self, data: Dataset) -> Sequence[Layer | Block]:
        """Return new layers for a data set in the shape of `prepared`."""

    def prepared(self, data: Dataset) -> Dataset:
        """Return a data set in the shape for the network: images, or flat.

        Raises
        ------
        ValueError
            If the network takes images, and the samples are not images, or if they are tokens.
        """
        if data.n_tokens is not None:
            raise ValueError(
                f"{type(self).__name__} takes features or images, but the data set {data.name!r} "
                'holds tokens: the network "language_model" reads them'
            )
        return data.as_images() if self.takes_images else data.flat()

    def build(self, data: Dataset, seed: int = 0) -> Network:
        """Return the network for a data set, drawn from `seed`."""
        data = self.prepared(data)
        loss = self.loss or ("squared_error" if data.n_classes is None else "cross_entropy")
        return Network(
            self.layers(data), loss, seed, DTYPES[self.dtype], tuple(data.x_train.shape[1:])
        )
