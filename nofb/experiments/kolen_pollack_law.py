"""Kolen-Pollack's law on real data: what W and Bᵀ do not share fades by (1 - λ) at every step.

    W - Bᵀ = (1 - λ)^t (W_0 - B_0ᵀ)        so        B = Wᵀ - (1 - λ)^t (W_0 - B_0ᵀ)ᵀ

The second form needs nothing of B but its start: W alone tells every later angle. With λ = 0 the
difference stays, and the angle falls only as W outgrows it, which is what the authors released.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nofb.diagnosis import angle
from nofb.experiments.settings import Settings
from nofb.rules import KolenPollack
from nofb.training import RMSprop, Run, fit
from nofb.training.interrupts import end_everything

DECAYS = (0.0, 1e-4, 1e-3, 1e-2)
EPOCHS, RATE = 40, 0.002  # no schedule: λ is the same at every step

Task = Mapping[str, Any]


def tasks(epochs: int | None = None) -> list[dict[str, Any]]:
    """Return a run for each decay, none longer than `epochs`.

    Examples
    --------
    >>> tasks(epochs=2)[1]
    {'part': 'law', 'decay': 0.0001, 'epochs': 2}
    """
    longest = min(epochs or EPOCHS, EPOCHS)
    return [{"part": "law", "decay": decay, "epochs": longest} for decay in DECAYS]


@end_everything()
def law(task: Task) -> dict[str, Any]:
    """Train on digits; return, for each epoch from the start on, what the law says and what is.

    "gap" is ‖W - Bᵀ‖ over what it was at the start, "angle" that between W and Bᵀ in degrees, each
    a list with one value for each layer with feedback; "predicted_" ones are those of the law.
    """
    settings = Settings()
    data = settings.load()
    net, rule = settings.network(data, seed=0), KolenPollack(decay=task["decay"])
    rule.attach(net, seed=0)
    layers = [(layer, layer.B) for layer in net.weighted if layer.B is not None]
    start = [layer.W - B.T for layer, B in layers]
    steps = -(-len(data.x_train) // settings.batch_size)  # in an epoch, the last one short
    rows: list[dict[str, list[float]]] = []

    def look(run: Run) -> None:
        kept = (1 - rule.decay) ** (steps * run.history.epochs)
        sizes = [np.linalg.norm(gap) for gap in start]
        gaps = [np.linalg.norm(layer.W - B.T) for layer, B in layers]
        rows.append({
            "gap": [float(gap / size) for gap, size in zip(gaps, sizes, strict=True)],
            "predicted_gap": [kept] * len(layers),
            "angle": [angle(layer.W, B.T) for layer, B in layers],
            "predicted_angle": [
                angle(layer.W, layer.W - kept * gap)
                for (layer, _), gap in zip(layers, start, strict=True)
            ],
        })  # fmt: skip

    optimizer = RMSprop(lr=RATE)
    look(Run(net, rule, optimizer))
    fit(
        net, rule, data, task["epochs"], settings.batch_size, optimizer,
        callbacks=[look], probe=0, progress=False,
    )  # fmt: skip
    return {"steps": steps, **{name: [row[name] for row in rows] for name in rows[0]}}
