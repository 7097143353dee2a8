"""Nøkland 2016, "Direct Feedback Alignment Provides Learning in Deep Neural Networks"."""

from dataclasses import replace

from nofb.papers.nokland2016 import (
    convolutional,
    features,
    freezing,
    full_length,
    starts,
    tables,
)
from nofb.papers.study import Study

STUDY = Study(
    "nokland2016",
    "Nøkland 2016: tables and figures of direct feedback alignment, on MNIST and CIFAR-10",
    "a day and a half on one core; --rows and --seeds choose a part",
    ("mnist", "cifar10_jpeg"),
    (
        tables.part("mnist"),
        tables.part("own_feedback"),
        full_length.PART,
        starts.PART,
        tables.part("cifar10"),
        convolutional.part(),
        features.PART,
        freezing.PART,
    ),
)
FULL = (*(tables.part(table, full=True) for table in tables.ROWS), convolutional.part(full=True))
STUDY = replace(STUDY, full=replace(STUDY, parts=FULL))
