"""A comparison of rules on somebody's own network and data, in this process."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nofb import checks, optimizers
from nofb.datasets import Dataset
from nofb.diagnosis import ContractionWarning
from nofb.diagnosis.chance import signal_units
from nofb.network import Network
from nofb.optimizers import Optimizer
from nofb.rules import Rule, find
from nofb.runs.compare import Comparison
from nofb.runs.train import Result
from nofb.training import DivergenceWarning, fit
from nofb.training.interrupts import end_everything
from nofb.training.progress import bar

MakeNetwork = Callable[[int], Network]


@dataclass(frozen=True)
class OwnSettings:
    """The settings that all runs of one's own network share, as a `Specification` has them.

    Attributes
    ----------
    data, network
        The name of the data set, and the layers.
    optimizer
        The optimizer, or those of the rules.
    lr
        The learning rate, `None` if each rule has its own optimizer.
    epochs, batch_size
        As for `nofb.fit`.
    """

    data: str
    network: str
    optimizer: str
    lr: float | None
    epochs: int
    batch_size: int
    default_rate: str | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that a report lists."""
        return {name: value for name, value in vars(self).items() if name != "default_rate"}

    def replace(self, **changes: Any) -> OwnSettings:
        """Return these settings: they are the same for every rule."""
        return self


@end_everything()
def compare_own(
    rules: Sequence[str | Rule],
    make_network: MakeNetwork,
    data: Dataset,
    seeds: int,
    epochs: int,
    batch_size: int,
    optimizer: Optimizer | str | Mapping[str, Optimizer],
    progress: bool = True,
) -> Comparison:
    """Train every rule from the same starts; the arguments are those of `nofb.compare`.

    Examples
    --------
    >>> from nofb import Dense, datasets
    >>> make = lambda seed: Network([Dense(64, 10)], seed=seed)
    >>> found = compare_own(["bp"], make, datasets.load("digits"), 2, 1, 32, "sgd")
    >>> found.curves("bp", "loss").shape
    (2, 1)
    """
    if not callable(make_network):
        raise TypeError(
            "make_network must be a function of the seed that returns a new network, such as "
            f"lambda seed: nofb.Network([...], seed=seed), but is {make_network!r}"
        )
    taught = _named(rules)
    moved = _optimizers(optimizer, list(taught))
    results: list[Result] = []
    first = _built(make_network, 0)
    with bar(len(taught) * checks.whole("seeds", seeds), "compare", "run", progress) as shown:
        for name, rule in taught.items():
            for seed in range(seeds):
                shown.set_postfix_str(f"{name}, seed {seed}", refresh=False)
                net, step = _built(make_network, seed), copy.deepcopy(moved[name])
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", DivergenceWarning)
                    warnings.simplefilter("ignore", ContractionWarning)
                    run = fit(
                        net, copy.deepcopy(rule), data, epochs, batch_size, step, seed,
                        progress=False,
                    )  # fmt: skip
                results.append(Result(name, seed, step.lr, run.history, run.stopped))
                shown.update()
    if first.input_shape is None:
        first.as_input(data.x_test[:1])
    one = next(iter(moved.values()))
    same = not isinstance(optimizer, Mapping)
    settings = OwnSettings(
        data.name, repr(first), repr(one if same else moved), one.lr if same else None, epochs,
        batch_size,
    )  # fmt: skip
    units = (*(signal_units(first, layer) for layer in first.weighted[:-1]), first.n_outputs)
    weights = tuple(layer.W.size for layer in first.weighted)
    return Comparison(settings, tuple(results), units, weights, data.n_classes)


def _named(rules: Sequence[str | Rule]) -> dict[str, Rule]:
    """Return the rules by their short names."""
    found: dict[str, Rule] = {}
    for given in checks.listed("rules", rules):
        rule = find(given)() if isinstance(given, str) else given
        if not isinstance(rule, Rule):
            raise TypeError(f"rules holds {given!r}, but must hold short names or rules")
        if rule.name in found:
            raise ValueError(f"rules holds {rule.name!r} twice: a subclass with its own name can")
        found[rule.name] = rule
    return found


def _optimizers(
    given: Optimizer | str | Mapping[str, Optimizer], names: Sequence[str]
) -> dict[str, Optimizer]:
    """Return the optimizer of each rule."""
    if isinstance(given, Mapping):
        if missing := [name for name in names if name not in given]:
            raise ValueError(f"optimizer is a table without the rule {missing[0]!r}")
        chosen = {name: given[name] for name in names}
    else:
        one = optimizers.make(given) if isinstance(given, str) else given
        chosen = dict.fromkeys(names, one)
    for each in chosen.values():
        if not isinstance(each, Optimizer):
            raise TypeError(
                f"optimizer must be such as nofb.SGD(lr=0.1), or one for each rule, but is {each!r}"
            )
    return chosen


def _built(make_network: MakeNetwork, seed: int) -> Network:
    """Return a network for a seed, or refuse a function that does not make one."""
    net = make_network(seed)
    if not isinstance(net, Network):
        raise TypeError(f"make_network({seed}) must return a nofb.Network, but returns {net!r}")
    if net.rule is not None:
        raise ValueError(
            f"make_network({seed}) returns a network that was trained: make a new one in each call"
        )
    return net
