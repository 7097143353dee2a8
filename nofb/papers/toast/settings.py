"""The settings: a task, the methods with their rates, and their training.

Rates, options and training of transfer are those of `nofb transfer --task vision_mnist`. The
training of the backbone and of the path was chosen here, see `docs/steering.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from nofb import rules, seeds, transfer
from nofb.datasets import Dataset, composites
from nofb.datasets.composites import Composites
from nofb.network import Network
from nofb.training import Run, fit
from nofb.training.interrupts import end_everything
from nofb.transfer import Toast, Transferred, pretrained, tasks
from nofb.transfer.tasks import BATCH_SIZE, COLUMNS, MIDDLE, optimizer
from nofb.types import Array

EPOCHS, N = tasks.EPOCHS, tasks.SAMPLES
RATES = tasks.TASKS["vision_mnist"].rates
TITLES = {
    "linear": "linear",
    "linear_all": "linear on all tokens",
    "finetune": "fine-tuning",
    "lora": "LoRA",
    "prompts": "VPT",
    "toast": "TOAST",
    "toast_lite": "TOAST-Lite",
    "toast_new": "TOAST not pre-tuned",
}


@dataclass(frozen=True)
class Case:
    """A row of the table: a method, its rate and options, and whether it starts pre-tuned."""

    method: str
    lr: float
    options: Mapping[str, Any] = field(default_factory=dict)
    pretuned: bool = False


CASES = {
    title: Case(row.method, RATES[name], row.options, row.pretuned)
    for name, title in TITLES.items()
    for row in [tasks.CASES[name]]
}


@cache
def splits() -> tuple[Composites, Composites]:
    """Return the training and the test composites, with the side of every garment."""
    return composites.load(composites.TRANSFER)


@cache
def backbone() -> Network:
    """Return the pretrained network; every model copies it."""
    return pretrained.backbone("vision")


@cache
def pretuned() -> Toast:
    """Return the TOAST with the pre-tuned feedback path."""
    return pretrained.pretuned(backbone(), "vision")


def data(n: int, seed: int) -> Dataset:
    """Return n training samples, different ones for each seed, and all 2,000 test samples."""
    train, test = splits()
    rows = seeds.generator(seed, "order", 1).permutation(len(train.images))[:n]
    images = [each / np.float32(255) for each in (train.images[rows], test.images)]
    garments = train.garments[rows], test.garments
    return Dataset(images[0], garments[0], images[1], garments[1], "composites")


def model(case: Case, seed: int) -> Transferred:
    """Return the model of a case before training."""
    start = pretuned() if case.pretuned else None
    return transfer.make(case.method, backbone(), 10, seed, start, **case.options)


@end_everything()
def train(
    net: Transferred, given: Dataset, lr: float, rule: str, seed: int, epochs: int, **options: Any
) -> Run:
    """Train a model, with the same settings for all."""
    return fit(
        net, rules.make(rule), given, epochs, BATCH_SIZE, optimizer(lr), seed,
        progress=False, **options,
    )  # fmt: skip


def on_garment(attention: Array) -> list[float]:
    """Return how much the class token of each block attends to the garment's half, test means.

    Parameters
    ----------
    attention
        The attention of the test samples (blocks, N, T, T), with the patches last among the tokens.
    """
    weights = attention[:, :, 0]  # (blocks, N, T), of the class token
    patches = weights[..., -2 * COLUMNS :]
    right = np.arange(2 * COLUMNS) % COLUMNS >= MIDDLE
    here = splits()[1].right[: weights.shape[1], None] == right  # (N, patches)
    shares = np.where(here, patches, 0).sum(axis=2, dtype=np.float64).mean(axis=1)
    found: list[float] = shares.round(4).tolist()
    return found
