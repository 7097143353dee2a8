"""Tables 1 and 2: test errors of backprop, feedback alignment, direct and indirect feedback.

Indirect feedback is a column of ours: the paper proposes it and has no table of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from nofb.network import Network
from nofb.papers.compared import Claim, Compared, last_errors
from nofb.papers.errors import SPENT, cell, errors_of, lines_of, ours, results_of, spent
from nofb.papers.nokland2016.rows import CIFAR10, MNIST, OWN_FEEDBACK, Row
from nofb.papers.nokland2016.training import load, trained
from nofb.papers.published import FROM_MEMORY, published
from nofb.papers.study import Part, Record, Rows, Task, grouped
from nofb.training import Run, StopTraining
from nofb.training.callbacks import AfterEpoch

SEEDS = 3
FULL = 300  # epochs at the released rate, which is constant except with dropout


@dataclass(frozen=True)
class Short:
    """A run of hours and not days: fewer epochs, from a faster rate along a cosine to zero.

    Attributes
    ----------
    epochs
        The maximum.
    faster
        Times the released rate. Both are chosen so that the training error comes near 0.01 %.
    """

    epochs: int = 30
    faster: float = 3.0


SHORT = {
    "7x240 tanh": Short(epochs=60),
    "1x800 tanh": Short(epochs=60, faster=5.0),
    "2x800 logistic": Short(faster=10.0),
    "2x800 tanh dropout": Short(epochs=100, faster=10.0),
    "3x1000 tanh dropout": Short(epochs=100, faster=1.0),
}
LOST = 80.0  # test error in per cent of a network that has learned next to nothing
LEARNED = 1e-4  # a training error of 0.01 % ends a run, as in the paper
ROWS = {"mnist": MNIST, "own_feedback": OWN_FEEDBACK, "cifar10": CIFAR10}
HEADINGS = {
    "mnist": "Table 1, MNIST: test error in per cent",
    "own_feedback": "MNIST, adversarial samples by own feedback: test error in per cent",
    "cifar10": "Table 2, CIFAR-10 re-encoded as JPEG: test error in per cent",
}
NOTE = (
    "A cell has our error / the published one. Ours is the mean ± the standard deviation over "
    "seeds, with the training error in brackets if it is above 0.01 %. The last three columns have "
    "one entry for each rule, from left to right; a single entry is for all rules, and 20-23 is a "
    f"range over seeds. {FROM_MEMORY}."
)
RULES = ("bp", "fa", "dfa", "ifa")
PUBLISHED = published(__package__, ["table", "model", "rule"])


def tasks(table: str, full: bool, epochs: int | None = None) -> list[dict[str, Any]]:
    """Return every run of the dense rows, none longer than `epochs`; the first seed of all first.

    Examples
    --------
    >>> first = tasks("mnist", full=False, epochs=2)[0]
    >>> [first[name] for name in ("model", "rule", "seed", "epochs", "lr", "schedule")]
    ['7x240 tanh', 'bp', 0, 2, 0.0003, 'cosine']
    """
    return [
        {
            "part": table,
            "model": model,
            "rule": rule,
            "seed": seed,
            **length(row, rule, None if full else SHORT.get(model, Short()), epochs),
        }
        for seed in range(SEEDS)
        for model, row in ROWS[table].items()
        if not row.convolutions  # see `convolutional.py`
        for rule in row.rules
    ]


def length(row: Row, rule: str, short: Short | None, most: int | None) -> dict[str, Any]:
    """Return the epochs, rate and schedule of a short run, or of one as long as the paper's."""
    longest, faster = (short.epochs, short.faster) if short else (FULL, 1.0)
    full = "inverse_time" if row.dropout else "constant"
    return {
        "epochs": row.epochs(rule, min(most or longest, longest)),
        "lr": round(row.rate * faster, 10),
        "schedule": "cosine" if short else full,
    }


def train(task: Task, folder: Path, callbacks: Sequence[AfterEpoch] = ()) -> dict[str, Any]:
    """Do one run, until the training error is 0.01 %; the folder keeps its checkpoint."""
    row: Row = ROWS[task["part"]][task["model"]]
    net = row.network(task["rule"], load(row), task["seed"])
    return learned(task, folder, row, net, callbacks)


def learned(
    task: Task, folder: Path, row: Row, net: Network, callbacks: Sequence[AfterEpoch]
) -> dict[str, Any]:
    """Train a network of a row until its training error is 0.01 %, and return its errors."""
    run = trained(
        task,
        folder,
        row,
        net,
        row.optimizer(task["lr"], task["schedule"]),
        [*callbacks, stop_when_learned],
        every=1 if row.convolutions else 10,
        perturb=row.perturb,
    )
    return errors_of(run)


def stop_when_learned(run: Run) -> None:
    """Stop a run whose training error, met on the way through an epoch, is 0.01 % or less."""
    if run.history["train_accuracy"][-1] >= 1 - LEARNED:
        raise StopTraining("the training error is 0.01 %")


def tables(records: Sequence[Record]) -> dict[str, Rows]:
    """Return a row for each model: each rule's error, and the published one if there is any."""
    table = records[0]["task"]["part"]
    theirs = published_rules(table)
    rules = [rule for rule in RULES if rule in theirs or results_of(records, rule=rule)]
    heads = [f"{rule}: nofb{' / published' * (rule in theirs)}" for rule in rules]
    rows = [["model", *heads, *SPENT]]
    for model in ROWS[table]:
        runs = [each for each in records if each["task"]["model"] == model]
        if not runs:
            continue
        by_rule = {rule: results_of(runs, rule=rule) for rule in rules}
        cells = [
            cell(results, PUBLISHED.get((table, model, rule))) if rule in theirs else ours(results)
            for rule, results in by_rule.items()
        ]
        rows.append([model, *cells, *spent(by_rule.values())])
    return {HEADINGS[table]: rows}


def published_rules(table: str) -> set[str]:
    """Return the rules that have a column in the paper's table; none if the table is ours."""
    return {rule for name, _, rule in PUBLISHED if name == table}


def compared(records: Sequence[Record]) -> Iterator[Compared]:
    """Return the errors that the paper has too."""
    on = {"mnist": "MNIST", "cifar10": "CIFAR-10 (JPEG)"}
    names = [(key, f"{key[1]}, {on[key[0]]}", key[2]) for key in PUBLISHED]
    return last_errors(PUBLISHED, grouped(records, "part", "model", "rule"), names)


def claims(records: Sequence[Record]) -> Iterator[Claim]:
    """Return what the paper says of very deep networks, of convolution, and of dropout."""
    found = grouped(records, "model", "rule")

    def ends(model: str, rule: str, measure: str = "test_error") -> list[float]:
        return [run[measure][-1] for run in found.get((model, rule), ()) if run[measure]]

    def last(model: str, rule: str, measure: str = "test_error") -> float | None:
        runs = ends(model, rule, measure)
        return float(np.mean(runs)) if runs else None

    for rule in ("bp", "fa"):
        if (error := last("100x240 tanh", rule)) is not None:
            text = f"A hundred layers do not learn under {rule}"
            yield Claim(text, f"test error {error:.1f} %", error > LOST)
    if (error := last("100x240 tanh", "dfa")) is not None:
        text = "A hundred layers learn under dfa (our limit: 4.3 %)"
        yield Claim(text, f"test error {error:.2f} %", error <= 4.3)
    for model in ("100x240 tanh", "convolutional tanh"):
        if (error := last(model, "dfa", "train_error")) is not None:
            text = f"The training error falls to zero under dfa: {model}"
            yield Claim(text, f"training error {error:.2f} %", error <= 100 * LEARNED)
    for model in ("2x800 tanh", "3x1000 tanh"):
        runs = [ends(model, "dfa"), ends(f"{model} dropout", "dfa")]
        if all(runs):
            text = f"Dropout helps dfa: {model}"
            without, dropout = map(np.mean, runs)
            noise = math.hypot(*map(standard_error, runs))
            measured = (
                f"test error {dropout:.2f} %, without dropout {without:.2f} %, "
                f"standard error of the difference {noise:.2f}"
            )
            yield Claim(text, measured, bool(without - dropout > noise))


def standard_error(values: Sequence[float]) -> float:
    """Return the standard error of a mean; zero for a single value, which has no spread.

    Examples
    --------
    >>> round(standard_error([1.0, 2.0, 3.0]), 4), standard_error([1.0])
    (0.5774, 0.0)
    """
    return float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0


def in_table(table: str, records: Sequence[Record]) -> list[Record]:
    """Return the runs of another part as those of a table."""
    return [{**record, "task": {**record["task"], "part": table}} for record in records]


def lines(records: Sequence[Record]) -> Rows:
    """Return every error of every epoch."""
    (_, *names), *rows = lines_of(records, "part", "model", "rule", "seed", "lr")
    return [["table", *names], *rows]


def part(table: str, full: bool = False) -> Part:
    """Return a table with short runs, or with runs as long as the paper's."""
    return Part(
        table,
        partial(tasks, table, full),
        train,
        tables,
        lines,
        numbers="nokland2016",
        note=(lambda records: NOTE) if published_rules(table) else None,
        by_epoch=("train_error", "test_error"),
        resumes=True,
        compared=compared,
        claims=claims,
        data=tuple({row.data: None for row in ROWS[table].values()}),
    )
