"""One run of transfer: a model is trained and measured.

The attention of the first token in some test samples is kept too, so that figures need no new run.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from nofb import transfer
from nofb.datasets import Dataset
from nofb.network import Network
from nofb.rules import Rule
from nofb.runs.pools import Task
from nofb.training import Run, fit
from nofb.training.interrupts import end_everything
from nofb.transfer import Steering, Toast, Transferred
from nofb.transfer.cost import forward_cost
from nofb.transfer.tasks import BATCH_SIZE, CASES, TASKS, optimizer
from nofb.types import Array

STEERED = 500  # test samples on which attention is measured
TEXTS = 200  # the same, of texts, which have more tokens
SHOWN = 4  # of them, whose attention is kept for each sample
DIGITS = 4
UNSTEERED = {"mask": None, "td": None, "mask_of": None, "dead": False}


@cache
def everything(task: str) -> Dataset:
    """Return all samples of a task, loaded once.

    Raises
    ------
    ConnectionError
        If they are not on this machine, and cannot be downloaded.
    """
    try:
        return TASKS[task].load()
    except ConnectionError as error:
        raise ConnectionError(
            f"the task {task} needs data that are not here and could not be downloaded: the task "
            "vision (--task vision), or language, needs no network; or let NOFB_DATA_DIR point to "
            "a folder that holds them, as `nofb data` says"
        ) from error


@cache
def backbone(task: str) -> Network:
    """Return the backbone of a task, which every model copies."""
    return TASKS[task].backbone()


@cache
def pretuned(task: str) -> Toast | None:
    """Return the pre-tuned feedback path of a task's backbone, if there is one."""
    make = TASKS[task].pretuned
    return None if make is None else make(backbone(task))


def model_of(task: Task) -> Transferred:
    """Return the model of a run before training."""
    case, name = CASES[task["case"]], task["transfer"]
    start = pretuned(name) if case.pretuned else None
    released = {"released": True} if task["released"] else {}
    outputs = everything(name).n_outputs
    return transfer.make(
        case.method, backbone(name), outputs, task["seed"], start, **case.options, **released
    )


@end_everything()
def run_one(task: Task, rule: type[Rule]) -> dict[str, Any]:
    """Train one model, and return its history, its size, its cost and its attention."""
    known, model = TASKS[task["transfer"]], model_of(task)
    data = known.drawn(everything(known.name), task["samples"], task["seed"])
    run = train(model, rule(), data, task)
    return {
        "stopped": run.stopped,
        "start": run.history.start["test_loss"],
        "history": dict(run.history),
        "trained": model.trained_parameters,
        "all": model.all_parameters,
        "cost": round(forward_cost(model), 3),
        **(steered(model, data.x_test[:TEXTS]) if known.grid is None else
           looked_at(model, data.x_test[:STEERED], known.marks)),
    }  # fmt: skip


def train(model: Transferred, rule: Rule, data: Dataset, task: Task) -> Run:
    """Train a model; if the run diverges, `stopped` has the reason."""
    return fit(
        model, rule, data, task["epochs"], BATCH_SIZE, optimizer(task["lr"]), task["seed"],
        probe=0, progress=False,
    )  # fmt: skip


def looked_at(
    model: Transferred, x: Array, marks: Callable[[], Array] | None = None
) -> dict[str, Any]:
    """Return the attention of the first token before and after training, and its feedback.

    Parameters
    ----------
    model
        Before or after training.
    x
        Test samples.
    marks
        A function that returns which of their patches show the object of the question.

    Returns
    -------
    dict
        "rows" of a few samples; of these, "before" and "after" (blocks, samples, patches) and their
        predictions, "named". With marks also "on_before" and "on_after": the fraction of each
        block's attention that is on them, means over all samples. With TOAST also "mask" and "td"
        (root mean square, by block), "mask_of" the few samples, and "dead": whether every mask is
        0.
    """
    found: dict[str, Any] = dict(UNSTEERED)
    asked = None if marks is None else marks()[: len(x)]
    rows = found["rows"] = few_of_each(asked)
    if isinstance(model, Toast):
        steering = model.steer(x)
        before, after = steering.before, steering.after
        found |= {**_strength(steering), "mask_of": steering.mask[rows]}
    else:
        before, after = model.attention(x)
    tokens = before.shape[-1] - 1
    maps = {"before": before[:, :, 0, -tokens:], "after": after[:, :, 0, -tokens:]}
    if asked is not None:
        found |= {f"on_{name}": np.where(asked, each, 0).sum(axis=2).mean(axis=1, dtype=np.float64)
                  for name, each in maps.items()}  # fmt: skip
    found |= {name: each[:, rows] for name, each in maps.items()}
    found["named"] = model.predict(x[rows])
    return {name: _rounded(value) for name, value in found.items()}


def steered(model: Transferred, x: Array) -> dict[str, Any]:
    """Return the "mask", "td" and "dead" of a model that reads text, as in `looked_at`."""
    found = _strength(model.steer(x)) if isinstance(model, Toast) else {}
    return {name: _rounded(value) for name, value in {**UNSTEERED, **found}.items()}


def _strength(steering: Steering) -> dict[str, Any]:
    td = np.sqrt(np.square(steering.td, dtype=np.float64).mean(axis=(1, 2, 3)))
    return {"mask": steering.mask.mean(dtype=np.float64), "td": td,
            "dead": not steering.mask.any()}  # fmt: skip


def few_of_each(asked: Array | None) -> list[int]:
    """Return a few samples: equally many for each place of the object.

    Examples
    --------
    >>> few_of_each(np.array([[True, False], [True, False], [True, False], [False, True]]))
    [0, 1, 3]
    """
    if asked is None:
        return list(range(SHOWN))
    places, which = np.unique(asked, axis=0, return_inverse=True)
    each = max(1, SHOWN // len(places))
    rows = [np.flatnonzero(which.reshape(-1) == place)[:each] for place in range(len(places))]
    return sorted(np.concatenate(rows).tolist())


def _rounded(value: Any) -> Any:
    """Return numbers with few digits, because a log keeps them as text."""
    if isinstance(value, np.ndarray | np.floating):
        return np.round(np.asarray(value, np.float64), DIGITS).tolist()
    return value
