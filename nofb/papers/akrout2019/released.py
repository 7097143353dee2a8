"""The runs as in the released code, with its errors: 400 epochs, to compare with their logs.

Only these runs of nofb have:

    biases are divided by N twice, so they learn N times more slowly   BiasesDividedTwice
    batches in the order of the files, the last 96 samples left out    shuffle=False, whole_batches
    weights, biases and feedback are N(0, 1 / (n_l + n_{l-1}))         gaussian, draw_biases
    the mirror is raw, uniform and without bound; no decay             wm_released, kp_released
    the teaching signal's angle is that on the first training sample   probe

Left out: B_1, which their code learns and logs but never uses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nofb import seeds
from nofb.datasets import Dataset
from nofb.initialisers import scaled
from nofb.layers import Dense
from nofb.network import Network
from nofb.optimizers import SGD, Plan
from nofb.papers.akrout2019 import logs, training
from nofb.papers.akrout2019.logs import MEASURES, NAMES, RULES, Curves, as_text, published
from nofb.papers.study import Part, Record, Rows, Task
from nofb.rules import Rule, make
from nofb.training.callbacks import AfterEpoch
from nofb.types import Array

if TYPE_CHECKING:
    from nofb.plots import Picture

SEEDS, EPOCHS = 1, 400
SHOWN = (1, 2, 5, 10, 20, 50, 100, 200, 400)  # epochs
BATCH = training.RUN.batch_size
RATES = {"bp": 0.2, "fa": 0.2, "wm": 0.05, "kp": 0.3}
gaussian = scaled("xavier", np.sqrt(0.5))  # N(0, 1 / (n_in + n_out))


def tasks(epochs: int | None = None) -> list[dict[str, Any]]:
    """Return every run, none longer than `epochs`.

    Examples
    --------
    >>> tasks(epochs=2)[0]
    {'form': 'released', 'rule': 'bp', 'seed': 0, 'epochs': 2}
    """
    return training.tasks("released", SEEDS, EPOCHS, epochs)


class BiasesDividedTwice(SGD):
    """Plain gradient descent in which a bias's mean over the batch is divided by N once more."""

    def plan(self, name: str, W: Array) -> Plan:
        kernel, averages, (lr, *rest) = super().plan(name, W)
        return kernel, averages, (lr / BATCH if W.ndim == 1 else lr, *rest)


def train(task: Task, folder: Path, callbacks: Sequence[AfterEpoch] = ()) -> dict[str, Any]:
    """Do one run, with a checkpoint in the folder."""
    run = training.RUN.replace(seed=task["seed"])
    given = as_released(task["rule"], task["seed"], run.load())
    return training.resumed(run, task, folder, callbacks=callbacks, **given)


def as_released(rule: str, seed: int, data: Dataset) -> dict[str, Any]:
    """Return the arguments of `nofb.fit` for one run as in the authors' code."""
    layers = [Dense(784, 500, "logistic", init=gaussian), Dense(500, 10, init=gaussian)]
    net = Network(layers, loss="binary_cross_entropy", seed=seed)
    draw_biases(net, seed)
    return {
        "net": net,
        "rule": released_rule(rule),
        "data": whole_batches(data),
        "optimizer": BiasesDividedTwice(lr=RATES[rule]),
        "shuffle": False,
        "probe": (data.x_train[:1], data.y_train[:1]),
    }


def released_rule(rule: str) -> Rule:
    """Return the released rule, with feedback from the same distribution as the weights."""
    if rule == "bp":
        return make("bp")
    return make({"wm": "wm_released", "kp": "kp_released"}.get(rule, rule), feedback_init=gaussian)


def draw_biases(net: Network, seed: int) -> None:
    """Draw every bias from N(0, 1 / (n_l + n_{l-1})), like the weights."""
    rng = seeds.generator(seed, "weights", 1)  # not the stream of the weights
    for layer in net.weighted:
        layer.b = gaussian(rng, layer.n_in, layer.n_out)[0].astype(net.dtype)


def whole_batches(data: Dataset) -> Dataset:
    """Return the data set without the training samples of the last, incomplete batch."""
    rows = slice(len(data.x_train) // BATCH * BATCH)
    return Dataset(data.x_train[rows], data.y_train[rows], data.x_test, data.y_test, data.name)


def tables(records: Sequence[Record]) -> dict[str, Rows]:
    """Return a row for each rule and shown epoch: the authors' value / ours, of each measure."""
    runs = logs.by_rule(records)
    return {f"As released, {logs.extent(runs)}: the authors' log / nofb": against_log(runs)}


def against_log(runs: Mapping[str, Sequence[Curves]]) -> list[list[str]]:
    """Return a row for each rule and shown epoch: the authors' value / ours, of each measure."""
    rows = [["rule", "epoch", *(NAMES[measure] for measure in MEASURES)]]
    for rule, found in runs.items():
        log, run = published(rule), found[0]
        for epoch in SHOWN:
            if epoch <= len(run["loss"]):
                pairs = [_pair(measure, log, run, epoch) for measure in MEASURES]
                rows.append([rule, str(epoch), *pairs])
    return rows


def _pair(measure: str, log: Curves, run: Curves, epoch: int) -> str:
    pair = [as_text(measure, each[measure][epoch - 1]) for each in (log, run) if measure in each]
    return " / ".join(pair) if len(pair) == 2 else "-"


def lines(records: Sequence[Record]) -> Rows:
    """Return every number, the authors' ones first."""
    authors = {rule: [published(rule)] for rule in RULES}
    return logs.lines("authors", authors) + logs.lines("released", logs.by_rule(records))[1:]


def figure(records: Sequence[Record]) -> Picture:
    """Draw the four measures over epochs, the authors' curves and ours."""
    from nofb.papers.akrout2019.figure import akrout2019  # late: matplotlib loads slowly

    return akrout2019(logs.by_rule(records), {rule: published(rule) for rule in RULES})


PART = Part(
    "released",
    tasks,
    train,
    tables,
    lines,
    numbers="akrout2019",
    figure=figure,
    image="released",
    by_epoch=MEASURES,
    resumes=True,
)
