"""Akrout et al.'s claim at our scale: do mirrors and Kolen-Pollack teach a residual network?"""

from nofb.papers.residual import errors
from nofb.papers.study import Study

STUDY = Study(
    "residual",
    "ResNet-8 on CIFAR-10: feedback alignment, sign-symmetry, mirrors, Kolen-Pollack, backprop",
    "five hours on one core",
    ("cifar10_jpeg",),
    (errors.PART,),
)
