"""Robust, or only hidden? Attacks along the true gradient and along a rule's own feedback."""

from nofb.papers.study import Study
from nofb.papers.two_gradients import attacks

STUDY = Study(
    "two_gradients",
    "Two gradients: attacks on networks of nine rules, along the true one and their own feedback",
    "ten minutes on one core",
    ("mnist",),
    (attacks.PART,),
)
