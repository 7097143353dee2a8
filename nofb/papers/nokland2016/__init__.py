"""Nøkland 2016, "Direct Feedback Alignment Provides Learning in Deep Neural Networks"."""

from dataclasses import replace

from nofb.papers.nokland2016 import features, freezing, table1, table2
from nofb.papers.study import Study

STUDY = Study(
    "nokland2016",
    "Nøkland 2016: tables and figures of direct feedback alignment, on MNIST and CIFAR-10",
    "a day on one core; --rows and --seeds choose a part",
    ("mnist", "cifar10_jpeg"),
    (table1.part(), table2.part(), features.PART, freezing.PART),
)
STUDY = replace(STUDY, full=replace(STUDY, parts=(table1.part(full=True), table2.part(full=True))))
