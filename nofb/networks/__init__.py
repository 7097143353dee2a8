"""Networks with a name: each takes a data set, and builds layers whose sizes fit it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nofb import checks
from nofb.datasets import Dataset
from nofb.network import Network
from nofb.networks.language_model import language_model
from nofb.networks.lenet import lenet
from nofb.networks.mlp import mlp
from nofb.networks.resnet import resnet
from nofb.networks.vision_transformer import vision_transformer

__all__ = [
    "NETWORKS",
    "language_model",
    "lenet",
    "make",
    "mlp",
    "prepared",
    "resnet",
    "vision_transformer",
]

NETWORKS: dict[str, Callable[..., Network]] = {
    "mlp": mlp,
    "lenet": lenet,
    "resnet": resnet,
    "vision_transformer": vision_transformer,
    "language_model": language_model,
}
IMAGES = ("lenet", "resnet", "vision_transformer")


def make(name: str, data: Dataset, **options: Any) -> Network:
    """Build the network with this name for a data set.

    Parameters
    ----------
    name
        A key of `NETWORKS`.
    data
        The data set, laid out as `prepared` gives it.
    options
        Arguments of the builder, such as `seed`.

    Raises
    ------
    ValueError
        If there is no such network, or it does not fit the data.

    Examples
    --------
    >>> from nofb.datasets import load
    >>> digits = load("digits")
    >>> net = make("resnet", prepared("resnet", digits), blocks=1)
    >>> len(net.weighted)
    10
    """
    checks.choice("network", name, NETWORKS)
    return NETWORKS[name](data, **options)


def prepared(name: str, data: Dataset) -> Dataset:
    """Return a data set as a network takes it: as images, or flat.

    Raises
    ------
    ValueError
        If the network takes images, and the samples are none.
    """
    checks.choice("network", name, NETWORKS)
    if name in IMAGES:
        return data.as_images()
    return data.flat() if name == "mlp" else data
