"""The search that found the learning rates of `nofb compare`: the same for every rule.

For each optimizer and rule, each rate of one grid is tried with a fifth of the *training* samples
held out. The rate with the best mean validation accuracy over the seeds wins, the smaller one in a
tie. If the first or the last rate wins, the search continues beyond it, until the best rate has
been compared with a smaller and a larger one. The test split is not used.

`python -m nofb.runs.tune digits mnist` writes a new `tuned.json`, with everything that it measured;
`python -m nofb.runs.tune digits --rules wm kp` searches for some rules and keeps the others. It may
be stopped: finished runs are kept in the folder `nofb-tune`, and the search resumes there.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nofb.rules import RULES
from nofb.runs.search import Search, search
from nofb.runs.specification import Specification

FOUND = Path(__file__).with_name("tuned.json")
LOGS = Path("nofb-tune")
ADAPTIVE = (0.0005, 0.001, 0.002, 0.003, 0.004, 0.006, 0.008, 0.016, 0.032)


@dataclass(frozen=True)
class Rates:
    """The specification of the runs, and the rates to try with each optimizer."""

    run: Specification
    grids: dict[str, tuple[float, ...]]
    seeds: int


SEARCHES = {
    "digits": Rates(
        Specification(validation=0.2, probe=0),
        {
            "sgd": (0.01, 0.03, 0.06, 0.1, 0.2, 0.4, 0.8),
            "rmsprop": ADAPTIVE,
            "adam": ADAPTIVE,
            "adamw": ADAPTIVE,
        },
        seeds=6,
    ),
    "mnist": Rates(
        Specification(
            data="mnist", hidden=(1000,), epochs=10, batch_size=64, samples=10000,
            validation=0.2, probe=0,
        ),
        {"rmsprop": (0.0002, 0.0005, 0.001, 0.002, 0.004)},
        seeds=1,
    ),
}  # fmt: skip


def find(
    rates: Rates,
    jobs: int = 2,
    rules: Sequence[str] = tuple(RULES),
    log: str | Path | None = None,
) -> dict[str, Any]:
    """Try every rate and return the best ones, with every mean accuracy that was measured."""
    run = rates.run
    searches = {
        optimizer: {
            rule: Search(run.replace(optimizer=optimizer, rule=rule), {"lr": grid}, rates.seeds)
            for rule in rules
        }
        for optimizer, grid in rates.grids.items()
    }
    every = [each for of_rules in searches.values() for each in of_rules.values()]
    search(every, jobs, log, "tune")
    return {
        "settings": run.settings,
        "seeds": rates.seeds,
        "samples": run.samples,
        "held_out": run.validation,
        "rates": {
            optimizer: {rule: each.best[0] for rule, each in of_rules.items()}
            for optimizer, of_rules in searches.items()
        },
        "validation_accuracy": {
            optimizer: {
                rule: {str(lr): each.found[(lr,)] for (lr,) in sorted(each.found)}
                for rule, each in of_rules.items()
            }
            for optimizer, of_rules in searches.items()
        },
    }


def merge(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return the results of a search, with those of an older one for other rules.

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
    """Search on the named data sets, for the rules after "--rules", and write the file."""
    names, _, rules = " ".join(words).partition("--rules")
    found = json.loads(FOUND.read_text(encoding="utf-8")) if FOUND.exists() else {}
    for name in names.split() or SEARCHES:
        log = LOGS / f"{name}.jsonl"
        searched = find(SEARCHES[name], rules=rules.split() or list(RULES), log=log)
        found[name] = merge(found.get(name, {}), searched) if rules else searched
        FOUND.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
