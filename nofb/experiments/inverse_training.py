"""When does iterating help to learn? Five hidden layers on MNIST, iterated and repaired.

One iteration is difference target propagation. More iterations are more exact inverses, and learn
worse; each repair is one change to that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from nofb.diagnosis import DEFAULT, GAUSS_NEWTON
from nofb.experiments.deep_targets import SETTINGS, load
from nofb.experiments.runs import train
from nofb.rules import make

EPOCHS, SEEDS = 15, 1
PLAIN = {"noise": 0.0837, "inverse_lr": 1.96e-3, "step_size": 0.2195, "layer_norm": False}
FORMS: dict[str, tuple[str, dict[str, Any]]] = {
    "1 iteration": ("itp", {**PLAIN, "iterations": 1}),
    "3 iterations": ("itp", {**PLAIN, "iterations": 3}),
    "3, damped by 0.3": ("itp", {**PLAIN, "iterations": 3, "damping": 0.3}),
    "3, 5 inverse steps a batch": ("itp", {**PLAIN, "iterations": 3, "inverse_steps": 5}),
    "3, layer-wise normalisation": ("itp", {**PLAIN, "iterations": 3, "layer_norm": True}),
    "1, layer-wise normalisation": ("itp", {**PLAIN, "iterations": 1, "layer_norm": True}),
    "1, difference reconstruction": ("itp_drl", {"iterations": 1, "damping": 1.0}),
    "2, difference reconstruction, damped by 0.5": ("itp_drl", {}),
    "Gauss-Newton, c = 0.001": ("gnt", {"damping": 1e-3}),
    "Gauss-Newton, c = 0.1": ("gnt", {"damping": 0.1}),
    "Gauss-Newton, c = 10": ("gnt", {"damping": 10.0}),
}
KEPT = (
    "lipschitz",
    "inverse_residual",
    "null_space_share",
    "step_angle",
    "gauss_newton_angle",
    "delta_norm_ratio",
    "reconstruction_loss",
)

Task = Mapping[str, Any]


def tasks(epochs: int | None = None) -> list[dict[str, Any]]:
    """Return a run for each form and seed, none longer than `epochs`.

    Examples
    --------
    >>> tasks(epochs=2)[0]
    {'part': 'training', 'form': '1 iteration', 'seed': 0, 'epochs': 2}
    """
    longest = min(epochs or EPOCHS, EPOCHS)
    return [
        {"part": "training", "form": form, "seed": seed, "epochs": longest}
        for seed in range(SEEDS)
        for form in FORMS
    ]


def training(task: Task) -> dict[str, Any]:
    """Train one form; return its test error in per cent, and what its targets were like.

    Each of `KEPT` is a list over epochs with one value for each layer, `None` where it has none.
    """
    name, attributes = FORMS[task["form"]]
    settings = replace(SETTINGS, epochs=task["epochs"], lr=1e-3)
    rule, data = make(name, **attributes), load(settings.data)
    run = train(settings, rule, task["seed"], data, measures=DEFAULT + GAUSS_NEWTON)
    history = run.history
    kept = {name: _plain(history[name]) for name in KEPT if name in history}
    error = (100 * (1 - history["test_accuracy"])).round(3).tolist() if history.epochs else []
    return {"stopped": run.stopped, "test_error": error, **kept}


def _plain(values: np.ndarray[Any, Any]) -> list[list[float | None]]:
    return [[None if np.isnan(each) else round(float(each), 5) for each in row] for row in values]
