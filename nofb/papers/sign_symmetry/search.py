"""Which learning rate does each rule want?

`python -m nofb.papers.sign_symmetry.search` writes found.json.
"""

from pathlib import Path

from nofb.papers.found import write_found
from nofb.papers.sign_symmetry.errors import TABLE
from nofb.runs.search import Search

LONGER = ("drtp", "dkp")  # a rate that is best after three short epochs diverges after them


def searches() -> dict[str, Search]:
    """Return the search of each rule; some are as long as the runs.

    Examples
    --------
    >>> found = searches()
    >>> found["bp"].run.epochs, found["dkp"].run.epochs
    (3, 10)
    """
    every = TABLE.searches()
    for rule in LONGER:
        every[rule].run = every[rule].run.replace(epochs=TABLE.run.epochs, samples=None)
    return every


if __name__ == "__main__":
    write_found(searches(), Path(__file__), jobs=2, log=Path("nofb-sign_symmetry.jsonl"))
