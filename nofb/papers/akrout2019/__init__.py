"""Akrout et al. 2019, "Deep Learning without Weight Transport": their logs, and our runs.

Their released code trains 784-500-10 logistic units on MNIST with backprop, feedback alignment, the
weight mirror and Kolen-Pollack, and keeps a log of each: `published.csv`.
"""

from nofb.papers.akrout2019 import paper, released
from nofb.papers.study import Study

STUDY = Study(
    "akrout2019",
    "Akrout et al. 2019: weight mirrors and Kolen-Pollack on MNIST, 784-500-10",
    "an hour on one core",
    ("mnist",),
    (released.part_on("mnist"), paper.PART),
    key="form",
    others={
        "cifar10": Study(
            "akrout2019_cifar10",
            "Akrout et al. 2019: weight mirrors and Kolen-Pollack on CIFAR-10, 3072-1000-10",
            "half an hour on one core",
            ("cifar10_jpeg",),
            (released.part_on("cifar10"),),
            key="form",
        )
    },
)
