"""Targets through five hidden layers: settings from held-out samples, then test errors of 5 seeds.

The network is Meulemans et al.'s, 784-5x256-10 with tanh. `python -m nofb.experiments.deep_targets`
searches on MNIST and writes `deep_targets.json`; `nofb reproduce deep_targets` trains with what it
found. Fashion-MNIST takes MNIST's settings.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import resources
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from nofb import datasets, fingerprint
from nofb.datasets import Dataset
from nofb.diagnosis import ALIGNMENT, GAUSS_NEWTON
from nofb.experiments.grid import run_grid
from nofb.experiments.grid_ends import past_the_end
from nofb.experiments.kept import SameCode, with_code
from nofb.experiments.runs import train
from nofb.experiments.settings import Settings
from nofb.rules import make
from nofb.training.progress import bar

TITLE = "Targets through five hidden layers: test errors of 784-5x256-10 beside published ones"
FOUND = "deep_targets.json"
SEARCH_EPOCHS, HELD_OUT = 6, 1 / 6
LONGER = {"dtp": 15}  # after 6 epochs it prefers a rate that is too high for 20
EPOCHS, SEEDS = 20, 5
LONGEST = {"dtp": 40}  # epochs, where 20 are not enough
SETTINGS = Settings(
    data="mnist", hidden=(256,) * 5, optimizer="adam", input_dropout=0.0, batch_size=128
)
GRIDS: dict[str, dict[str, tuple[float, ...]]] = {
    "bp": {"lr": (3e-4, 1e-3)},
    "dfa": {"lr": (3e-4, 1e-3)},
    "dtp": {"lr": (5e-4, 1e-3, 2e-3), "noise": (0.0837, 0.3), "inverse_lr": (1.96e-3, 5e-4)},
    "sdtp": {"lr": (5e-4, 1e-3, 2e-3), "noise": (0.1, 0.3), "step_size": (0.2,)},
    "ddtp": {"lr": (5e-4, 1e-3, 2e-3), "noise": (0.0908, 0.3)},
    "itp_drl": {"lr": (5e-4, 1e-3, 2e-3), "noise": (0.0569, 0.2)},
}
PUBLISHED = {  # per cent, mean and spread over 10 seeds; quoted from memory
    ("mnist", "bp"): (1.98, 0.14),
    ("mnist", "dfa"): (2.17, 0.14),
    ("mnist", "dtp"): (2.39, 0.19),
    ("mnist", "sdtp"): (3.52, None),
    ("mnist", "ddtp"): (2.04, 0.08),
    ("fashion_mnist", "dtp"): (11.49, 0.23),
}

Task = Mapping[str, Any]


def load(name: str) -> Dataset:
    """Return a data set with samples as rows, and pixels from 0 to 1, as they are in the paper."""
    return datasets.load(name).flat()


def attributes_of(rule: str, found: Mapping[str, float]) -> dict[str, Any]:
    """Return a rule's attributes: those of its published form, and those that were searched."""
    fixed = {"preset": "meulemans2020"} if rule == "dtp" else {}
    return {**fixed, **{name: value for name, value in found.items() if name != "lr"}}


def search_tasks() -> list[dict[str, Any]]:
    """Return a run for every setting of every grid.

    Examples
    --------
    >>> search_tasks()[0]
    {'rule': 'bp', 'epochs': 6, 'lr': 0.0003}
    """
    return [
        {
            "rule": rule,
            "epochs": LONGER.get(rule, SEARCH_EPOCHS),
            **dict(zip(grid, values, strict=True)),
        }
        for rule, grid in GRIDS.items()
        for values in product(*grid.values())
    ]


def trial(task: Task) -> dict[str, Any]:
    """Return the error on held-out samples, in per cent, after a short run."""
    found = {name: value for name, value in task.items() if name in GRIDS[task["rule"]]}
    settings = replace(SETTINGS, epochs=task["epochs"], lr=task["lr"])
    data = load(settings.data).split_validation(HELD_OUT, 0)
    rule = make(task["rule"], **attributes_of(task["rule"], found))
    run = train(settings, rule, 0, data, probe=0)
    error = 100.0 if run.stopped else 100 * (1 - float(run.history["test_accuracy"][-1]))
    return {"error": round(error, 3)}  # the "test" split of this data set is the held-out part


def search(log: Path | None = Path("nofb-deep-targets.jsonl"), jobs: int = 1) -> dict[str, Any]:
    """Try every setting that the log does not have; return the best ones, and every error.

    If the best value of a setting is the first or the last of its grid, the search goes on past it.
    """
    measured: dict[str, list[dict[str, float]]] = {rule: [] for rule in GRIDS}
    tasks = search_tasks()
    while tasks:
        for task, error in _errors(tasks, log, jobs):
            measured[task.pop("rule")].append({**task, "error": error})
        tasks = [task for rule, tried in measured.items() for task in past_the_ends(rule, tried)]
    best = {rule: best_of(tried) for rule, tried in measured.items()}
    chosen = {
        rule: {name: value for name, value in each.items() if name in GRIDS[rule]}
        for rule, each in best.items()
    }
    return {"held_out": HELD_OUT, "best": chosen, "measured": measured}


def past_the_ends(rule: str, tried: Sequence[Mapping[str, float]]) -> Iterator[dict[str, Any]]:
    """Yield a run for each setting whose best value has no neighbour on one side.

    Examples
    --------
    >>> errors = {3e-4: 3.4, 1e-3: 2.2}
    >>> tried = [{"epochs": 6, "lr": lr, "error": error} for lr, error in errors.items()]
    >>> list(past_the_ends("bp", tried))
    [{'rule': 'bp', 'epochs': 6, 'lr': 0.002}]
    """
    best = {name: value for name, value in best_of(tried).items() if name != "error"}
    for name in GRIDS[rule]:
        others = best.keys() - {name}
        line = [each[name] for each in tried if all(each[o] == best[o] for o in others)]
        value = past_the_end(line, best[name])
        if value is not None:
            yield {"rule": rule, **best, name: value}


def best_of(tried: Sequence[Mapping[str, float]]) -> Mapping[str, float]:
    """Return the setting with the smallest error, the first one in a tie."""
    return min(tried, key=lambda each: each["error"])


def _errors(
    tasks: list[dict[str, Any]], log: Path | None, jobs: int
) -> Iterator[tuple[dict[str, Any], float]]:
    """Do the trials that the log does not have, and yield every task with its error."""
    named = [with_code(task, fingerprint.of_nofb()) for task in tasks]
    with bar(len(tasks), "search", "run") as shown:
        for record in run_grid(SameCode(trial), named, jobs=jobs, log=log):
            if "error" in record:
                raise ValueError(f"the search stopped at {record['task']}: {record['error']}")
            task = {name: it for name, it in record["task"].items() if name != "code"}
            yield task, record["result"]["error"]
            shown.update()


def found() -> dict[str, dict[str, float]]:
    """Return the settings that the committed search chose for each rule."""
    text = resources.files(__package__).joinpath(FOUND).read_text("utf-8")
    best: dict[str, dict[str, float]] = json.loads(text)["best"]
    return best


def tasks(epochs: int | None = None) -> list[dict[str, Any]]:
    """Return every run of the table, none longer than `epochs`.

    Examples
    --------
    >>> sorted({(task["data"], task["rule"]) for task in tasks() if task["data"] != "mnist"})
    [('fashion_mnist', 'dtp')]
    """
    settings = found()
    longest = {rule: min(epochs or 1000, LONGEST.get(rule, EPOCHS)) for rule in GRIDS}
    cases = [("mnist", rule) for rule in GRIDS] + [("fashion_mnist", "dtp")]
    return [
        {"data": data, "rule": rule, "seed": seed, "epochs": longest[rule], **settings[rule]}
        for seed in range(SEEDS)
        for data, rule in cases
    ]


def work(folder: Path, task: Task) -> dict[str, Any]:
    """Do one run, which takes minutes, so that the folder keeps nothing half done."""
    chosen = {name: value for name, value in task.items() if name in GRIDS[task["rule"]]}
    settings = replace(SETTINGS, data=task["data"], epochs=task["epochs"], lr=task["lr"])
    rule = make(task["rule"], **attributes_of(task["rule"], chosen))
    run = train(settings, rule, task["seed"], load(task["data"]), measures=ALIGNMENT + GAUSS_NEWTON)
    history = run.history
    angles = {
        name: np.round(history[name][-1], 2).tolist()
        for name in ("step_angle", "gauss_newton_angle")
        if history.epochs
    }
    error = (100 * (1 - history["test_accuracy"])).round(3).tolist()
    return {"stopped": run.stopped, "test_error": error, **angles}


def main() -> None:
    """Search, and write the file."""
    path = Path(__file__).with_name(FOUND)
    path.write_text(json.dumps(search(), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
