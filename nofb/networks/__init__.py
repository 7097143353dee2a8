"""Networks by name: each builds layers with sizes that fit a data set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from nofb import checks
from nofb.datasets import Dataset
from nofb.network import Network
from nofb.networks import own
from nofb.networks.builder import Builder
from nofb.networks.language_model import LanguageModel
from nofb.networks.lenet import LeNet
from nofb.networks.mlp import MLP
from nofb.networks.resnet import ResNet
from nofb.networks.vision_transformer import VisionTransformer

__all__ = [
    "MLP",
    "NETWORKS",
    "Builder",
    "LanguageModel",
    "LeNet",
    "ResNet",
    "VisionTransformer",
    "completed",
    "make",
    "option_names",
    "own",
    "prepared",
]

NETWORKS: dict[str, type[Builder]] = {
    "mlp": MLP,
    "lenet": LeNet,
    "resnet": ResNet,
    "vision_transformer": VisionTransformer,
    "language_model": LanguageModel,
}


def make(name: str, data: Dataset, seed: int = 0, **options: Any) -> Network:
    """Build the network with this name for a data set.

    Parameters
    ----------
    name
        A key of `NETWORKS`; or module:function of one's own, a function of the seed.
    data
        The data set. Its images may be flat: train on `prepared(name, data)`.
    seed
        The seed of the weights and the dropout masks.
    options
        Those of the builder: `option_names(name)`.

    Raises
    ------
    TypeError, ValueError
        If the network or an option is unknown, or the network does not fit the data.

    Examples
    --------
    >>> from nofb.datasets import load
    >>> len(make("resnet", load("digits"), blocks=1).weighted)
    10
    """
    if isinstance(options.get("dtype"), type):  # a NumPy type, which `Network` takes too
        options["dtype"] = np.dtype(options["dtype"]).name
    options = completed(name, options)
    if own.is_own(name):
        return own.built(name, seed, **options)
    return NETWORKS[name](**options).build(data, seed)


def prepared(name: str, data: Dataset) -> Dataset:
    """Return a data set in the shape for a network: images, or flat.

    Examples
    --------
    >>> from nofb.datasets import load
    >>> prepared("lenet", load("digits")).x_train.shape
    (1438, 1, 8, 8)
    """
    if own.is_own(name):
        return own.prepared(name, data)
    checks.choice("network", name, NETWORKS)
    return NETWORKS[name]().prepared(data)


def option_names(name: str) -> list[str]:
    """Return the names of a network's options, with the common ones last.

    Examples
    --------
    >>> option_names("mlp")
    ['hidden', 'activation', 'input_dropout', 'loss', 'dtype']
    """
    if own.is_own(name):
        return list(own.options(name))
    checks.choice("network", name, NETWORKS)
    common = [field.name for field in fields(Builder)]
    names = [field.name for field in fields(NETWORKS[name])]
    return [name for name in names if name not in common] + common


def completed(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return all options of a network, with defaults for those that are left out.

    Raises
    ------
    TypeError, ValueError
        If the network or an option is unknown, or a value is out of its bounds.
    """
    if own.is_own(name):
        return own.option_table(name, options)
    checks.table(f"the network {name}", options, option_names(name))
    return asdict(NETWORKS[name](**options))


def __dir__() -> list[str]:
    return sorted(__all__)
