"""From Shakespeare to source code: a causal language model is steered to another text.

The language half of the paper steers LLaMA to instructions; here it is a model of four blocks that
reads characters. td needs the end of pass 1 at the same token only, so that nothing of the future
is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from nofb import datasets, seeds
from nofb.datasets import PRINTABLE, Dataset
from nofb.network import Network
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
from nofb.transfer import pretrained

HEADING = "From Shakespeare to Python source: 5,000 sequences of 64 characters"
EPOCHS, SEEDS, N = 4, 3, 5_000
CASES = {
    "linear": Case("linear", 1e-2),
    "fine-tuning": Case("finetune", 3e-3),
    "LoRA": Case("lora", 1e-2),
    "prompts": Case("prompts", 1e-2),
    "TOAST": Case("toast", 3e-3),
    "TOAST-Lite": Case("toast_lite", 1e-2),
}
NOTE = (
    "Loss on the test sequences, whose modules are not those of the training sequences, in nats "
    "for each character (bits are nats / 0.693): means over seeds, ± the standard deviation of "
    "one; a seed draws the sequences, the start and the order. The head begins as the backbone's. "
    "The text is that of the Python that ran. Nothing was pre-tuned, and no rate was chosen by "
    "these numbers. Mask is m's mean over tokens, and td its root mean square in each block."
)


def tasks(epochs: int | None = None) -> list[dict[str, Any]]:
    """Return a run for each method and seed, none longer than `epochs`.

    Examples
    --------
    >>> tasks(epochs=2)[1]
    {'part': 'language', 'method': 'fine-tuning', 'seed': 0, 'epochs': 2}
    """
    return training.tasks("language", CASES, SEEDS, EPOCHS, epochs)


@cache
def code() -> Dataset:
    """Return all source code."""
    return datasets.python_source()


def data(seed: int) -> Dataset:
    """Return 5,000 training sequences, others for each seed, and all test sequences."""
    whole = code()
    rows = seeds.generator(seed, "order", 1).permutation(len(whole.x_train))[:N]
    given = whole.x_train[rows], whole.y_train[rows], whole.x_test, whole.y_test
    return Dataset(*given, name=whole.name, vocabulary=PRINTABLE)


@cache
def backbone() -> Network:
    """Return the reader of Shakespeare; every model copies it."""
    return pretrained.backbone("language")


def language(task: Task, callbacks: Sequence[AfterEpoch] = ()) -> dict[str, Any]:
    """Train once; return the losses before and after each epoch."""
    case, given = CASES[task["method"]], data(task["seed"])
    net = made(case, backbone(), len(PRINTABLE), task["seed"])
    before = net.loss(given.x_test, given.y_test)
    run = train(net, given, case.lr, task["seed"], task["epochs"], callbacks)
    if not run.history.epochs:  # diverged in the first one
        return {"stopped": run.stopped}
    result = {
        "stopped": run.stopped,
        "parameters": net.trained_parameters,
        "before": round(before, 5),
        "test_loss": run.history["test_loss"].round(5).tolist(),
        "test_accuracy": run.history["test_accuracy"].round(5).tolist(),
        "seconds": round(float(np.sum(run.history["seconds"])), 1),
    }
    return result | steering(net, given)


def tables(records: Sequence[Record]) -> dict[str, Rows]:
    """Return a row for each method."""
    rows = [["method", "rate", "learn", "seeds", "loss before", "loss after", "right %", "mask",
             "td"]]  # fmt: skip
    for method, runs in by_method(records).items():
        rows.append([
            method, f"{CASES[method].lr:g}", f"{runs[0]['parameters']:,}", str(len(runs)),
            spread([run["before"] for run in runs], 3),
            spread([run["test_loss"][-1] for run in runs], 3),
            spread([100 * run["test_accuracy"][-1] for run in runs], 1),
            listed(runs, "mask"), listed(runs, "td"),
        ])  # fmt: skip
    return {HEADING: rows}


def note(records: Sequence[Record]) -> str:
    """Say what the numbers are."""
    return NOTE


def lines(records: Sequence[Record]) -> Rows:
    """Return a line for each run."""
    rows = [["method", "seed", "parameters", "before", "test_loss", "test_accuracy", "mask"]]
    for record in records:
        task, result = record["task"], record["result"]
        ends = [result[name][-1] for name in ("test_loss", "test_accuracy")]
        values = [task["method"], task["seed"], result["parameters"], result["before"], *ends]
        rows.append([short(value) for value in [*values, result["mask"]]])
    return rows


PART = Part(
    "language", tasks, language, tables, lines, numbers="language", note=note,
    by_epoch=("test_loss", "test_accuracy"),
)  # fmt: skip
