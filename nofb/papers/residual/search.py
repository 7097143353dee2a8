"""Which learning rate does each rule want?

`python -m nofb.papers.residual.search` writes found.json.
"""

from pathlib import Path

from nofb.papers.found import write_found
from nofb.papers.residual.errors import RULES, RUN
from nofb.runs.search import Search

SHORT = RUN.replace(samples=10_000, epochs=3, validation=0.2, probe=0)
RATES = 0.0003, 0.001, 0.003


def searches() -> dict[str, Search]:
    """Return the search of each rule's rate, with some of the training samples held out."""
    return {rule: Search(SHORT.replace(rule=rule), {"lr": RATES}) for rule in RULES}


if __name__ == "__main__":
    write_found(searches(), Path(__file__), jobs=2, log=Path("nofb-residual.jsonl"))
