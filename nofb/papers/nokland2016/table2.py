"""Table 2: the same on CIFAR-10, with a convolutional network too."""

from functools import partial

from nofb.papers.nokland2016 import tables
from nofb.papers.study import Part

PART = Part(
    "cifar10",
    partial(tables.tasks, "cifar10"),
    tables.train,
    tables.tables,
    tables.lines,
    numbers="nokland2016",
    by_epoch=("train_error", "test_error"),
    resumes=True,
)
