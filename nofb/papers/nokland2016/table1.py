"""Table 1: how well does each rule teach dense layers on MNIST, up to a hundred of them?"""

from functools import partial

from nofb.papers.nokland2016 import tables
from nofb.papers.study import Part


def part(full: bool = False) -> Part:
    """Return the table with short runs, or with runs as long as the paper's."""
    return Part(
        "mnist",
        partial(tables.tasks, "mnist", full),
        tables.train,
        tables.tables,
        tables.lines,
        numbers="nokland2016",
        by_epoch=("train_error", "test_error"),
        resumes=True,
        compared=tables.compared,
        claims=tables.claims,
    )
