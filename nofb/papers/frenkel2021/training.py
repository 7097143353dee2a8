"""What both forms have in common: four networks, four rules, the optimizer, and where they start.

Tanh layers, logistic outputs, Nesterov's momentum of 0.9, batches of 100, a constant rate. W is
uniform on ±1/√n_in, as PyTorch draws it; feedback is uniform on ±√(6/n).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from nofb import datasets
from nofb.initialisers import scaled
from nofb.layers import Dense
from nofb.network import Network
from nofb.optimizers import SGD
from nofb.papers.compared import Compared, last_errors
from nofb.papers.errors import SPENT, cell, errors_of, lines_of, results_of, spent
from nofb.papers.found import found
from nofb.papers.published import published
from nofb.papers.study import Record, Rows, Task, grouped
from nofb.rules import Rule, make
from nofb.training import fit
from nofb.training.callbacks import AfterEpoch

MODELS = {
    "784-500-10": (500,),
    "784-1000-10": (1000,),
    "784-500-500-10": (500, 500),
    "784-1000-1000-10": (1000, 1000),
}
RULES = ("bp", "fa", "dfa", "drtp")
EPOCHS, BATCH, OUTPUTS = 50, 100, 10
LEAST = 0.3  # points between a published error and ours that say nothing
PUBLISHED = published(__package__, ["model", "rule"])
he_uniform = scaled("uniform_fan_out", float(np.sqrt(6)))


def tasks(
    form: str, seeds: int, rate: Callable[[str, float], float], epochs: int | None
) -> list[dict[str, Any]]:
    """Return every run of a form, none longer than `epochs`; the first seed of all first.

    Parameters
    ----------
    form, seeds, epochs
        Which runs.
    rate
        Takes a rule and the rate that was found for it, and returns the one of the form.
    """
    rates = found(__package__)
    return [
        {"form": form, "model": model, "rule": rule, "seed": seed,
         "epochs": min(epochs or EPOCHS, EPOCHS), "lr": rate(rule, rates[rule]["lr"])}
        for seed in range(seeds)
        for model in MODELS
        for rule in RULES
    ]  # fmt: skip


def network(model: str, seed: int) -> Network:
    """Return the network as it starts."""
    sizes = [784, *MODELS[model]]
    layers = [Dense(*pair, "tanh", "uniform_fan_in") for pair in pairwise(sizes)]
    return Network([*layers, Dense(sizes[-1], OUTPUTS, init="uniform_fan_in")],
                   "binary_cross_entropy", seed)  # fmt: skip


def rule_of(name: str) -> Rule:
    """Return a rule with feedback drawn as the released code draws it."""
    return make(name) if name == "bp" else make(name, feedback_init=he_uniform)


def train(
    task: Task, optimizer: Callable[..., SGD], callbacks: Sequence[AfterEpoch]
) -> dict[str, Any]:
    """Train once; return errors over epochs."""
    momentum = optimizer(lr=task["lr"], momentum=0.9, nesterov=True)
    run = fit(
        network(task["model"], task["seed"]), rule_of(task["rule"]), datasets.load("mnist").flat(),
        task["epochs"], BATCH, momentum, task["seed"], probe=0, callbacks=callbacks, progress=False,
    )  # fmt: skip
    return errors_of(run)


def tables(heading: str, records: Sequence[Record]) -> dict[str, Rows]:
    """Return a row for each network, a column for each rule: ours / published."""
    rows = [["network", *(f"{rule}: nofb / published" for rule in RULES), *SPENT]]
    for model in MODELS:
        by_rule = {rule: results_of(records, model=model, rule=rule) for rule in RULES}
        if any(by_rule.values()):
            cells = [cell(runs, PUBLISHED.get((model, rule))) for rule, runs in by_rule.items()]
            rows.append([model, *cells, *spent(by_rule.values())])
    return {heading: rows}


def compared(form: str, rules: Sequence[str], records: Sequence[Record]) -> Iterator[Compared]:
    """Return the errors of some rules that the slides have too."""
    names = [(key, f"{key[0]}, {form}", key[1]) for key in PUBLISHED if key[1] in rules]
    return last_errors(PUBLISHED, grouped(records, "model", "rule"), names, LEAST)


def lines(records: Sequence[Record]) -> Rows:
    """Return every error of every epoch."""
    return lines_of(records, "form", "model", "rule", "seed", "lr")
