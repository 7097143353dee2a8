"""How the learning rates of `nofb compare` were found: the same search for every rule.

For each optimizer and rule, each rate of one grid is tried with a fifth of the *training* samples
held out. The rate with the best mean validation accuracy over the seeds wins, the smaller one in a
tie. If the first or the last rate wins, the search goes on past it, until the best rate has been
compared with a smaller and a larger one. The test split is never looked at.

`python -m nofb.experiments.tune digits mnist` writes `tuned.json` anew, with all that it measured;
`python -m nofb.experiments.tune digits --rules wm kp` searches for some rules and keeps the others.
It may be stopped: what is finished is kept in the folder `nofb-tune`, and the search resumes there.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from nofb import fingerprint
from nofb.datasets import Dataset
from nofb.experiments.grid_ends import past_the_end
from nofb.experiments.pools import Task
from nofb.experiments.run_tasks import RunTask, run_all
from nofb.experiments.runs import own_code, train
from nofb.experiments.settings import Settings
from nofb.rules import RULES, Rule
from nofb.strict_json import canonical
from nofb.training.progress import bar

FOUND = Path(__file__).with_name("tuned.json")
LOGS = Path("nofb-tune")
Measured = dict[str, dict[str, dict[float, float]]]  # accuracies by optimizer, rule and rate
ADAPTIVE = (0.0005, 0.001, 0.002, 0.003, 0.004, 0.006, 0.008, 0.016, 0.032)


@dataclass(frozen=True)
class Search:
    """One search: what is trained, and which rates are tried with which optimizer."""

    settings: Settings
    grids: dict[str, tuple[float, ...]]
    seeds: int
    samples: int | None = None  # of the training split, where all would take too long
    held_out: float = 0.2


SEARCHES = {
    "digits": Search(
        Settings(),
        {
            "sgd": (0.01, 0.03, 0.06, 0.1, 0.2, 0.4, 0.8),
            "rmsprop": ADAPTIVE,
            "adam": ADAPTIVE,
            "adamw": ADAPTIVE,
        },
        seeds=6,
    ),
    "mnist": Search(
        Settings(data="mnist", hidden=(1000,), epochs=10, batch_size=64),
        {"rmsprop": (0.0002, 0.0005, 0.001, 0.002, 0.004)},
        seeds=1,
        samples=10000,
    ),
}


def trial(task: Task, rule: type[Rule]) -> dict[str, float]:
    """Return the validation accuracy at the end of one run; one that diverged counts as 0."""
    settings, seed = Settings(**task["settings"]), task["seed"]
    data = _first(settings.load(), task["samples"]).split_validation(task["held_out"], seed)
    run = train(settings, rule(), seed, data, probe=0)
    # The "test" split of this data set is the held-out part.
    return {"accuracy": 0.0 if run.stopped else float(run.history["test_accuracy"][-1])}


def find(
    search: Search,
    jobs: int = 2,
    rules: Sequence[str] = tuple(RULES),
    log: str | Path | None = None,
) -> dict[str, Any]:
    """Try every rate and return the best ones, with every mean accuracy that was measured."""
    measured: Measured = {o: {rule: {} for rule in rules} for o in search.grids}
    trials = [(o, rule, lr) for o, grid in search.grids.items() for rule in rules for lr in grid]
    while trials:
        tasks = [_task(search, *each, seed) for each in trials for seed in range(search.seeds)]
        means = np.reshape(_accuracies(search, tasks, jobs, log), (len(trials), -1)).mean(axis=1)
        for (optimizer, rule, lr), mean in zip(trials, means, strict=True):
            measured[optimizer][rule][lr] = round(float(mean), 4)
        trials = list(_past_the_ends(measured))
    return {
        "settings": search.settings.as_dict(),
        "seeds": search.seeds,
        "samples": search.samples,
        "held_out": search.held_out,
        "rates": {
            optimizer: {rule: best_rate(found) for rule, found in of_rules.items()}
            for optimizer, of_rules in measured.items()
        },
        "validation_accuracy": {
            optimizer: {
                rule: {str(lr): found[lr] for lr in sorted(found)}
                for rule, found in of_rules.items()
            }
            for optimizer, of_rules in measured.items()
        },
    }


def best_rate(found: Mapping[float, float]) -> float:
    """Return the rate with the best accuracy, the smaller one in a tie.

    Examples
    --------
    >>> best_rate({0.1: 0.9, 0.2: 0.95, 0.05: 0.95})
    0.05
    """
    return max(sorted(found), key=found.__getitem__)


def _past_the_ends(measured: Measured) -> Iterator[tuple[str, str, float]]:
    """Yield a further trial for each optimizer and rule whose best rate is an end of its grid."""
    for optimizer, of_rules in measured.items():
        for rule, found in of_rules.items():
            lr = past_the_end(found, best_rate(found))
            if lr is not None:
                yield optimizer, rule, lr


def _accuracies(
    search: Search, tasks: list[dict[str, Any]], jobs: int, log: str | Path | None
) -> list[float]:
    """Do the trials that the log does not have, and return the accuracies of all, in order."""
    work = RunTask({task["rule"]: RULES[task["rule"]] for task in tasks}, trial)
    data = {search.settings.data: search.settings.load()}
    scores = {}
    with bar(len(tasks), "tune", "run") as shown:
        for record in run_all(work, tasks, data, jobs, log=log):
            if "error" in record:
                raise ValueError(f"the search stopped at {record['task']}: {record['error']}")
            scores[canonical(record["task"])] = record["result"]["accuracy"]
            shown.update()
    return [scores[canonical(task)] for task in tasks]


def _task(search: Search, optimizer: str, rule: str, lr: float, seed: int) -> dict[str, Any]:
    return {
        "rule": rule,
        "attributes": {},
        "seed": seed,
        "settings": replace(search.settings, optimizer=optimizer, lr=lr).as_dict(),
        "samples": search.samples,
        "held_out": search.held_out,
        "code": fingerprint.of_nofb(),
        "own_code": own_code(RULES[rule]),
    }


def _first(data: Dataset, samples: int | None) -> Dataset:
    """Return the data set with only the first training samples."""
    if samples is None:
        return data
    x, y = data.x_train[:samples], data.y_train[:samples]
    return Dataset(x, y, data.x_test, data.y_test, data.name, data.image_shape)


def merge(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return what a search found, with what an older one found for other rules.

    Examples
    --------
    >>> merge({"rates": {"sgd": {"bp": 0.1, "fa": 0.2}}}, {"rates": {"sgd": {"fa": 0.4}}})
    {'rates': {'sgd': {'bp': 0.1, 'fa': 0.4}}}
    """
    return {
        key: merge(old[key], value) if isinstance(value, dict) and key in old else value
        for key, value in (old | new).items()
    }


def main(words: list[str]) -> None:
    """Search on the data sets called so, for the rules after "--rules", and write the file."""
    names, _, rules = " ".join(words).partition("--rules")
    found = json.loads(FOUND.read_text(encoding="utf-8")) if FOUND.exists() else {}
    for name in names.split() or SEARCHES:
        log = LOGS / f"{name}.jsonl"
        searched = find(SEARCHES[name], rules=rules.split() or list(RULES), log=log)
        found[name] = merge(found.get(name, {}), searched) if rules else searched
        FOUND.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
