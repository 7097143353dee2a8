"""What both tasks share: how a model is trained, and what is said of its runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nofb import AdamW, rules, transfer
from nofb.datasets import Dataset
from nofb.network import Network
from nofb.papers.study import Record
from nofb.schedules import warmup
from nofb.training import Run, fit
from nofb.training.callbacks import AfterEpoch
from nofb.training.interrupts import end_everything
from nofb.transfer import Toast, Transferred

BATCH_SIZE, MAX_GRADIENT = 32, 1.0
STEERED = 200  # test samples on which mask and td are measured


@dataclass(frozen=True)
class Case:
    """A row of a table: a method, its rate and its options."""

    method: str
    lr: float
    options: Mapping[str, Any] = field(default_factory=dict)


def tasks(
    part: str, cases: Iterable[str], seeds: int, longest: int, epochs: int | None
) -> list[dict[str, Any]]:
    """Return a run for each method and seed, none longer than `longest` or `epochs`."""
    length = min(epochs or longest, longest)
    return [
        {"part": part, "method": method, "seed": seed, "epochs": length}
        for seed in range(seeds)
        for method in cases
    ]


@end_everything()
def train(
    net: Transferred,
    given: Dataset,
    lr: float,
    seed: int,
    epochs: int,
    callbacks: Sequence[AfterEpoch] = (),
) -> Run:
    """Train a model as all of them are trained: AdamW, warm-up, and a gradient of length 1."""
    optimizer = AdamW(lr=lr, decay=0, schedule=warmup(), max_gradient=MAX_GRADIENT)
    return fit(
        net, rules.make("bp"), given, epochs, BATCH_SIZE, optimizer, seed,
        probe=0, progress=False, callbacks=callbacks,
    )  # fmt: skip


def made(case: Case, backbone: Network, n_outputs: int, seed: int) -> Transferred:
    """Return the model of a case before it learns."""
    return transfer.make(case.method, backbone, n_outputs, seed, **case.options)


def steering(net: Transferred, given: Dataset) -> dict[str, Any]:
    """Return the mean of the mask, and the root mean square of td in each block, if any."""
    if not isinstance(net, Toast):
        return {"mask": None, "td": None}
    found = net.steer(given.x_test[:STEERED])
    td = np.sqrt(np.square(found.td, dtype=np.float64).mean(axis=(1, 2, 3)))
    return {"mask": round(float(found.mask.mean()), 4), "td": td.round(3).tolist()}


def by_method(records: Sequence[Record]) -> dict[str, list[Mapping[str, Any]]]:
    """Return the results of each method's seeds."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for record in records:
        found.setdefault(record["task"]["method"], []).append(record["result"])
    return found


def spread(values: Sequence[float], digits: int) -> str:
    """Return a mean and the standard deviation of one run.

    Examples
    --------
    >>> spread([1.0, 3.0], 1), spread([2.0], 1)
    ('2.0 ± 1.4', '2.0')
    """
    mean = f"{np.mean(values):.{digits}f}"
    return mean if len(values) < 2 else f"{mean} ± {np.std(values, ddof=1):.{digits}f}"


def listed(results: Sequence[Mapping[str, Any]], name: str) -> str:
    """Return the mean over seeds of some numbers, or nothing."""
    if results[0][name] is None:
        return "-"
    means = np.atleast_1d(np.mean([run[name] for run in results], axis=0))
    return " ".join(f"{each:.2f}" for each in means)
