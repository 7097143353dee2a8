"""Checks that a copy of a run, filled from a file, can be trained further.

This is checked before the run itself is filled: a file made by hand may hold anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import numpy as np

from nofb import checks
from nofb.layers import WeightedLayer
from nofb.network import Network
from nofb.optimizers import Optimizer
from nofb.rules.targets import InverseTraining
from nofb.training.batches import Batches
from nofb.training.run import Run
from nofb.types import Array

STEPS = ("loss", "train_accuracy", "seconds")  # measured in training; all else is in `start` too


def check(net: Network, parts: Mapping[str, Any], batches: Batches, done: int) -> None:
    """Refuse a filled copy that cannot come from a run of this number of epochs.

    Parameters
    ----------
    net, parts
        The copy; it may be changed.
    batches
        The batches of the run itself.
    done
        The number of epochs in the file.

    Raises
    ------
    ValueError, TypeError, LookupError, ArithmeticError, AttributeError
        With the part that is wrong.
    """
    run = Run(net, parts["rule"], parts["optimizer"])
    net.check_weights()
    _check_optimizers(run)
    _check_history(parts["start"], parts["history"], done)
    _check_batches(parts["batches"], batches)
    run.history.fill(parts["start"], parts["history"])
    for stopping in parts.get("early_stopping", ()):
        stopping.check_kept(run)
        _check_optimizers(run)


def _check_optimizers(run: Run) -> None:
    """Check the optimizer of the run and those of inverses, by the names of their arrays."""
    layers = run.net.weighted
    parameters = {
        f"{index}.{name}": getattr(layer, name)
        for index, layer in enumerate(layers)
        for name in ("W", "b", "B", "D")
    }
    for index, node in enumerate(run.net.nodes):
        if not isinstance(node, WeightedLayer):
            others = node.parameters().items()
            parameters |= {f"layers.{index}.{name}": array for name, array in others}
    _check_averages(parameters, run.optimizer)
    for layer in layers:
        if isinstance(layer.rule_state, InverseTraining):
            inverse = layer.inverse
            parameters = {} if inverse is None else {"B": inverse.W, "c": inverse.b}
            _check_averages(parameters, layer.rule_state.optimizer)


def _check_averages(parameters: Mapping[str, Array | None], optimizer: Optimizer) -> None:
    Optimizer.__post_init__(optimizer)  # checks its numbers
    fresh = deepcopy(optimizer)
    fresh.reset()
    for name, averages in optimizer.state.items():
        parameter = parameters.get(name)
        if parameter is None:
            raise ValueError(
                f"it holds running averages of {name}, which the network does not have"
            )
        fresh.plan(name, parameter)
        for kind, wanted in fresh.state.get(name, {}).items():
            _check_like(f"a running average of {name}", averages[kind], wanted)
        for average in averages.values():
            checks.finite(f"a running average of {name}", average)
        with np.errstate(all="ignore"):
            numbers = optimizer.plan(name, parameter)[2]
        if np.isnan(numbers).any():
            raise ValueError(f"the running averages of {name} lead to a step of NaN")


def _check_history(start: Mapping[str, Array], columns: Mapping[str, Array], done: int) -> None:
    if done < 1:
        raise ValueError(f"it holds {done} epochs, but must hold at least 1")
    if columns.keys() != {*STEPS, *start}:
        odd = sorted(columns.keys() ^ {*STEPS, *start})
        raise ValueError(f"history and start do not go together: {', '.join(odd)}")
    for name, column in columns.items():
        _check_rows(name, column, done)
        if name in start:
            _check_like(f"start/{name}", start[name], column[0])
        else:
            _check_like(f"history/{name}", column, np.zeros(done, column.dtype))
    checks.finite("start/test_loss", start["test_loss"])


def _check_rows(name: str, column: Array, done: int) -> None:
    checks.real(f"history/{name}", column)
    if column.shape[:1] != (done,):
        raise ValueError(f"history/{name} has shape {column.shape}, but there are {done} epochs")


def _check_like(name: str, given: Array, wanted: Array) -> None:
    if (given.shape, given.dtype) != (wanted.shape, wanted.dtype):
        raise ValueError(
            f"{name} is {given.dtype} {given.shape}, but must be {wanted.dtype} {wanted.shape}"
        )


def _check_batches(given: Mapping[str, Any], batches: Batches) -> None:
    _check_like("batches/order", given["order"], batches.order)
    if (np.sort(given["order"]) != np.arange(len(batches.order))).any():
        raise ValueError("batches/order is not an order of all samples")
    if type(given["rng"].bit_generator) is not type(batches.rng.bit_generator):
        raise ValueError("batches/rng is a generator of another kind")
