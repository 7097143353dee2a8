"""Callbacks: functions that are called after every epoch, and may stop a run.

Any function of a `Run` is a callback. A `Callback` is also called before the first step and at the
end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nofb import checks
from nofb.training import form
from nofb.training.restorer import Restorer
from nofb.training.run import Run
from nofb.training.state import Collector

AfterEpoch = Callable[[Run], object]

BETTER = {"validation_loss": "lowest", "validation_accuracy": "highest"}


class StopTraining(Exception):  # noqa: N818
    """Raised by a callback to stop a run; its text becomes part of `run.stopped`.

    Examples
    --------
    >>> import nofb
    >>> def good_enough(run):
    ...     if run.history["train_accuracy"][-1] > 0.8:
    ...         raise nofb.StopTraining("80 % is all I want")
    >>> data = nofb.datasets.load("digits")
    >>> net = nofb.Network([nofb.Dense(64, 32, "tanh"), nofb.Dense(32, 10)])
    >>> run = nofb.fit(net, nofb.rules.make("fa"), data, callbacks=[good_enough])
    >>> run.stopped
    'fa was stopped by a callback after epoch 4: 80 % is all I want'
    """


class Callback:
    """A callback with methods for the beginning and the end of a run."""

    def begin(self, run: Run) -> None:
        """Called before the first step; raise an error here if the callback cannot work."""

    def __call__(self, run: Run) -> None:
        """Called after every epoch, when its measures are in the history."""

    def end(self, run: Run) -> None:
        """Called after the last epoch, unless the run ended by an error.

        `StopTraining` has no effect here.
        """


@dataclass
class EarlyStopping(Callback):
    """Stop a run when a measure of the validation split has not improved for some epochs.

    A checkpoint stores its state, so a resumed run stops at the same epoch.

    Parameters
    ----------
    patience
        The number of epochs in a row without a new best value.
    restore_best
        Whether the network gets the weights, biases and feedback of its best epoch, and the rule
        its state of this epoch, when the run ends for any reason.
    measure
        "validation_loss" or "validation_accuracy"; `fit` must have a fraction for `validation`.
        The test set must not be used to choose.

    Attributes
    ----------
    best, best_epoch
        The best value, and its epoch, counted from 1; 0 if there is none yet.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range, or `fit` has no validation split.

    Examples
    --------
    >>> import nofb
    >>> data = nofb.datasets.load("digits")
    >>> net = nofb.Network([nofb.Dense(64, 32, "tanh"), nofb.Dense(32, 10)])
    >>> stopping = EarlyStopping(patience=3)
    >>> run = nofb.fit(net, nofb.rules.make("fa"), data, 5, validation=0.1, callbacks=[stopping])
    >>> bool(stopping.best == run.history["validation_loss"].min())
    True
    """

    patience: int
    restore_best: bool = True
    measure: str = "validation_loss"
    best: float = field(default=0.0, init=False, repr=False)
    best_epoch: int = field(default=0, init=False, repr=False)
    _kept: dict[str, Any] | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self.patience = checks.whole("patience", self.patience)
        checks.switch("restore_best", self.restore_best)
        if str(self.measure).startswith("test_"):
            raise ValueError(
                f"measure is {self.measure!r}, but the test split must not choose anything: take "
                f"one of {', '.join(BETTER)}"
            )
        checks.choice("measure", self.measure, BETTER)

    def begin(self, run: Run) -> None:
        """Refuse a run without the measure; stop one that was resumed but had been stopped."""
        if not np.isfinite(run.history.start.get(self.measure, np.nan)):
            raise ValueError(
                f"EarlyStopping needs {self.measure}, which this run does not have: "
                + ("give fit a share of the samples, such as validation=0.1"
                   if "validation_loss" not in run.history.start
                   else "real-valued targets have a validation_loss only")
            )  # fmt: skip
        if not run.history.epochs:
            self.best, self.best_epoch, self._kept = 0.0, 0, None
            _snapshot(run)  # refuses now what cannot be kept
        self._stop_if_due(run)

    def __call__(self, run: Run) -> None:
        """Keep a new best epoch, or stop if there has been none for too long."""
        value = float(run.history[self.measure][-1])
        lowest = BETTER[self.measure] == "lowest"
        if not self.best_epoch or (value < self.best if lowest else value > self.best):
            self.best, self.best_epoch = value, run.history.epochs
            self._kept = _snapshot(run) if self.restore_best else None
        self._stop_if_due(run)

    def end(self, run: Run) -> None:
        """Restore the network and the rule to their state after the best epoch."""
        if self._kept is not None:
            _put_back(run, self._kept)

    def check_kept(self, run: Run) -> None:
        """Refuse a best epoch from a file that could not be restored; `run` is changed.

        Raises
        ------
        ValueError, TypeError, LookupError, AttributeError
            With the part that is wrong.
        """
        if checks.whole("best_epoch", self.best_epoch, least=0) > run.history.epochs:
            raise ValueError(f"best_epoch is {self.best_epoch} of {run.history.epochs} epochs")
        if self.best_epoch:
            measured = float(run.history[self.measure][self.best_epoch - 1])
            if self.best != measured:
                raise ValueError(f"best is {self.best}, but {measured} was measured then")
        if self._kept is not None:
            form.check(self._kept["state"], self._kept["arrays"])
            _put_back(run, self._kept)
            run.net.check_weights()

    def _stop_if_due(self, run: Run) -> None:
        if self.best_epoch and run.history.epochs - self.best_epoch >= self.patience:
            raise StopTraining(
                f"{self.measure} was {BETTER[self.measure]} after epoch {self.best_epoch}"
                + (", whose weights the network has now" if self.restore_best else "")
            )


def checked(callbacks: Iterable[AfterEpoch]) -> list[AfterEpoch]:
    """Return the callbacks as a list, or refuse an object that is not a callback.

    Examples
    --------
    >>> checked(print)
    Traceback (most recent call last):
    ...
    TypeError: callbacks must be a list of functions, but is <built-in function print>: put it in []
    """
    if not isinstance(callbacks, Iterable):
        raise TypeError(
            f"callbacks must be a list of functions, but is {callbacks!r}: put it in []"
        )
    listed = list(callbacks)
    for each in listed:
        if isinstance(each, type):
            raise TypeError(
                f"callbacks holds the class {each.__name__}: call it, {each.__name__}()"
            )
        if not callable(each):
            raise TypeError(f"callbacks holds {each!r}, but must hold functions that take a Run")
    return listed


def begin(callbacks: Iterable[AfterEpoch], run: Run) -> None:
    """Call `begin` of each `Callback`."""
    for each in callbacks:
        if isinstance(each, Callback):
            each.begin(run)


def after_epoch(callbacks: Iterable[AfterEpoch], run: Run) -> StopTraining | None:
    """Call every callback for this epoch, and return the first `StopTraining`."""
    wishes = []
    for each in callbacks:
        try:
            each(run)
        except StopTraining as wish:
            wishes.append(wish)
    return wishes[0] if wishes else None


def end(callbacks: Iterable[AfterEpoch], run: Run) -> None:
    """Call `end` of each `Callback`; `StopTraining` has no effect any more."""
    for each in callbacks:
        if isinstance(each, Callback):
            with suppress(StopTraining):
                each.end(run)


def _snapshot(run: Run) -> dict[str, Any]:
    """Return a copy of everything that a network and its rule have learned."""
    collector = Collector(run.net)
    state = {name: collector.take(part, name) for name, part in _parts(run).items()}
    return {"state": state, "arrays": {name: a.copy() for name, a in collector.arrays.items()}}


def _put_back(run: Run, kept: dict[str, Any]) -> None:
    Restorer(run.net, kept["arrays"]).put_parts(kept["state"], _parts(run))


def _parts(run: Run) -> dict[str, Any]:
    return {"weighted": run.net.weighted, "layers": run.net.nodes, "rule": run.rule}
