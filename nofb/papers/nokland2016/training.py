"""How every run of this paper is done: batches of 64, with a checkpoint in the study's folder."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from nofb import datasets
from nofb.datasets import Dataset
from nofb.network import Network
from nofb.optimizers import RMSprop
from nofb.papers.nokland2016.rows import BATCH, Row
from nofb.papers.resuming import resumed
from nofb.papers.study import Task
from nofb.rules import make
from nofb.training import DivergenceWarning, Run
from nofb.training.callbacks import AfterEpoch


@cache
def load(row: Row) -> Dataset:
    """Return a row's data: pixels in [0, 1]; for convolutions images, whitened."""
    data = datasets.load(row.data)
    return data.whitened().as_images() if row.convolutions else data.flat()


def trained(
    task: Task,
    folder: Path,
    row: Row,
    net: Network,
    optimizer: RMSprop,
    callbacks: Sequence[AfterEpoch],
    **more: Any,
) -> Run:
    """Train the network of a task as its row has it; `more` is for `resumed`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DivergenceWarning)  # `stopped` says it
        return resumed(
            task,
            folder,
            net=net,
            rule=make(task["rule"]),
            data=load(row),
            epochs=task["epochs"],
            batch_size=BATCH,
            optimizer=optimizer,
            seed=task["seed"],
            probe=0,
            callbacks=callbacks,
            **more,
        )
