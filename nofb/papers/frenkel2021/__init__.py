"""Frenkel, Lefebvre & Bol 2021: direct random target projection, beside BP, FA and DFA on MNIST."""

from nofb.papers.frenkel2021 import mean, released
from nofb.papers.study import Study

STUDY = Study(
    "frenkel2021",
    "Frenkel et al. 2021: BP, FA, DFA and DRTP on MNIST, as means and as released",
    "three hours on one core",
    ("mnist",),
    (mean.PART, released.PART),
    key="form",
)
