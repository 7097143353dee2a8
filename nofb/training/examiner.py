"""The measures between epochs: on the test set, a validation split and a probe."""

from __future__ import annotations

import numpy as np

from nofb import checks
from nofb.datasets import Dataset
from nofb.diagnosis import Probe, ProbeBatch
from nofb.training.run import Run
from nofb.types import Array

Samples = tuple[Array, Array]


class Examiner:
    """Measures a network between epochs, and holds its training samples.

    Parameters
    ----------
    run
        The run whose network and rule are measured.
    data, validation, seed
        As for `fit`.
    probe
        The probe for the comparison with backprop.

    Attributes
    ----------
    training
        The samples and target rows for training.

    Raises
    ------
    TypeError, ValueError
        If the data do not fit the network, or an argument is out of its range.
    """

    def __init__(self, run: Run, data: Dataset, validation: float, seed: int, probe: Probe) -> None:
        if not isinstance(data, Dataset):
            raise TypeError(
                "data must be a nofb.datasets.Dataset, but is "
                + checks.kind(data, "nofb.datasets.load")
            )
        self.run = run
        splits = {"train": (data.x_train, data.y_train), "test": (data.x_test, data.y_test)}
        if checks.number("validation", validation, least=0, below=1):
            held = data.split_validation(validation, seed)
            splits["train"] = held.x_train, held.y_train
            splits["validation"] = held.x_test, held.y_test
        ready = {name: self._prepare(name, *split) for name, split in splits.items()}
        self.training = ready.pop("train")
        self.splits = ready
        self.classes = data.n_classes is not None or self._two_classes()
        self.probe = self._batch_of(probe)

    def evaluate(self) -> dict[str, float | Array]:
        """Return all measures that need no training step."""
        return {**self._losses(), **self._compared()}

    def look_first(self) -> dict[str, float | Array]:
        """Return the measures before the first step, or refuse values that are not finite.

        Raises
        ------
        ValueError
            If a weight or a loss is not finite: no learning rate could help.
        """
        self.run.net.check_weights()
        row = self._losses()
        for name, (x, target) in self.splits.items():
            self.run.net.check_loss(float(row[f"{name}_loss"]), x, target, f"_{name}")
        return {**row, **self._compared()}

    def _losses(self) -> dict[str, float | Array]:
        row: dict[str, float | Array] = {}
        for name, (x, target) in self.splits.items():
            loss, accuracy = self.run.net.evaluate_rows(x, target)
            row[f"{name}_loss"] = loss
            row[f"{name}_accuracy"] = accuracy if self.classes else np.nan
        if not self.classes:
            row["train_accuracy"] = np.nan  # a running accuracy has no meaning here
        return row

    def _compared(self) -> dict[str, Array]:
        return {} if self.probe is None else self.probe.measure(self.run.rule)

    def _two_classes(self) -> bool:
        """Return whether the output is logistic with targets 0 and 1: two classes."""
        one = self.run.net.n_outputs == 1 and self.run.net.names_classes
        return one and bool(np.isin(self.training[1], (0, 1)).all())

    def _batch_of(self, probe: Probe) -> ProbeBatch | None:
        if isinstance(probe.samples, tuple):
            x, target = self._prepare("probe", *probe.samples)
        else:
            x, target = (rows[: probe.samples] for rows in self.splits["test"])
        # A copy: later changes by the user have no effect.
        return ProbeBatch(self.run.net, x.copy(), target, probe.measures) if len(x) else None

    def _prepare(self, name: str, x: Array, y: Array) -> Samples:
        net = self.run.net
        return net.as_input(x, f"x_{name}"), net.as_target(y, len(x), f"y_{name}")
