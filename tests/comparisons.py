"""Comparisons without training: every number in a figure or a report is known in advance."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from nofb import rules
from nofb.diagnosis import ALIGNMENT
from nofb.runs.compare import Comparison, Result
from nofb.runs.specification import Specification
from nofb.training import History

ALL = tuple(rules.RULES)
MEASURES = [measure.name for measure in ALIGNMENT]
SIGNAL, MATRIX = "delta_angle_end_to_end", "weight_angle"


def look(rng, rule, layers, classes):
    """Return what a run might measure before training and after each epoch."""
    row = {name: rng.uniform(20, 80, layers) for name in MEASURES}
    row["test_loss"] = rng.uniform(0.5, 1)
    row["test_accuracy"] = rng.uniform(0.9, 0.95) if classes else np.nan
    row[SIGNAL][-1] = 0.0
    direct = rule in ("dfa", "sdfa", "drtp")
    row[MATRIX][-1 if direct else 0] = (
        np.nan
    )  # D is kept at the layer where it ends, B one layer above
    if rule == "bp":
        row[SIGNAL][:], row[MATRIX][:] = 0.0, np.nan
    if rule == "shallow":
        row[SIGNAL][:-1], row[MATRIX][:] = np.nan, np.nan
    return row


def made_up(
    names: Sequence[str] = ("bp", "fa", "dfa", "shallow"),
    seeds: int = 3,
    hidden: tuple[int, ...] = (5, 4),
    epochs: int = 4,
    classes: int | None = 3,
    stopped: Sequence[tuple[str, int]] = (),
) -> Comparison:
    """Return a comparison that was not trained; the runs in `stopped` end one epoch early."""
    rng = np.random.default_rng(0)
    layers, results = len(hidden) + 1, []
    for rule, seed in ((rule, seed) for rule in names for seed in range(seeds)):
        history, early = History(), (rule, seed) in stopped
        history.start = look(rng, rule, layers, classes)
        for _ in range(epochs - early):
            trained = {
                "loss": rng.uniform(0.1, 1),
                "train_accuracy": rng.uniform(0.8, 1),
                "seconds": 0.25,
            }
            history.append(trained | look(rng, rule, layers, classes))
        why = f"{rule} was stopped in epoch {epochs}, step 1: the loss is nan" if early else None
        results.append(Result(rule, seed, 0.1, history, why))
    settings = Specification(hidden=hidden, epochs=epochs, lr=0.1)
    units = (*hidden, classes or 2)
    weights = tuple(below * above for below, above in pairwise((64, *units)))
    directions = float(min(units[-1], 100) if classes is None else units[-1] - 1)  # of a softmax
    return Comparison(settings, tuple(results), units, weights, directions, classes)


ODD = {
    "one seed, one epoch": made_up(["bp", "fa"], seeds=1, epochs=1),
    "one hidden layer": made_up(["bp", "dfa"], hidden=(5,)),
    "no hidden layer": made_up(["bp", "fa"], hidden=()),
    "no angle at all": made_up(["shallow"]),
    "a rule of the user's own": made_up(["mine"]),
    "a regression": made_up(["fa", "shallow"], classes=None),
    "a whole rule stopped": made_up(["bp", "fa"], stopped=[("fa", seed) for seed in range(3)]),
    "everything stopped": made_up(["fa"], stopped=[("fa", seed) for seed in range(3)]),
}
