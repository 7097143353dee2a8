"""Robust, or only hidden? Attacks along three signals."""

from nofb.papers.study import Study
from nofb.papers.two_gradients import attacks

STUDY = Study(
    "two_gradients",
    "Two gradients: nine rules, attacked along the true one, their own feedback and another's",
    "a quarter of an hour on one core",
    ("mnist",),
    (attacks.PART,),
)
