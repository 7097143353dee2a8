"""An epoch of Akrout et al.'s released NumPy code, compared with nofb's released form.

`python -m benchmarks.akrout CHECKOUT` takes a checkout of
github.com/makrout/Deep-Learning-without-Weight-Transport and uses MNIST from `NOFB_DATA_DIR`. An
epoch is everything that the code does for one: training, evaluation on the test split, and the
logged angles.
"""

from __future__ import annotations

import importlib
import io
import statistics
import sys
import tempfile
import time
from contextlib import redirect_stdout

import numpy as np
from threadpoolctl import threadpool_limits

from nofb import datasets, fit, threads
from nofb.datasets import Dataset
from nofb.papers.akrout2019.logs import RULES
from nofb.papers.akrout2019.released import BATCH, RATES, as_released
from nofb.training import Run

EPOCHS = 3
SIZES = [784, 500, 10]


def theirs(rule: str, data: Dataset, count: int, folder: str):
    """Return a function that runs one epoch of the authors' code, which is in double precision."""
    name = f"FCNN_{rule.upper()}"
    net = getattr(importlib.import_module(f"fcnn.{name}"), name)(SIZES, folder)
    x_train, x_test = data.x_train.astype("float32"), data.x_test.astype("float32")
    one_hot = np.eye(10, dtype="float32")
    options = {"batch_size": BATCH, "learning_rate": RATES[rule], "test_frequency": 1}
    splits = x_train, one_hot[data.y_train], x_test, one_hot[data.y_test]

    def epoch() -> None:
        with redirect_stdout(io.StringIO()), threadpool_limits(count, "blas"):
            net.train(*splits, epochs=1, **options)

    return epoch


def race(rule: str, data: Dataset, count: int) -> list[tuple[float, float]]:
    """Return the seconds of each epoch, theirs and ours, measured alternately."""
    laps = list[tuple[float, float]]()
    ours = {"batch_size": BATCH, "progress": False, **as_released(rule, 0, data)}
    with tempfile.TemporaryDirectory() as folder:
        epoch = theirs(rule, data, count, folder)

        def lap(run: Run) -> None:
            """Run one of their epochs after each of ours."""
            nonlocal start
            end = time.perf_counter()
            epoch()
            laps.append((time.perf_counter() - end, end - start))
            start = time.perf_counter()

        with threads.team(count):
            start = time.perf_counter()
            fit(epochs=EPOCHS + 1, callbacks=[lap], **ours)
    return laps[1:]  # the first one of ours also prepared the run


def main(checkout: str) -> None:
    """Print the median seconds of an epoch, for each rule and number of threads."""
    sys.path.insert(0, checkout)
    data = datasets.load("mnist").flat()
    print("| threads | rule | theirs, s | nofb, s | ratio |\n|---|---|---|---|---|")
    for count in (1, 2):
        for rule in RULES:
            their, our = map(statistics.median, zip(*race(rule, data, count), strict=True))
            print(f"| {count} | {rule} | {their:.2f} | {our:.2f} | {their / our:.1f} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
