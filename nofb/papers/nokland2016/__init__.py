"""Nøkland 2016, "Direct Feedback Alignment Provides Learning in Deep Neural Networks"."""

from nofb.papers.nokland2016 import features, freezing, table1, table2
from nofb.papers.study import Study

STUDY = Study(
    "nokland2016",
    "Nøkland 2016: tables and figures of direct feedback alignment, on MNIST and CIFAR-10",
    "a day on one core; --rows and --seeds choose a part",
    ("mnist", "cifar10_jpeg"),
    (table1.PART, table2.PART, features.PART, freezing.PART),
)
