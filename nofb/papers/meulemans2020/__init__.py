"""Meulemans et al. 2020, "A Theoretical Framework for Target Propagation": the table of angles."""

from dataclasses import replace

from nofb.papers.meulemans2020.angles import part
from nofb.papers.study import Study

STUDY = Study(
    "meulemans2020",
    "Meulemans et al. 2020: steps between the gradient and Gauss-Newton, on Fashion-MNIST",
    "two minutes on two idle cores; with --full days",
    ("fashion_small",),
    (part("laptop"),),
)
STUDY = replace(STUDY, full=replace(STUDY, data=("fashion_mnist",), parts=(part("full"),)))
