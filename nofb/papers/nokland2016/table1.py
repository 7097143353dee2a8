"""Table 1: how well does each rule teach dense layers on MNIST, up to a hundred of them?"""

from functools import partial

from nofb.papers.nokland2016 import tables
from nofb.papers.study import Part

PART = Part(
    "mnist",
    partial(tables.tasks, "mnist"),
    tables.train,
    tables.tables,
    tables.lines,
    numbers="nokland2016",
    by_epoch=("train_error", "test_error"),
    resumes=True,
)
