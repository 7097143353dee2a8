"""Which learning rate is best for each rule and network? A search on held-out samples.

`python -m nofb.papers.networks.search` writes `found.json`; with names of networks, only these are
searched. It may be stopped: finished runs are kept in `nofb-networks.jsonl`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nofb.papers.networks.settings import FOUND, IMAGES, RULES, TEXT, TEXT_RULES, run_of
from nofb.runs.search import LOSS, Search, search

RATES = 0.0005, 0.002, 0.008
EPOCHS = {**dict.fromkeys(IMAGES, 6), TEXT: 4}
HELD_OUT = 0.2
SEQUENCES = 1500  # of the text, for training and to hold out
BEYOND = 1  # more would take hours, and short runs prefer large rates


def searches(network: str) -> dict[str, Search]:
    """Return the search for each rule, before its first run.

    Examples
    --------
    >>> searches("lenet")["bp"].next_points()
    [(0.0005,), (0.002,), (0.008,)]
    """
    rules, samples = (TEXT_RULES, SEQUENCES) if network == TEXT else (RULES, None)
    common = {"epochs": EPOCHS[network], "validation": HELD_OUT, "samples": samples, "probe": 0}
    return {
        rule: Search(run_of(network, rule, **common), {"lr": RATES}, score=LOSS, beyond=BEYOND)
        for rule in rules
    }


def find(network: str, log: Path | None = Path("nofb-networks.jsonl")) -> dict[str, Any]:
    """Try every rate that is not in the log; return the best ones, and every loss."""
    every = searches(network)
    search(every.values(), log=log)
    return {
        "rates": {rule: each.best[0] for rule, each in every.items()},
        "losses": {
            rule: {lr: loss for (lr,), loss in each.found.items()} for rule, each in every.items()
        },
    }


def main(networks: Sequence[str]) -> None:
    """Search for the given networks, or for all, and write the file."""
    path = Path(__file__).with_name(FOUND)
    kept = json.loads(path.read_text("utf-8")) if path.exists() else {"rates": {}, "losses": {}}
    for network in networks or (*IMAGES, TEXT):
        for name, of_rules in find(network).items():
            kept[name][network] = of_rules
    path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
