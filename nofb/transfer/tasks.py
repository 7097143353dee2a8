"""The tasks of `nofb transfer`: samples, the backbone, and the learning rate of each method.

A case is a method with its options, a row of a table. The rates are from an earlier study in
PyTorch; none was chosen on these test samples.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from nofb import checks, seeds
from nofb.datasets import Dataset, composites
from nofb.network import Network
from nofb.transfer import METHODS, pretrained
from nofb.transfer.toast import Toast
from nofb.types import Array

ACCURACY, BITS = "test accuracy", "bits per character"
SAMPLES, EPOCHS, BATCH_SIZE = 2_000, 12, 32
COLUMNS, MIDDLE = 4, 2  # of the patches of a composite: the first two of each row are on the left
GARMENTS = ("T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker",
            "bag", "ankle boot")  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A row of the table.

    Attributes
    ----------
    method, options
        As for `nofb.transfer.make`.
    pretuned
        Whether it starts from the pre-tuned feedback path, if there is one.
    note
        An addition to its title.
    """

    method: str
    options: Mapping[str, Any] = field(default_factory=dict)
    pretuned: bool = False
    note: str = ""

    @property
    def title(self) -> str:
        """Its name in tables and legends."""
        return METHODS[self.method].title + self.note


CASES = {
    "linear": Case("linear"),
    "linear_all": Case("linear", {"all_tokens": True}, note=", all tokens"),
    "finetune": Case("finetune"),
    "lora": Case("lora"),
    "prompts": Case("prompts"),
    "toast": Case("toast", pretuned=True),
    "toast_lite": Case("toast_lite", pretuned=True),
    "toast_new": Case("toast", note=", not pre-tuned"),
}


@dataclass(frozen=True)
class TransferTask:
    """A task, and the backbone to start from.

    Attributes
    ----------
    name, title
        Its short name, and its question.
    what
        The source of its samples, in a sentence.
    load
        Returns all samples.
    backbone
        Returns the frozen network.
    pretuned
        Returns the TOAST with the pre-tuned feedback path of a backbone, if there is one.
    rates
        The learning rate of each case that fits.
    marks
        Returns which patches of the test images show the object of the question (n, patches).
    grid
        The numbers of rows and columns of patches, for images.
    measure
        `ACCURACY` or `BITS`.
    samples
        The default number of training samples.
    labels
        The names of the classes.
    asked
        The name of the object that `marks` marks, one word.
    """

    name: str
    title: str
    what: str
    load: Callable[[], Dataset]
    backbone: Callable[[], Network]
    pretuned: Callable[[Network], Toast] | None
    rates: Mapping[str, float]
    marks: Callable[[], Array] | None = None
    grid: tuple[int, int] | None = None
    measure: str = ACCURACY
    samples: int = SAMPLES
    labels: tuple[str, ...] = ()
    asked: str = ""

    def drawn(self, data: Dataset, n: int, seed: int) -> Dataset:
        """Return n training samples, different ones for each seed, and all test samples.

        Raises
        ------
        ValueError
            If there are fewer.
        """
        found = len(data.x_train)
        if checks.whole("samples", n) > found:
            raise ValueError(f"samples is {n}, but {self.name} has {found} for training")
        rows = seeds.generator(seed, "order", 1).permutation(found)[:n]
        return replace(data, x_train=data.x_train[rows], y_train=data.y_train[rows])


def sides(name: str) -> Array:
    """Return which patches of each test composite are on the garment's side (n, patches).

    Examples
    --------
    >>> sides("composites_small")[0].astype(int)
    array([1, 1, 0, 0, 1, 1, 0, 0])
    """
    right = np.arange(2 * COLUMNS) % COLUMNS >= MIDDLE
    return composites.load(name)[1].right[:, None] == right


def _composites(name: str, data: str, what: str) -> TransferTask:
    from nofb import datasets

    rates = {
        "linear": 3e-2, "linear_all": 1e-2, "finetune": 3e-3, "lora": 3e-2, "prompts": 1e-2,
        "toast": 1e-2, "toast_lite": 3e-2, "toast_new": 1e-2,
    }  # fmt: skip
    return TransferTask(
        name, "name the garment beside a digit", what,
        lambda: datasets.load(data).as_images(), lambda: pretrained.backbone("vision"),
        pretrained.pretuned, rates, lambda: sides(data), (2, COLUMNS),
        labels=GARMENTS, asked="garment",
    )  # fmt: skip


TASKS = {
    task.name: task
    for task in (
        _composites(
            "vision", "composites_small",
            "Digits of UCI optdigits beside garments of Fashion-MNIST, all of which come with "
            "nofb: 2,000 for training and 500 for testing.",
        ),
        _composites(
            "vision_mnist", "composites",
            "Digits of MNIST beside garments of Fashion-MNIST, none of which the backbone was "
            "trained on: up to 8,000 for training and 2,000 for testing.",
        ),
    )
}  # fmt: skip
DEFAULT = ("linear", "linear_all", "finetune", "lora", "prompts", "toast", "toast_lite")
