"""Lillicrap et al. 2016: does feedback alignment use a hidden layer more, as backprop does?

The paper shows curves of this task (its figure 3) and no table: what is compared is their order.
"""

from nofb.papers.lillicrap2016 import depth
from nofb.papers.study import Study

STUDY = Study(
    "lillicrap2016",
    "A non-linear teacher: is a deep network under feedback alignment worth its depth?",
    "five minutes on two idle cores",
    ("nonlinear_teacher",),
    (depth.PART,),
)
