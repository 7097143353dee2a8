"""Akrout et al. 2019, "Deep Learning without Weight Transport": their logs, and the same runs here.

Their released code trains 784-500-10 logistic units on MNIST with backprop, feedback alignment, the
weight mirror and Kolen-Pollack, and keeps a log of each. `released` repeats those runs, flaws and
all; `paper` is what the paper describes: shuffled, all means, a centred mirror with a bound, and
Kolen-Pollack with decay.

What `released` does as their code, and no other run of nofb does:

    biases are divided by N twice, so they learn N times more slowly   BiasesDividedTwice
    batches in the order of the files, the last 96 samples left out    shuffle=False, whole_batches
    weights, biases and feedback are N(0, 1 / (n_l + n_{l-1}))         gaussian, draw_biases
    the mirror is raw, uniform and without bound; no decay             wm_released, kp_released
    the teaching signal's angle is that on the first training sample   probe

What it leaves out: B_1, which is learned and logged there but sends nothing anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from nofb import datasets, seeds
from nofb.datasets import Dataset
from nofb.initialisers import scaled
from nofb.layers import Dense
from nofb.network import Network
from nofb.optimizers import Optimizer, Plan
from nofb.rules import Rule, make
from nofb.training import SGD, RMSprop, fit
from nofb.training.interrupts import end_everything
from nofb.types import Array

TITLE = "Akrout et al. 2019: weight mirrors and Kolen-Pollack on MNIST, 784-500-10"
RULES = ("bp", "fa", "wm", "kp")
EPOCHS = {"released": 400, "paper": 30}
SEEDS = {"released": 1, "paper": 5}
MEASURES = ("loss", "test_accuracy", "weight_angle", "delta_angle")
BATCH = 128
EVERY = 10  # epochs between two checkpoints
RELEASED_RATES = {"bp": 0.2, "fa": 0.2, "wm": 0.05, "kp": 0.3}

Task = Mapping[str, Any]


def published(rule: str) -> dict[str, list[float]]:
    """Return the authors' log of one rule: each measure they have, for 400 epochs.

    Accuracies are shares, angles degrees; `weight_angle` is the output layer's, `delta_angle` that
    of the hidden layer's signal on the first training sample. Backprop has no angles.

    Examples
    --------
    >>> log = published("wm")
    >>> len(log["loss"]), log["test_accuracy"][-1], log["weight_angle"][-1]
    (400, 0.9849, 3.79)
    """
    with resources.files(__package__).joinpath("akrout2019.csv").open(encoding="utf-8") as file:
        table = np.genfromtxt(file, delimiter=",", names=True, skip_header=1)
    names = [name for name in MEASURES if f"{rule}_{name}" in (table.dtype.names or ())]
    log = {name: table[f"{rule}_{name}"].tolist() for name in names}
    return log | {"test_accuracy": [percent / 100 for percent in log["test_accuracy"]]}


def tasks(epochs: int | None = None) -> list[dict[str, Any]]:
    """Return every run, those of the released form first; none longer than `epochs`.

    Examples
    --------
    >>> len(tasks()), tasks(epochs=2)[0]
    (24, {'form': 'released', 'rule': 'bp', 'seed': 0, 'epochs': 2})
    """
    return [
        {"form": form, "rule": rule, "seed": seed, "epochs": min(epochs or most, most)}
        for form, most in EPOCHS.items()
        for seed in range(SEEDS[form])
        for rule in RULES
    ]


@end_everything()
def train(folder: Path, task: Task) -> dict[str, Any]:
    """Train one run and return each of `MEASURES`, and "seconds", as a list over epochs.

    A run that was stopped is resumed from its checkpoint in the folder, which is removed in the
    end. The task names the code of nofb, and so does the file: other code begins anew.
    """
    checkpoint = folder / f"{'-'.join(map(str, task.values()))}.npz"
    data = datasets.load("mnist").flat()
    trial = FORMS[task["form"]](task["rule"], task["seed"], data)
    run = fit(
        trial.net,
        trial.rule,
        trial.data,
        epochs=task["epochs"],
        batch_size=BATCH,
        optimizer=trial.optimizer,
        seed=task["seed"],
        probe=trial.probe,
        shuffle=trial.shuffle,
        progress=False,
        checkpoint=checkpoint,
        every=EVERY,
        resume=True,
    )
    checkpoint.unlink(missing_ok=True)
    return {"stopped": run.stopped, **curves(run.history)}


def curves(history: Mapping[str, Array]) -> dict[str, list[float]]:
    """Return the measures that are compared with the authors', and "seconds", over epochs."""
    measured = {name: history[name] for name in ("loss", "test_accuracy", "seconds")}
    if np.isfinite(history["weight_angle"][:, -1]).all():  # backprop has no feedback matrix
        measured["weight_angle"] = history["weight_angle"][:, -1]
        measured["delta_angle"] = history["delta_angle_end_to_end"][:, 0]
    return {name: values.tolist() for name, values in measured.items()}


@dataclass(frozen=True)
class Trial:
    """Everything that `nofb.fit` needs for one run."""

    net: Network
    rule: Rule
    data: Dataset
    optimizer: Optimizer
    shuffle: bool
    probe: int | tuple[Array, Array]


# -- as the released code does it ----------------------------------------------------------------

gaussian = scaled("xavier", np.sqrt(0.5))  # N(0, 1 / (n_in + n_out))


class BiasesDividedTwice(SGD):
    """Plain descent in which a bias's mean over the batch is divided by the batch once more."""

    def plan(self, name: str, W: Array) -> Plan:
        kernel, averages, (lr, *rest) = super().plan(name, W)
        return kernel, averages, (lr / BATCH if W.ndim == 1 else lr, *rest)


def released(rule: str, seed: int, data: Dataset) -> Trial:
    """Return one run as the authors' code would do it."""
    layers = [Dense(784, 500, "logistic", init=gaussian), Dense(500, 10, init=gaussian)]
    net = Network(layers, loss="binary_cross_entropy", seed=seed)
    draw_biases(net, seed)
    return Trial(
        net,
        released_rule(rule),
        whole_batches(data),
        BiasesDividedTwice(lr=RELEASED_RATES[rule]),
        shuffle=False,
        probe=(data.x_train[:1], data.y_train[:1]),
    )


def released_rule(rule: str) -> Rule:
    """Return the rule as it was released, with feedback drawn as the weights are."""
    if rule == "bp":
        return make("bp")
    return make({"wm": "wm_released", "kp": "kp_released"}.get(rule, rule), feedback_init=gaussian)


def draw_biases(net: Network, seed: int) -> None:
    """Draw every bias from N(0, 1 / (n_l + n_{l-1})), as the weights are."""
    rng = seeds.generator(seed, "weights", 1)  # not the stream of the weights
    for layer in net.weighted:
        layer.b = gaussian(rng, layer.n_in, layer.n_out)[0].astype(net.dtype)


def whole_batches(data: Dataset) -> Dataset:
    """Return the data set without the training samples that fill no batch."""
    rows = slice(len(data.x_train) // BATCH * BATCH)
    return Dataset(data.x_train[rows], data.y_train[rows], data.x_test, data.y_test, data.name)


# -- as the paper describes it -------------------------------------------------------------------

ATTRIBUTES = {"wm": {"samples": BATCH}}  # as many noise vectors as images


def paper(rule: str, seed: int, data: Dataset) -> Trial:
    """Return one run as the paper describes it, with nofb's own rules.

    Plain descent needs its 400 epochs; RMSprop and half a cosine need thirty. The rate was chosen
    for *backprop* on held-out training samples, and all rules have it.
    """
    layers = [Dense(784, 500, "logistic"), Dense(500, 10)]
    net = Network(layers, loss="binary_cross_entropy", seed=seed)
    optimizer = RMSprop(lr=0.004, schedule="cosine")
    made = make(rule, **ATTRIBUTES.get(rule, {}))
    return Trial(net, made, data, optimizer, shuffle=True, probe=1000)


FORMS: dict[str, Callable[[str, int, Dataset], Trial]] = {"released": released, "paper": paper}
