"""Table 2: the same on CIFAR-10, with a convolutional network too."""

from functools import partial

from nofb.papers.nokland2016 import tables
from nofb.papers.study import Part


def part(full: bool = False) -> Part:
    """Return the table with short runs, or with runs as long as the paper's."""
    return Part(
        "cifar10",
        partial(tables.tasks, "cifar10", full),
        tables.train,
        tables.tables,
        tables.lines,
        numbers="nokland2016",
        by_epoch=("train_error", "test_error"),
        resumes=True,
        compared=tables.compared,
        claims=tables.claims,
    )
