"""How far do feedback paths carry? Four hidden layers, and the angles at each of them.

A weight angle is one matrix's own affair, and so is a local delta angle: both compare one step back
with what Wᵀ would have made of the same signal. End to end every step on the way adds its own
error, so the farther a layer is from the output, the less of backprop's signal reaches it.

All four rules have one learning rate. Those that `tune` found are for two hidden layers, and that
of feedback alignment is too high for four.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nofb.experiments.settings import Settings
from nofb.rules import make
from nofb.training import fit
from nofb.training.interrupts import end_everything

RULES: dict[str, dict[str, float]] = {"bp": {}, "fa": {}, "wm": {}, "kp": {"decay": 0.005}}
SETTINGS = Settings(hidden=(100, 100, 100, 100), lr=0.002)
MEASURES = ("weight_angle", "delta_angle_local", "delta_angle_end_to_end")
SEEDS = 3

Task = Mapping[str, Any]


def tasks(epochs: int | None = None) -> list[dict[str, Any]]:
    """Return a run for each rule and seed, none longer than `epochs`.

    Examples
    --------
    >>> tasks(epochs=2)[0]
    {'part': 'depth', 'rule': 'bp', 'seed': 0, 'epochs': 2}
    """
    longest = min(epochs or SETTINGS.epochs, SETTINGS.epochs)
    return [
        {"part": "depth", "rule": rule, "seed": seed, "epochs": longest}
        for rule in RULES
        for seed in range(SEEDS)
    ]


@end_everything()
def depth(task: Task) -> dict[str, Any]:
    """Train one rule on digits; return its angles, from the start on, and its test accuracy.

    Each of `MEASURES` is a list over epochs with one value for each hidden layer, from the input
    side up. A weight angle is that of the matrix which ends at the layer; `None` without one.
    """
    data = SETTINGS.load()
    run = fit(
        SETTINGS.network(data, task["seed"]),
        make(task["rule"], **RULES[task["rule"]]),
        data,
        task["epochs"],
        SETTINGS.batch_size,
        SETTINGS.make_optimizer(task["rule"]),
        seed=task["seed"],
        progress=False,
    )
    angles = {name: run.history.from_start(name) for name in MEASURES}
    angles["weight_angle"] = np.roll(angles["weight_angle"], -1, axis=1)  # kept by the layer above
    hidden = {name: values[:, :-1].tolist() for name, values in angles.items()}
    if not np.isfinite(hidden["weight_angle"]).all():
        hidden["weight_angle"] = None
    accuracy = run.history["test_accuracy"].tolist()
    return {"stopped": run.stopped, "test_accuracy": accuracy, **hidden}
