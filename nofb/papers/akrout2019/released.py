"""The runs as in the released code, with its errors: 400 epochs, to compare with their logs.

Only these runs of nofb have:

    biases are divided by N twice, so they learn N times more slowly   BiasesDividedTwice
    batches in a fixed order, that of the files, or `mixed`            shuffle=False
    samples that fill no batch left out, 96 on MNIST                   whole_batches
    weights, biases and feedback are N(0, 1 / (n_l + n_{l-1}))         gaussian, draw_biases
    the mirror is raw, uniform and without bound; no decay             wm_released, kp_released
    the teaching signal's angle is that on the first training sample   probe

Left out: B_1, which their code learns and logs but never uses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
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
from nofb.papers.compared import Compared
from nofb.papers.published import Published
from nofb.papers.study import Part, Record, Rows, Task
from nofb.rules import Rule, make
from nofb.runs.specification import Specification
from nofb.training.callbacks import AfterEpoch
from nofb.types import Array

if TYPE_CHECKING:
    from nofb.plots import Picture

SEEDS = 1
LAST = 10  # epochs
BESIDE = {  # the name, factor and offset of a measure, and how far ours may always be from theirs
    "test_accuracy": ("test error %", -100.0, 100.0, 0.15),
    "weight_angle": ("B to Wᵀ, degrees", 1.0, 0.0, 3.0),
    "delta_angle": ("signal to backprop's, degrees", 1.0, 0.0, 3.0),
}
SHOWN = (1, 2, 5, 10, 20, 50, 100, 200, 400)  # epochs
gaussian = scaled("xavier", np.sqrt(0.5))  # N(0, 1 / (n_in + n_out))


@dataclass(frozen=True)
class Setting:
    """What the authors' code is run on.

    Attributes
    ----------
    data, hidden
        The data set, and the units of the hidden layer.
    rates
        The learning rate of each rule.
    log
        The file of the authors' own log.
    mirror_steps
        How many steps the mirror takes before training, one for each batch of an epoch there.
    epochs
        How many are run.
    batch_size
        Of the samples, and of the mirror's noise.
    mixed
        Whether the training samples are put into a random order, the same for every rule and
        epoch: for files that lost the order of the authors' files.
    """

    data: str
    hidden: int
    rates: Mapping[str, float]
    log: str
    mirror_steps: int
    epochs: int
    batch_size: int = 128
    mixed: bool = False

    @property
    def run(self) -> Specification:
        """What is trained."""
        hidden = (self.hidden,)
        return training.RUN.replace(data=self.data, hidden=hidden, batch_size=self.batch_size)


MNIST = Setting("mnist", 500, {"bp": 0.2, "fa": 0.2, "wm": 0.05, "kp": 0.3}, "published.csv",
                mirror_steps=468, epochs=400)  # fmt: skip
CIFAR10 = Setting("cifar10_jpeg", 1000, {"bp": 0.2, "fa": 0.2, "wm": 0.05, "kp": 0.3},
                  "published_cifar10.csv", mirror_steps=390, epochs=50, mixed=True)  # fmt: skip
SETTINGS = {"mnist": MNIST, "cifar10": CIFAR10}


def tasks(data: str, epochs: int | None = None) -> list[dict[str, Any]]:
    """Return every run on MNIST or on CIFAR-10, none longer than `epochs`.

    Examples
    --------
    >>> tasks("mnist", epochs=2)[0]
    {'form': 'released', 'rule': 'bp', 'seed': 0, 'epochs': 2}
    """
    found = training.tasks("released", SEEDS, SETTINGS[data].epochs, epochs)
    return found if data == "mnist" else [{**task, "data": data} for task in found]


def setting_of(task: Task) -> Setting:
    """Return what a run is run on; kept runs on MNIST do not say it."""
    return SETTINGS[task.get("data", "mnist")]


@dataclass
class BiasesDividedTwice(SGD):
    """Plain gradient descent in which a bias's mean over the batch is divided by N once more."""

    batch_size: int = 128

    def plan(self, name: str, W: Array) -> Plan:
        kernel, averages, (lr, *rest) = super().plan(name, W)
        return kernel, averages, (lr / self.batch_size if W.ndim == 1 else lr, *rest)


def train(task: Task, folder: Path, callbacks: Sequence[AfterEpoch] = ()) -> dict[str, Any]:
    """Do one run; the folder keeps its checkpoint."""
    setting = setting_of(task)
    run = setting.run.replace(seed=task["seed"])
    given = as_released(task["rule"], task["seed"], run.load(), setting)
    return training.resumed(run, task, folder, callbacks=callbacks, **given)


def as_released(rule: str, seed: int, data: Dataset, setting: Setting = MNIST) -> dict[str, Any]:
    """Return what `nofb.fit` is given for one run, that it is done as the authors' code does it."""
    data = mixed(data) if setting.mixed else data
    pixels, hidden, batch = data.x_train.shape[1], setting.hidden, setting.batch_size
    layers = [Dense(pixels, hidden, "logistic", init=gaussian), Dense(hidden, 10, init=gaussian)]
    net = Network(layers, loss="binary_cross_entropy", seed=seed)
    draw_biases(net, seed)
    return {
        "net": net,
        "rule": released_rule(rule, setting.mirror_steps),
        "data": whole_batches(data, batch),
        "optimizer": BiasesDividedTwice(lr=setting.rates[rule], batch_size=batch),
        "shuffle": False,
        "probe": (data.x_train[:1], data.y_train[:1]),
    }


def released_rule(rule: str, mirror_steps: int) -> Rule:
    """Return the rule as it was released, with feedback drawn as the weights are."""
    if rule == "bp":
        return make("bp")
    if rule == "wm":
        return make("wm_released", feedback_init=gaussian, steps_before=mirror_steps)
    return make("kp_released" if rule == "kp" else rule, feedback_init=gaussian)


def draw_biases(net: Network, seed: int) -> None:
    """Draw every bias from N(0, 1 / (n_l + n_{l-1})), like the weights."""
    rng = seeds.generator(seed, "weights", 1)  # not the stream of the weights
    for layer in net.weighted:
        layer.b = gaussian(rng, layer.n_in, layer.n_out)[0].astype(net.dtype)


def mixed(data: Dataset) -> Dataset:
    """Return the data set with its training samples in one random order, always the same."""
    order = seeds.generator(0, "order").permutation(len(data.x_train))
    return replace(data, x_train=data.x_train[order], y_train=data.y_train[order])


def whole_batches(data: Dataset, batch: int) -> Dataset:
    """Return the data set without the training samples that fill no batch."""
    rows = slice(len(data.x_train) // batch * batch)
    return replace(data, x_train=data.x_train[rows], y_train=data.y_train[rows])


def tables(records: Sequence[Record]) -> dict[str, Rows]:
    """Return a row for each rule and shown epoch: the authors' value / ours, of each measure."""
    runs, setting = logs.by_rule(records), setting_of(records[0]["task"])
    on = "" if setting is MNIST else ", CIFAR-10 re-encoded as JPEG"
    heading = f"As released{on}, {logs.extent(runs)}: the authors' log / nofb"
    return {heading: against_log(runs, setting)}


def against_log(runs: Mapping[str, Sequence[Curves]], setting: Setting = MNIST) -> list[list[str]]:
    """Return a row for each rule and shown epoch: the authors' value / ours, of each measure."""
    rows = [["rule", "epoch", *(NAMES[measure] for measure in MEASURES)]]
    for rule, found in runs.items():
        log, run = published(rule, setting.log), found[0]
        for epoch in SHOWN:
            if epoch <= len(run["loss"]):
                pairs = [_pair(measure, log, run, epoch) for measure in MEASURES]
                rows.append([rule, str(epoch), *pairs])
    return rows


def _pair(measure: str, log: Curves, run: Curves, epoch: int) -> str:
    pair = [as_text(measure, each[measure][epoch - 1]) for each in (log, run) if measure in each]
    return " / ".join(pair) if len(pair) == 2 else "-"


def compared(records: Sequence[Record]) -> Iterator[Compared]:
    """Yield errors and angles at the end of ours, and those of the authors' log at that epoch.

    The log is of one run, which has no spread. So ours may be as far from it as two standard
    deviations of the log over its `LAST` epochs.
    """
    setting = setting_of(records[0]["task"])
    for rule, found in logs.by_rule(records).items():
        log = published(rule, setting.log)
        for measure, (name, scale, offset, least) in BESIDE.items():
            if measure in log and measure in found[0]:
                epochs = len(found[0][measure])
                theirs = offset + scale * np.array(log[measure][max(0, epochs - LAST) : epochs])
                source = f"Akrout et al. 2019, their log of one run, epoch {epochs}"
                number = Published(float(theirs[-1]), None, source, "read there", 1)
                least = max(least, 2 * float(theirs.std()))
                ours = tuple(offset + scale * run[measure][-1] for run in found)
                model = f"784-{setting.hidden}-10" if setting is MNIST else "3072-1000-10 (JPEG)"
                yield Compared(model, rule, number, ours, epochs, name, least)


def lines(records: Sequence[Record]) -> Rows:
    """Return every number, the authors' first."""
    setting = setting_of(records[0]["task"])
    authors = [
        {"task": {"rule": rule, "seed": 0}, "result": published(rule, setting.log)}
        for rule in RULES
    ]
    return logs.lines("authors", authors) + logs.lines("released", records)[1:]


def figure(records: Sequence[Record]) -> Picture:
    """Draw the four measures over epochs, the authors' curves and ours."""
    from nofb.papers.akrout2019.figure import akrout2019  # late: matplotlib loads slowly

    setting = setting_of(records[0]["task"])
    theirs = {rule: published(rule, setting.log) for rule in RULES}
    return akrout2019(logs.by_rule(records), theirs)


def part_on(data: str) -> Part:
    """Return the part that runs on MNIST or on CIFAR-10."""
    return Part(
        "released",
        partial(tasks, data),
        train,
        tables,
        lines,
        numbers="akrout2019",
        figure=figure,
        image="released",
        by_epoch=MEASURES,
        resumes=True,
        compared=compared,
    )
