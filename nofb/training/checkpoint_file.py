"""The file of a checkpoint, from which a run resumes as if it had never been stopped.

It holds everything that changes during a run, and the run's arguments, to recognise the run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from copy import deepcopy
from typing import Any

import numpy as np

from nofb import archive, callers, checks, fingerprint
from nofb.datasets import Dataset
from nofb.network import Network
from nofb.training import form, kinds, soundness
from nofb.training.batches import Batches
from nofb.training.checkpoint import Checkpoint
from nofb.training.description import describe, digest, hyper_parameters
from nofb.training.restorer import Restorer
from nofb.training.run import Run
from nofb.training.state import Collector

PARTS = {"network": dict, "settings": dict, "epochs": int, "state": dict}


class CheckpointWarning(RuntimeWarning):
    """A checkpoint could not be written; the run continues."""


@contextmanager
def open_checkpoint(
    checkpoint: Checkpoint | None, more: Mapping[str, Any] | None = None
) -> Iterator[CheckpointFile]:
    """Within this context, no other run can write the file of this checkpoint.

    Parameters
    ----------
    checkpoint
        What the run was told of it; `None` for no checkpoint at all.
    more
        By name, other objects that change during a run; a resumed run must have the same names.

    Raises
    ------
    BlockingIOError
        If another run is writing it.
    FileExistsError
        If the file exists, and `resume` is false.
    OSError
        If the file could not be written.
    ValueError
        If the file is not a complete checkpoint.

    Examples
    --------
    >>> mine = Checkpoint("run.npz")
    >>> with open_checkpoint(mine) as first, open_checkpoint(mine) as second:
    ...     pass
    Traceback (most recent call last):
    ...
    BlockingIOError: run.npz is being written by another run: wait for its end, or give another path
    """
    kept = CheckpointFile(checkpoint, more)
    with nullcontext() if kept.path is None else archive.only_writer(kept.path):
        kept.open()
        yield kept


class CheckpointFile:
    """Writes the state of a run to its file, and fills a resumed run from it.

    Parameters
    ----------
    checkpoint
        What the run was told of it; `None` for no checkpoint at all.
    more
        By name, other objects that change during a run.
    """

    def __init__(
        self, checkpoint: Checkpoint | None, more: Mapping[str, Any] | None = None
    ) -> None:
        self.path = None if checkpoint is None else checkpoint.file
        self.every = 1 if checkpoint is None else checkpoint.every
        self.resume = checkpoint is not None and checkpoint.resume
        self.more = dict(more or {})
        self._saved: dict[str, Any] = {}
        self._arrays: dict[str, Any] = {}

    def open(self) -> None:
        """Read the file, if it exists."""
        if self.path is None or not self.path.exists():
            return
        if not self.resume:
            raise FileExistsError(
                f"the checkpoint {self.path} is there already: resume it with "
                f"nofb.Checkpoint({str(self.path)!r}, resume=True) (--resume), or give another path"
            )
        self._saved, self._arrays = archive.read(self.path, "checkpoint", parts=PARTS)

    def compare(self, run: Run, data: Dataset, epochs: int, told: dict[str, Any]) -> None:
        """Refuse to resume a run that differs from the saved one.

        Parameters
        ----------
        run, data
            The run, before its rule is attached, and its data set.
        epochs
            The total number of epochs; it may be larger than before, but not smaller than those
            done.
        told
            All other arguments of `fit` that change the result.

        Raises
        ------
        TypeError
            If a hyper-parameter of the rule or the optimizer cannot be compared.
        ValueError
            If an argument differs, with both values; or if the code of a custom rule cannot be
            compared.
        """
        if self.path is None:
            return
        settings = _settings(run, data)
        settings |= {name: describe(name, it) for name, it in (told | self.more).items()}
        self._about = {"network": run.net.outline(), "settings": settings}
        if self._saved:
            saved, given = ({**a["network"], **a["settings"]} for a in (self._saved, self._about))
            checks.same(str(self.path), saved, given)
            if self._saved["epochs"] > epochs:
                raise ValueError(
                    f"epochs is {epochs}, but {self.path} holds {self._saved['epochs']} already"
                )

    def restore(self, run: Run, batches: Batches) -> int:
        """Fill a run, with its rule attached, with the saved state; return the epochs done.

        Raises
        ------
        TypeError
            If the rule, the optimizer or a layer holds an object that a file cannot restore.
        ValueError
            If a part of the file does not fit the run; then nothing is filled.
        """
        if self.path is None:
            return 0
        done = 0
        if self._saved:
            self._try(run, batches)
            parts = self._fill(run.net, self._parts(run, batches))
            run.history.fill(parts["start"], parts["history"])
            done = self._saved["epochs"]
            self._saved, self._arrays = {}, {}
        self._fixed = self._collect(run, batches)[1].fixed
        return done

    def _fill(self, net: Network, parts: dict[str, Any]) -> dict[str, Any]:
        """Return the parts of a run, filled with the saved state."""
        restorer = Restorer(net, self._arrays)
        if set(self._saved["state"]) != set(parts):
            raise ValueError(f"its state must hold {', '.join(parts)}")
        form.check(self._saved["state"], self._arrays)
        batches = _in_batches(parts)
        filled = restorer.put_parts(self._saved["state"], parts)
        kinds.check_in_place(batches, _in_batches(filled))
        return filled

    def _try(self, run: Run, batches: Batches) -> None:
        """Fill a copy of the run, to refuse a file that does not fit before anything is filled."""
        net, parts = deepcopy((run.net, self._parts(run, batches)))
        try:
            filled = self._fill(net, parts)
            soundness.check(net, filled, batches, self._saved["epochs"])
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise archive.damaged(str(self.path), error) from error

    def keep(self, run: Run, batches: Batches, done: int, epochs: int) -> None:
        """Write the file after this number of epochs, if it is due.

        Warns
        -----
        CheckpointWarning
            If this fails; the earlier file is then still complete.
        """
        if self.path is None or (done % self.every and done < epochs):
            return
        state, collector = self._collect(run, batches)
        self._check(collector.fixed)
        about = {"epochs": done, **self._about, "state": state}
        try:
            archive.write(self.path, "checkpoint", about, collector.arrays)
        except OSError as error:
            left = "an earlier one is still there" if self.path.exists() else "there is none yet"
            callers.warn(
                f"the checkpoint of epoch {done} could not be written to {self.path} "
                f"({error.strerror or error}); {left}, and the run continues",
                CheckpointWarning,
            )

    def _collect(self, run: Run, batches: Batches) -> tuple[dict[str, Any], Collector]:
        collector = Collector(run.net)
        parts = self._parts(run, batches)
        return {name: collector.take(part, name) for name, part in parts.items()}, collector

    def _check(self, fixed: dict[str, str]) -> None:
        """Refuse new state that no file can hold, early, when only a few epochs are lost."""
        for place, what in fixed.items():
            if self._fixed.get(place) != what:
                raise TypeError(
                    f"{place} became {what} in training, which no checkpoint could bring back: "
                    "make it in __init__ or draw_feedback"
                )

    def _parts(self, run: Run, batches: Batches) -> dict[str, Any]:
        """Return everything that changes during a run, without the parts that are built again."""
        return {
            "weighted": run.net.weighted,
            "layers": run.net.nodes,
            "rule": run.rule,
            "optimizer": run.optimizer,
            "batches": {"rng": batches.rng, "order": batches.order},
            "history": dict(run.history),
            "start": {name: np.asarray(value) for name, value in run.history.start.items()},
            **self.more,
        }


def _in_batches(parts: Mapping[str, Any]) -> dict[str, Any]:
    return {f"batches/{name}": it for name, it in parts["batches"].items()}


def _settings(run: Run, data: Dataset) -> dict[str, Any]:
    settings = {"net.dtype": np.dtype(run.net.dtype).name, "net.seed": run.net.seed}
    settings |= {f"net.{name}": value for name, value in run.net.local_losses().items()}
    for name, thing in (("rule", run.rule), ("optimizer", run.optimizer)):
        settings[name] = type(thing).__qualname__
        if code := fingerprint.when_met(type(thing)):  # nofb's own may change
            settings[f"the code of the {name}, with what it reads,"] = code
        settings |= {f"{name}.{key}": value for key, value in hyper_parameters(thing).items()}
    arrays = {name: getattr(data, name) for name in ("x_train", "y_train", "x_test", "y_test")}
    settings["data.name"] = data.name
    settings |= {f"data.{name}": f"{a.dtype} {a.shape}" for name, a in arrays.items()}
    settings["data.digest"] = digest(*arrays.values())
    return settings
