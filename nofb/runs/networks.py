"""The network of a run: a name in `nofb.networks`, and options that are plain values."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import Parameter, signature
from typing import Any

import numpy as np

from nofb import activations, checks
from nofb.datasets import Dataset
from nofb.losses import LOSSES
from nofb.network import Network
from nofb.networks import NETWORKS, make, prepared
from nofb.types import FloatType

DTYPES: dict[str, FloatType] = {"float32": np.float32, "float64": np.float64}
COMPARED = {"hidden": (128, 64), "input_dropout": 0.1}  # of the mlp that `nofb compare` trains
OF_ALL = {"loss": None, "dtype": "float32"}  # no loss: what suits the data set


def defaults(network: str) -> dict[str, Any]:
    """Return the options of a network with their defaults.

    Examples
    --------
    >>> list(defaults("mlp"))
    ['hidden', 'activation', 'input_dropout', 'loss', 'dtype']
    """
    checks.choice("network", network, NETWORKS)
    own = {
        option.name: option.default
        for option in signature(NETWORKS[network]).parameters.values()
        if option.name != "data" and option.kind is not Parameter.VAR_KEYWORD
    }
    return {**own, **(COMPARED if network == "mlp" else {}), **OF_ALL}


def completed(network: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return all options of a network, checked, with defaults for those that are left out.

    Raises
    ------
    TypeError, ValueError
        If there is no such network or option, or a value is out of its bounds.
    """
    known = defaults(network)
    checks.table(f"the network {network}", options, known)
    return {name: _checked(name, options.get(name, known[name]), known[name]) for name in known}


def layout(network: str, data: Dataset, centred: bool) -> Dataset:
    """Return a data set as a network takes it, with pixels in [-1, 1] if they are to be centred."""
    data = prepared(network, data)
    return data.centred() if centred and data.image_shape is not None else data


def build(network: str, data: Dataset, seed: int, options: Mapping[str, Any]) -> Network:
    """Return a network for a data set, drawn from `seed`."""
    given = {name: value for name, value in options.items() if name not in OF_ALL}
    loss = options["loss"] or ("squared_error" if data.n_classes is None else "cross_entropy")
    return make(network, data, loss=loss, seed=seed, dtype=DTYPES[options["dtype"]], **given)


def _checked(name: str, value: Any, default: Any) -> Any:
    """Return an option in the one form that equal options have."""
    if name == "hidden":
        if not isinstance(value, list | tuple):
            raise TypeError(f"hidden must be a list such as [128, 64], but is {value!r}")
        return tuple(checks.whole("hidden", units) for units in value)
    if name == "activation":
        activations.get(value)
    elif name == "input_dropout":
        return checks.number(name, value, least=0, below=1)
    elif name == "loss":
        if value is not None:
            checks.choice(name, value, LOSSES)
    elif name == "dtype":
        checks.choice(name, value, DTYPES)
    elif isinstance(default, int):
        return checks.whole(name, value)
    return value
