"""What a run is: a data set, a network, a rule, an optimizer, a length and a seed.

A specification is made from Python, from a command line or from TOML. Only `as_dict` turns it into
plain values. The defaults are those of `nofb compare`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Protocol

from nofb import checks, datasets, networks, rules
from nofb.datasets import Dataset
from nofb.network import Network
from nofb.optimizers import OPTIMIZERS, Optimizer
from nofb.rules import Rule
from nofb.runs.rates import RATED, tuned_rate, was_searched

PROBE = 100  # test samples on which a rule is compared with backprop
HOW_TO_RATE = "give one with lr (--lr), or search for one with a grid of lr in nofb sweep"


@dataclass(frozen=True, init=False)
class Specification:
    """One run, or the settings that several runs share.

    Parameters
    ----------
    data
        A name in `nofb.datasets.names()`; or module:function, a function of one's own that
        returns a data set.
    network
        A name in `nofb.networks.NETWORKS`, where "mlp" is a network of dense layers; or
        module:function, a function of one's own that makes a network from a seed.
    optimizer
        "rmsprop" (Nøkland's), "sgd" (with momentum 0.9), "adam" or "adamw".
    lr
        The learning rate, or `None` for the one that `python -m nofb.runs.tune` found for the rule
        on held-out samples.
    epochs, batch_size, seed, validation, probe
        As for `nofb.fit`. The seed draws weights, feedback, the order of samples and the split.
    rule, attributes
        The rule's short name, and its arguments.
    optimizer_options
        Further arguments of the optimizer, for example another schedule than cosine annealing.
    centred
        Whether pixels are centred, in [-1, 1]; if not they are in [0, 1]. If left out, those of
        nofb's data sets are, and one's own data stay as they are.
    samples
        The number of training samples that are used, `None` for all.
    options
        The network's options. For an mlp: hidden (the units of each hidden layer), activation,
        input_dropout (the dropout rate of the inputs), loss and dtype.

    Raises
    ------
    TypeError, ValueError
        If a name is unknown or a number is out of its range.

    Examples
    --------
    >>> run = Specification(hidden=(16,), rule="fa")
    >>> run.network_for(run.load()).layers
    [Dropout(0.1), Dense(64, 16, activation='tanh'), Dense(16, 10, activation='identity')]
    >>> run.replace(epochs=5) == Specification(epochs=5, hidden=[16], rule="fa")
    True
    """

    data: str
    network: str
    options: Mapping[str, Any]
    optimizer: str
    lr: float | None
    epochs: int
    batch_size: int
    rule: str
    attributes: Mapping[str, Any]
    seed: int
    validation: float
    optimizer_options: Mapping[str, Any]
    centred: bool
    samples: int | None
    probe: int

    def __init__(
        self,
        data: str = "digits",
        network: str = "mlp",
        optimizer: str = "rmsprop",
        lr: float | None = None,
        epochs: int = 30,
        batch_size: int = 32,
        *,
        rule: str = "bp",
        attributes: Mapping[str, Any] | None = None,
        seed: int = 0,
        validation: float = 0.0,
        optimizer_options: Mapping[str, Any] | None = None,
        centred: bool | None = None,
        samples: int | None = None,
        probe: int = PROBE,
        **options: Any,
    ) -> None:
        mine = datasets.is_own(data)
        if mine:
            datasets.load(data)  # refuses one that cannot be made, and lets the log know its arrays
        else:
            checks.choice("data", data, datasets.names())
        checks.choice("optimizer", optimizer, OPTIMIZERS)
        values = {
            "data": data,
            "network": network,
            "options": networks.completed(network, options),
            "optimizer": optimizer,
            "lr": None if lr is None else checks.number("lr", lr, above=0),
            "epochs": checks.whole("epochs", epochs),
            "batch_size": checks.whole("batch_size", batch_size),
            "rule": rule,
            "attributes": dict(attributes or {}),
            "seed": checks.whole("seed", seed, least=0),
            "validation": checks.number("validation", validation, least=0, below=1),
            "optimizer_options": dict(optimizer_options or {}),
            "centred": not mine if centred is None else checks.switch("centred", centred),
            "samples": None if samples is None else checks.whole("samples", samples),
            "probe": checks.whole("probe", probe, least=0),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def replace(self, **changes: Any) -> Specification:
        """Return a changed specification; a new network has its default options.

        Data of one's own instead of nofb's, or the reverse, are centred as is their default.
        """
        known = self.as_dict()
        if datasets.is_own(changes.get("data", self.data)) != datasets.is_own(self.data):
            del known["centred"]
        if changes.get("network", self.network) != self.network:
            known = {name: value for name, value in known.items() if name not in self.options}
        return Specification(**known | changes)

    def as_dict(self) -> dict[str, Any]:
        """Return the specification as plain values: the arguments of its constructor."""
        known = {field.name: getattr(self, field.name) for field in fields(self)}
        return {**known.pop("options"), **known}

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that a comparison or a sweep lists."""
        known = self.as_dict()
        return {name: known[name] for name in names(self.network)}

    def load(self) -> Dataset:
        """Return the data set, in the shape that the network needs."""
        data = datasets.load(self.data)
        if self.samples is not None:
            x, y = data.x_train[: self.samples], data.y_train[: self.samples]
            data = dataclasses.replace(data, x_train=x, y_train=y)
        data = data.centred() if self.centred and data.image_shape else data
        return networks.prepared(self.network, data)

    def network_for(self, data: Dataset) -> Network:
        """Return the network, drawn from the seed: the same start for every rule."""
        return networks.make(self.network, data, self.seed, **self.options)

    def make_rule(self) -> Rule:
        """Return a fresh rule."""
        return rules.make(self.rule, **self.attributes)

    def make_optimizer(self) -> Optimizer:
        """Return a fresh optimizer."""
        usual: dict[str, Any] = {"schedule": "cosine"}
        if self.optimizer == "sgd":
            usual["momentum"] = 0.9
        make: Callable[..., Optimizer] = OPTIMIZERS[self.optimizer]
        return make(lr=self.rate, **{**usual, **self.optimizer_options})

    @property
    def rate(self) -> float:
        """The learning rate: the given one, the one found for the rule, or the default."""
        return self.lr if self.lr is not None else tuned_rate(self.data, self.rule, self.optimizer)

    @property
    def default_rate(self) -> str | None:
        """A sentence about the default rate, for a rule without a rate of its own."""
        if self.lr is not None:
            return None
        if self.network != "mlp":
            return (
                "The learning rates were found for dense layers, and others may suit this network "
                f"far better: {HOW_TO_RATE}"
            )
        if was_searched(self.data, self.rule, self.optimizer):
            return None
        return (
            f"{self.rule} has no learning rate of its own yet and runs with that of {RATED}, "
            f"{self.rate:g}; another may suit it better: {HOW_TO_RATE}"
        )


class Rated(Protocol):
    """Anything that may have a default learning rate."""

    @property
    def default_rate(self) -> str | None: ...


def default_rates(runs: Iterable[Rated]) -> list[str]:
    """Return a sentence for each default rate that some of the runs have, each sentence once.

    Examples
    --------
    >>> default_rates([Specification(rule="fa"), Specification(rule="ff", lr=0.1)])
    []
    """
    return list(dict.fromkeys(f"{run.default_rate}." for run in runs if run.default_rate))


COMMON = ("data", "network", "optimizer", "lr", "epochs", "batch_size")


def names(network: str = "mlp") -> list[str]:
    """Return the names of all that can be set in common for several rules.

    Examples
    --------
    >>> names()[:4]
    ['data', 'network', 'hidden', 'activation']
    """
    data, which, *others = COMMON
    return [data, which, *networks.option_names(network), *others]
