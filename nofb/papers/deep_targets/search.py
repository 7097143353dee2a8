"""Which settings does each rule want? A search on MNIST, judged by held-out training samples.

`python -m nofb.papers.deep_targets.search` writes `found.json`. It may be stopped: finished runs
are kept in `nofb-deep-targets.jsonl`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

from nofb import fingerprint
from nofb.experiments.grid import run_grid
from nofb.experiments.grid_ends import past_the_end
from nofb.experiments.kept import SameCode, with_code
from nofb.experiments.runs import train
from nofb.papers.deep_targets.settings import FOUND, GRIDS, SETTINGS, attributes_of, load
from nofb.papers.study import Task
from nofb.rules import make
from nofb.training.progress import bar

EPOCHS, HELD_OUT = 6, 1 / 6
LONGER = {"dtp": 15}  # after 6 epochs it prefers a rate that is too high for 20


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
            "epochs": LONGER.get(rule, EPOCHS),
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


def main() -> None:
    """Search, and write the file."""
    path = Path(__file__).with_name(FOUND)
    path.write_text(json.dumps(search(), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
