"""What the trained parts have in common: five hidden layers on MNIST, as Meulemans et al. 2020."""

from __future__ import annotations

from nofb import datasets
from nofb.datasets import Dataset
from nofb.experiments.settings import Settings

SETTINGS = Settings(
    data="mnist", hidden=(256,) * 5, optimizer="adam", lr=1e-3, input_dropout=0.0, batch_size=128
)


def load(name: str) -> Dataset:
    """Return a data set with samples as rows, and pixels from 0 to 1."""
    return datasets.load(name).flat()
