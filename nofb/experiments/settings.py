"""What a comparison is made of: a data set, a network, and how long and how fast it learns.

The defaults are those of `nofb compare`. Pixels are centred, in [-1, 1]. A learning rate that is
left out is the one that `python -m nofb.experiments.tune` found for the rule on held-out samples.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Any

from nofb import activations, checks, datasets
from nofb.datasets import Dataset
from nofb.layers import Dense, Dropout, Layer
from nofb.network import Network
from nofb.optimizers import OPTIMIZERS, Optimizer
from nofb.rules import RULES
from nofb.rules.own import is_own

SEARCHED_ON = {  # images of 784 pixels and more want other rates than digits of 64
    "mnist": "mnist",
    "fashion_mnist": "mnist",
    "fashion_small": "mnist",
    "cifar10": "mnist",
}
LENDER = "fa"  # whose rate a rule of one's own runs with, which no search has seen


@dataclass(frozen=True)
class Settings:
    """Everything that rules have in common when they are compared.

    Parameters
    ----------
    data
        A name in `nofb.datasets.names()`.
    hidden
        Units of each hidden layer.
    activation
        Of the hidden layers.
    optimizer
        "rmsprop" (Nøkland's), "sgd" (with momentum 0.9), "adam" or "adamw".
    lr
        One learning rate for all rules, or `None` for each rule's own.
    input_dropout
        The share of pixels silenced at each step, at random; Nøkland's tenth.
    epochs, batch_size
        As for `nofb.fit`. The rate falls along half a cosine.

    Examples
    --------
    >>> settings = Settings(hidden=(16,))
    >>> settings.network(settings.load(), seed=0).layers
    [Dropout(0.1), Dense(64, 16, activation='tanh'), Dense(16, 10, activation='identity')]
    """

    data: str = "digits"
    hidden: tuple[int, ...] = (128, 64)
    activation: str = "tanh"
    optimizer: str = "rmsprop"
    lr: float | None = None
    input_dropout: float = 0.1
    epochs: int = 30
    batch_size: int = 32

    def __post_init__(self) -> None:
        if not isinstance(self.hidden, list | tuple):
            raise TypeError(f"hidden must be a list such as [128, 64], but is {self.hidden!r}")
        dropout = checks.number("input_dropout", self.input_dropout, least=0, below=1)
        lr = None if self.lr is None else checks.number("lr", self.lr, above=0)
        # Equal settings look alike, as lists or tuples, as 1 or 1.0.
        self._set(hidden=tuple(checks.whole("hidden", units) for units in self.hidden))
        self._set(input_dropout=dropout, lr=lr)
        checks.choice("data", self.data, datasets.names())
        activations.get(self.activation)
        checks.choice("optimizer", self.optimizer, OPTIMIZERS)
        checks.whole("epochs", self.epochs)
        checks.whole("batch_size", self.batch_size)

    def _set(self, **values: Any) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def load(self) -> Dataset:
        """Return the data set, with samples as rows and pixels in [-1, 1]."""
        data = datasets.load(self.data)
        return data.flat() if data.image_shape is None else data.flat().centred()

    def network(self, data: Dataset, seed: int) -> Network:
        """Return the network, drawn from `seed`: the same start for every rule."""
        sizes = [data.x_train.shape[1], *self.hidden]
        layers: list[Layer] = [Dropout(self.input_dropout)] if self.input_dropout else []
        layers += [Dense(below, above, self.activation) for below, above in pairwise(sizes)]
        loss = "squared_error" if data.n_classes is None else "cross_entropy"
        return Network([*layers, Dense(sizes[-1], data.n_outputs)], loss, seed)

    def rate(self, rule: str) -> float:
        """Return the learning rate for a rule: the given one, the one found, or the default."""
        return self.lr if self.lr is not None else tuned_rate(self.data, rule, self.optimizer)

    def default_rate(self, rule: str) -> str | None:
        """Return a sentence about the default rate, for a rule without a rate of its own."""
        if self.lr is not None or not borrows(rule):
            return None
        return (
            f"{rule} has no learning rate of its own yet and runs with that of {LENDER}, "
            f"{self.rate(rule):g}; another may suit it better: --lr gives one, nofb sweep finds one"
        )

    def make_optimizer(self, rule: str) -> Optimizer:
        """Return a fresh optimizer for one run."""
        momentum: dict[str, Any] = {"momentum": 0.9} if self.optimizer == "sgd" else {}
        make: Callable[..., Optimizer] = OPTIMIZERS[self.optimizer]
        return make(lr=self.rate(rule), schedule="cosine", **momentum)

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as plain values."""
        return asdict(self)


def tuned_rate(data: str, rule: str, optimizer: str) -> float:
    """Return the learning rate that the committed search found.

    Parameters
    ----------
    data
        A data set's name; one without a search of its own borrows from `SEARCHED_ON`.
    rule, optimizer
        Short names; a rule of one's own borrows from `LENDER`.

    Raises
    ------
    ValueError
        If there was no such search: a rate must then be given.
    """
    rates: dict[str, float] = search_for(data)["rates"].get(optimizer, {})
    rule = LENDER if borrows(rule) else rule
    if rule not in rates:
        raise ValueError(
            f"no learning rate was searched for rule {rule!r} with {optimizer!r} on "
            f"{SEARCHED_ON.get(data, 'digits')!r}: give one with lr"
        )
    return rates[rule]


def borrows(rule: str) -> bool:
    """Say whether a rule is somebody's own, so that no search has seen it."""
    return rule in RULES and is_own(RULES[rule])


def search_for(data: str) -> dict[str, Any]:
    """Return everything that the committed search wrote down which a data set's rates come from."""
    search: dict[str, Any] = _searches()[SEARCHED_ON.get(data, "digits")]
    return search


@cache
def _searches() -> dict[str, Any]:
    return json.loads(resources.files(__package__).joinpath("tuned.json").read_text("utf-8"))
