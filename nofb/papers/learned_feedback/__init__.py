"""Feedback that learns, looked at closely: a mirror's noise floor, Kolen-Pollack's law, and depth.

No paper's numbers stand beside these runs; what stands there is theory.
"""

from nofb.papers.learned_feedback import depth, floor, law
from nofb.papers.study import Study

STUDY = Study(
    "learned_feedback",
    "Feedback that learns: noise floor, decay and depth, measured beside theory",
    "half a minute on two cores",
    ("digits",),
    (floor.PART, law.PART, depth.PART),
)
