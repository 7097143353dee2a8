"""Which learning rate does each rule want? The authors' slides do not give theirs.

The network has two hidden layers: a rate that suits one may be too large for fa with two.

`python -m nofb.papers.frenkel2021.search` writes found.json.
"""

from __future__ import annotations

import json
from pathlib import Path

from nofb import datasets
from nofb.optimizers import SGD
from nofb.papers.found import FILE
from nofb.papers.frenkel2021.training import BATCH, EPOCHS, RULES, network, rule_of
from nofb.runs.search import past_the_end
from nofb.training import fit

MODEL = "784-500-500-10"
RATES = 0.01, 0.03, 0.1
SHORT = 10  # epochs
LONGER = ("drtp",)  # it learns slowly, so its search is as long as the runs


def accuracy(rule: str, lr: float) -> float:
    """Return the accuracy at the end of a run, on a fifth of the training samples, held out."""
    run = fit(
        network(MODEL, 0), rule_of(rule), datasets.load("mnist").flat(),
        EPOCHS if rule in LONGER else SHORT, BATCH, SGD(lr=lr, momentum=0.9, nesterov=True),
        validation=0.2, probe=0, progress=False,
    )  # fmt: skip
    return 0.0 if run.stopped else round(float(run.history["validation_accuracy"][-1]), 4)


def search(rule: str) -> dict[float, float]:
    """Return the accuracy of each rate; if the best is at an end, rates beyond it are tried too."""
    found = {lr: accuracy(rule, lr) for lr in RATES}
    while (beyond := past_the_end(list(found), best(found))) is not None:
        found[beyond] = accuracy(rule, beyond)
    return dict(sorted(found.items()))


def best(found: dict[float, float]) -> float:
    """Return the rate with the highest accuracy; in a tie, the smaller one.

    Examples
    --------
    >>> best({0.03: 0.98, 0.1: 0.98, 0.01: 0.97})
    0.03
    """
    return max(sorted(found), key=found.__getitem__)


def main() -> None:
    """Search for the rate of each rule, and write what was found beside this file."""
    found = {rule: search(rule) for rule in RULES}
    content = {
        "best": {rule: {"lr": best(rates)} for rule, rates in found.items()},
        "validation_accuracy": found,
    }
    text = json.dumps(content, indent=1) + "\n"
    Path(__file__).with_name(FILE).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
