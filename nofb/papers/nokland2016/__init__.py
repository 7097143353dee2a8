"""Nøkland 2016, "Direct Feedback Alignment Provides Learning in Deep Neural Networks"."""

from nofb.papers.nokland2016 import table1
from nofb.papers.study import Study

STUDY = Study(
    "nokland2016",
    "Nøkland 2016: tables of direct feedback alignment beside backprop, on MNIST",
    "ten hours on one core",
    ("mnist",),
    (table1.PART,),
)
