"""Lillicrap et al. 2016: does feedback alignment use a hidden layer more, as backprop does?

The paper has curves of this task (its figure 3) and no table, so their order is compared.
"""

from nofb.papers.lillicrap2016 import depth
from nofb.papers.study import Study

STUDY = Study(
    "lillicrap2016",
    "A non-linear teacher: does another hidden layer help under feedback alignment?",
    "half an hour on one core",
    ("nonlinear_teacher",),
    (depth.PART,),
)
