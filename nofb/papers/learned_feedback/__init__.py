"""Learned feedback in detail: the noise floor of a mirror, Kolen-Pollack's law, and depth.

These runs are compared with theory, not with numbers of a paper.
"""

from nofb.papers.learned_feedback import depth, floor, law
from nofb.papers.study import Study

STUDY = Study(
    "learned_feedback",
    "Learned feedback: noise floor, decay and depth, measured and predicted",
    "half a minute on two cores",
    ("digits",),
    (floor.PART, law.PART, depth.PART),
)
