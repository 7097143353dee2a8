"""ResNet-18 on ImageNet, as a reader with a cluster would run it with nofb and dask.

`python -m nofb.papers.residual.imagenet DATA --cluster tcp://ADDRESS:8786 --out FOLDER` runs every
rule and seed on the workers of a dask scheduler. Finished runs are in FOLDER, and the same command
resumes there. DATA is a folder, on each machine, with x_train.npy and x_test.npy of (N, 3, side,
side) and y_train.npy and y_test.npy. It was tried here with random images only.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from nofb import SGD, schedules
from nofb.datasets import Dataset
from nofb.layers import Activation, AvgPool2D, Block, Dense, Layer, MaxPool2D
from nofb.network import Network
from nofb.networks.resnet import convolution, residual
from nofb.papers.residual.errors import RULES
from nofb.papers.resuming import resumed
from nofb.report.failures import failure
from nofb.rules import make
from nofb.runs.grid import run_grid
from nofb.runs.run_log import LOG

WIDTHS = 64, 128, 256, 512  # maps in each of four stages, of two residual blocks each
SAMPLES, CLASSES, SIDE = 1_281_167, 1000, 224
EPOCHS, BATCH, SEEDS, RATE = 90, 256, 1, 0.1  # as for ImageNet in He et al. 2016


def resnet18(side: int = SIDE, classes: int = CLASSES, seed: int = 0) -> Network:
    """Return ResNet-18 for images of `side` x `side` pixels.

    Its first pooling has no padding, so that maps are 55 pixels wide where the paper's have 56.

    Examples
    --------
    >>> len(resnet18(64, 10).weighted)  # 18 and three shortcuts
    21
    """
    first = convolution(3, WIDTHS[0], size=7, stride=2)
    layers: list[Layer | Block] = [*first, Activation("relu"), MaxPool2D(3, 2)]
    for below, width in pairwise((WIDTHS[0], *WIDTHS)):
        layers += [residual(below, width), residual(width, width)]
    layers += [AvgPool2D(), Dense(WIDTHS[-1], classes)]
    return Network(layers, seed=seed, input_shape=(3, side, side))


def tasks(data: Path, epochs: int = EPOCHS, batch: int = BATCH) -> list[dict[str, Any]]:
    """Return every run, with the folder of its data."""
    given = {"data": str(data), "epochs": epochs, "batch": batch}
    return [{"rule": rule, "seed": seed, **given} for seed in range(SEEDS) for rule in RULES]


def load(folder: Path) -> Dataset:
    """Return the data set of a folder."""
    x_train, x_test = (
        np.load(folder / f"x_{split}.npy", mmap_mode="r")  # the data set makes the only copy
        for split in ("train", "test")
    )
    y_train, y_test = (np.load(folder / f"y_{split}.npy") for split in ("train", "test"))
    return Dataset(x_train, y_train, x_test, y_test, name="imagenet")


def work(out: Path, task: Mapping[str, Any]) -> dict[str, Any]:
    """Do one run on a worker; a run that is stopped is resumed from its checkpoint."""
    images = load(Path(task["data"]))
    run = resumed(
        task,
        out,
        every=1,
        net=resnet18(images.x_train.shape[-1], images.n_outputs, task["seed"]),
        rule=make(task["rule"]),
        data=images,
        epochs=task["epochs"],
        batch_size=task["batch"],
        optimizer=SGD(RATE, momentum=0.9, schedule=schedules.cosine()),
        seed=task["seed"],
    )
    if not run.history.epochs:  # diverged in the first one
        return {"stopped": run.stopped}
    return {"stopped": run.stopped, "test_accuracy": run.history["test_accuracy"].tolist()}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run everything that is not in the folder yet."""
    parser = argparse.ArgumentParser(prog="python -m nofb.papers.residual.imagenet")
    parser.add_argument("data", type=Path)
    parser.add_argument("--cluster", metavar="ADDRESS")
    parser.add_argument("--out", type=Path, default=Path("nofb-imagenet"))
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--batch-size", type=int, default=BATCH)
    given = parser.parse_args(arguments)
    given.out.mkdir(parents=True, exist_ok=True)
    runs = tasks(given.data, given.epochs, given.batch_size)
    do = partial(work, given.out)
    for record in run_grid(do, runs, cluster=given.cluster, log=given.out / LOG):
        print(record["task"], failure(record) or record["result"]["test_accuracy"][-1])


if __name__ == "__main__":
    main()
