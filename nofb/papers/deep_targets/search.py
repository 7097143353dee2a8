"""Which settings are best for each rule? A search on MNIST, with held-out training samples.

`python -m nofb.papers.deep_targets.search` writes `found.json`. It may be stopped: finished runs
are kept in `nofb-deep-targets.jsonl`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nofb.papers.deep_targets.settings import FOUND, GRIDS, RUN, fixed
from nofb.runs.search import Search, search

EPOCHS, HELD_OUT = 6, 1 / 6
LONGER = {"dtp": 15}  # the best rate for 6 epochs is too high for 20


def searches() -> dict[str, Search]:
    """Return the search for each rule, before its first run.

    Examples
    --------
    >>> searches()["bp"].next_points()
    [(0.0003,), (0.001,)]
    """
    run = RUN.replace(validation=HELD_OUT, probe=0)
    return {
        rule: Search(
            run.replace(rule=rule, attributes=fixed(rule), epochs=LONGER.get(rule, EPOCHS)), grid
        )
        for rule, grid in GRIDS.items()
    }


def find(log: Path | None = Path("nofb-deep-targets.jsonl"), jobs: int = 1) -> dict[str, Any]:
    """Try every setting that is not in the log; return the best ones, and every error."""
    every = searches()
    search(every.values(), jobs, log)
    return {
        "held_out": HELD_OUT,
        "best": {rule: each.named(each.best) for rule, each in every.items()},
        "measured": {
            rule: [
                {"epochs": each.run.epochs, **each.named(point), "error": _percent(accuracy)}
                for point, accuracy in each.found.items()
            ]
            for rule, each in every.items()
        },
    }


def _percent(accuracy: float) -> float:
    return round(100 * (1 - accuracy), 3)


def main() -> None:
    """Search, and write the file."""
    path = Path(__file__).with_name(FOUND)
    path.write_text(json.dumps(find(), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
