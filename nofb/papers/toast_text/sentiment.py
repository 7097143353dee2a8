"""Praise or blame: MiniLM, which was trained to tell what sentences are about, is asked for more.

What the head reads is the mean of all tokens, as in MiniLM's own embeddings.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from nofb import datasets
from nofb.datasets import Dataset
from nofb.network import Network
from nofb.networks import minilm
from nofb.papers.study import Part, Record, Rows, Task, short
from nofb.papers.toast_text import training
from nofb.papers.toast_text.training import (
    Case,
    by_method,
    listed,
    made,
    spread,
    steering,
    train,
)
from nofb.training.callbacks import AfterEpoch

HEADING = "Praise or blame of films: MiniLM, 1,200 sentences"
EPOCHS, SEEDS = 3, 5
CASES = {
    "linear": Case("linear", 1e-2),
    "fine-tuning": Case("finetune", 1e-4),
    "LoRA": Case("lora", 3e-3),
    "prompts": Case("prompts", 1e-2),
    "TOAST": Case("toast", 1e-3),
    "TOAST-Lite": Case("toast_lite", 3e-3),
}
NOTE = (
    "Accuracy on 400 test sentences after 3 epochs: means over seeds, ± the standard deviation of "
    "one; a seed draws the start and the order. 400 sentences leave an error of ±2. Nothing was "
    "pre-tuned, and no rate was chosen by these numbers. Mask is m's mean over tokens, padding "
    "too, and td the root mean square of td in each block."
)


def tasks(epochs: int | None = None) -> list[dict[str, Any]]:
    """Return a run for each method and seed, none longer than `epochs`.

    Examples
    --------
    >>> tasks(epochs=2)[0]
    {'part': 'sentiment', 'method': 'linear', 'seed': 0, 'epochs': 2}
    """
    return training.tasks("sentiment", CASES, SEEDS, EPOCHS, epochs)


@cache
def reviews() -> Dataset:
    """Return the sentences."""
    return datasets.load("movie_reviews")


@cache
def backbone() -> Network:
    """Return MiniLM; every model copies it."""
    return minilm.load(length=reviews().x_train.shape[1])


def sentiment(task: Task, callbacks: Sequence[AfterEpoch] = ()) -> dict[str, Any]:
    """Train once; return the accuracies, and how strongly the end is steered."""
    case = CASES[task["method"]]
    net = made(case, backbone(), 2, task["seed"])
    run = train(net, reviews(), case.lr, task["seed"], task["epochs"], callbacks)
    if not run.history.epochs:  # diverged in the first one
        return {"stopped": run.stopped}
    result = {
        "stopped": run.stopped,
        "parameters": net.trained_parameters,
        "test_accuracy": run.history["test_accuracy"].round(5).tolist(),
        "train_accuracy": run.history["train_accuracy"].round(5).tolist(),
        "seconds": round(float(np.sum(run.history["seconds"])), 1),
    }
    return result | steering(net, reviews())


def tables(records: Sequence[Record]) -> dict[str, Rows]:
    """Return a row for each method."""
    rows = [["method", "rate", "learn", "seeds", "test accuracy %", "training %", "mask", "td"]]
    for method, runs in by_method(records).items():
        test, training = (
            [100 * run[name][-1] for run in runs] for name in ("test_accuracy", "train_accuracy")
        )
        rows.append([
            method, f"{CASES[method].lr:g}", f"{runs[0]['parameters']:,}", str(len(runs)),
            spread(test, 1), spread(training, 1), listed(runs, "mask"), listed(runs, "td"),
        ])  # fmt: skip
    return {HEADING: rows}


def note(records: Sequence[Record]) -> str:
    """Say what the numbers are."""
    return NOTE


def lines(records: Sequence[Record]) -> Rows:
    """Return a line for each run."""
    rows = [["method", "seed", "parameters", "test_accuracy", "train_accuracy", "mask"]]
    for record in records:
        task, result = record["task"], record["result"]
        ends = [result[name][-1] for name in ("test_accuracy", "train_accuracy")]
        values = [task["method"], task["seed"], result["parameters"], *ends, result["mask"]]
        rows.append([short(value) for value in values])
    return rows


PART = Part(
    "sentiment", tasks, sentiment, tables, lines, numbers="sentiment", note=note,
    by_epoch=("test_accuracy", "train_accuracy"),
)  # fmt: skip
