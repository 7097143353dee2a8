"""Which learning rate does each rule want on each network? One search for all, on held-out samples.

`python -m nofb.papers.networks.search` writes `found.json`; after it, names of networks search
those only. It may be stopped: finished runs are kept in `nofb-networks.jsonl`.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from nofb.datasets import Dataset
from nofb.papers.networks.settings import FOUND, IMAGES, RULES, TEXT, TEXT_RULES, load, train
from nofb.papers.study import Task
from nofb.runs.grid import run_grid
from nofb.runs.search import past_the_end
from nofb.training import DivergenceWarning

RATES = 0.0005, 0.002, 0.008
EPOCHS = {**dict.fromkeys(IMAGES, 6), TEXT: 4}
HELD_OUT, SEED = 0.2, 0
SEQUENCES = 1500  # of the text, for training and to hold out
WORST = 1e9  # the loss of a run that diverged


def trials(network: str) -> list[dict[str, Any]]:
    """Return a short run for each rule and each rate of the grid.

    Examples
    --------
    >>> trials("lenet")[0]
    {'network': 'lenet', 'rule': 'bp', 'seed': 0, 'epochs': 6, 'lr': 0.0005}
    """
    rules = TEXT_RULES if network == TEXT else RULES
    return [_trial(network, rule, lr) for rule in rules for lr in RATES]


def held_out_loss(task: Task) -> dict[str, float]:
    """Return the loss on held-out samples of the training split at the end of a short run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DivergenceWarning)
        run = train(task, data_for(task["network"]), validation=HELD_OUT, probe=0)
    return {"loss": WORST if run.stopped else round(float(run.history["validation_loss"][-1]), 5)}


def data_for(network: str) -> Dataset:
    """Return the data of a network; of the text only the first sequences."""
    data = load(network)
    if network != TEXT:
        return data
    x, y = data.x_train[:SEQUENCES], data.y_train[:SEQUENCES]
    return Dataset(x, y, data.x_test[:1], data.y_test[:1], data.name, vocabulary=data.vocabulary)


def search(network: str, log: Path, jobs: int = 1) -> dict[str, dict[float, float]]:
    """Return the held-out loss of each rule at each rate that was tried.

    If the best rate of a rule is the smallest or the largest one, the next one is tried, once.
    """
    found: dict[str, dict[float, float]] = {}
    tasks = trials(network)
    for further in (True, False):
        for record in run_grid(held_out_loss, tasks, jobs=jobs, log=log):
            if "error" in record:
                raise ValueError(f"the search stopped at {record['task']}: {record['error']}")
            task = record["task"]
            found.setdefault(task["rule"], {})[task["lr"]] = record["result"]["loss"]
        tasks = list(_past_the_ends(network, found)) if further else []
    return found


def best(losses: Mapping[float, float]) -> float:
    """Return the rate with the smallest loss, the smaller rate in a tie.

    Examples
    --------
    >>> best({0.002: 0.5, 0.001: 0.5, 0.004: 0.7})
    0.001
    """
    return min(sorted(losses), key=losses.__getitem__)


def _past_the_ends(network: str, found: Mapping[str, Mapping[float, float]]) -> Iterator[Any]:
    for rule, losses in found.items():
        lr = past_the_end(losses, best(losses))
        if lr is not None:
            yield _trial(network, rule, lr)


def _trial(network: str, rule: str, lr: float) -> dict[str, Any]:
    return {"network": network, "rule": rule, "seed": SEED, "epochs": EPOCHS[network], "lr": lr}


def main(networks: Sequence[str]) -> None:
    """Search for the networks, or for all, and write the file."""
    path = Path(__file__).with_name(FOUND)
    kept = json.loads(path.read_text("utf-8")) if path.exists() else {"rates": {}, "losses": {}}
    for network in networks or (*IMAGES, TEXT):
        found = search(network, Path("nofb-networks.jsonl"))
        kept["rates"][network] = {rule: best(losses) for rule, losses in found.items()}
        kept["losses"][network] = found
    path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
