"""Depth: from one hidden layer to a hundred, where does each rule break, and why?"""

from nofb.papers.depth import layers
from nofb.papers.study import Study

STUDY = Study(
    "depth",
    "Depth: test error, size and angle of the signal through 1 to 100 hidden layers",
    "an hour on one core",
    ("mnist",),
    (layers.PART,),
)
