"""Bengio 2020 has theorems and no experiments: the theorems are checked, and used in training.

The paper has no numbers, so these runs are compared with theory.
"""

from nofb.papers.bengio2020 import anatomy, contraction, training
from nofb.papers.study import Study

STUDY = Study(
    "bengio2020",
    "Iterated inverses: contraction, Gauss-Newton, and why more exact targets train worse",
    "half an hour on two idle cores",
    ("mnist",),
    (contraction.PART, anatomy.PART, training.PART),
)
