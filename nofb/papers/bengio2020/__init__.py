"""Bengio 2020 has theorems and no experiment: here they are, and what happens when one learns.

No numbers of the paper stand beside these runs; what stands there is theory.
"""

from nofb.papers.bengio2020 import anatomy, contraction, training
from nofb.papers.study import Study

STUDY = Study(
    "bengio2020",
    "Iterated inverses: contraction, Gauss-Newton, and why more exact targets teach worse",
    "half an hour on two idle cores",
    ("mnist",),
    (contraction.PART, anatomy.PART, training.PART),
)
