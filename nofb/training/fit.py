"""The training loop, the only one: batches in, updates out, and a look around after each epoch."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from nofb import checks, seeds, threads
from nofb.datasets import Dataset
from nofb.diagnosis import DEFAULT, Measure, Probe
from nofb.network import Network
from nofb.optimizers import SGD, Optimizer
from nofb.rules import Rule
from nofb.trace import Trace
from nofb.training.batches import Batches
from nofb.training.checkpoint import Checkpoint, open_checkpoint
from nofb.training.history import History
from nofb.training.progress import bar
from nofb.training.step import step
from nofb.types import Array

TOO_LARGE = 1000.0  # a loss this many times the first one will not come back


class DivergenceWarning(RuntimeWarning):
    """A run was stopped, because its loss had become useless."""


class _DivergedError(Exception):
    """Carries the sentence that says where a run diverged."""


@dataclass
class Run:
    """A finished run.

    Attributes
    ----------
    net, rule, optimizer
        As given to `fit`, trained.
    history
        One value of each measure for each epoch.
    stopped
        Why the run ended early, in a sentence, or `None`.
    """

    net: Network
    rule: Rule
    optimizer: Optimizer
    history: History = field(default_factory=History)
    stopped: str | None = None


Callback = Callable[[Run], object]


def fit(
    net: Network,
    rule: Rule,
    data: Dataset,
    epochs: int = 20,
    batch_size: int = 32,
    optimizer: Optimizer | None = None,
    seed: int = 0,
    validation: float = 0.0,
    callbacks: Iterable[Callback] = (),
    probe: int | tuple[Array, Array] = 100,
    measures: Sequence[Measure] = DEFAULT,
    shuffle: bool = True,
    progress: bool = True,
    checkpoint: str | os.PathLike[str] | None = None,
    every: int = 1,
    resume: bool = False,
) -> Run:
    """Train a network with a rule.

    Parameters
    ----------
    net
        The network; its weights change in place.
    rule
        The rule; it is attached with `seed` unless it is attached to this network already.
    data
        Anyone's `Dataset`. The test split is looked at once an epoch and decides nothing.
    epochs
        How often each training sample is seen.
    batch_size
        Samples in a step. A last, smaller batch is trained on too.
    optimizer
        `SGD(lr=0.1)` if left out.
    seed
        Seeds the feedback path, the order of samples and the validation split, each apart.
    validation
        The share of the training samples to hold out and measure on, 0 for none.
    callbacks
        Functions that are called with the `Run` after every epoch.
    probe
        How many test samples the rule is compared with backprop on, each epoch; 0 for none. Or
        other samples, as (x, y).
    measures
        What is measured on these samples. `nofb.diagnosis` has tuples of measures, which can be
        added: `measures=ALIGNMENT + GAUSS_NEWTON`.
    shuffle
        Whether each epoch takes the samples in a new order; if not, as they stand.
    progress
        Whether a progress bar is shown, where somebody watches.
    checkpoint
        A file to keep the run in, so that it can be gone on with when it was stopped. What is in
        it, and what is refused, is said in docs/checkpoints.md.
    every
        The file is written after so many epochs, and after the last one.
    resume
        Whether to go on from the file. If there is none yet, the run starts from the beginning.

    Returns
    -------
    Run
        With the history; `run.stopped` says if the loss diverged, and where.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range, the data do not fit the network, or the checkpoint is
        not a whole one of this run.
    OSError
        If the checkpoint is there already and `resume` is not set, or it could not be written.

    Warns
    -----
    CheckpointWarning
        If a checkpoint could not be written later on; the one before it stays whole.
    DivergenceWarning
        If the loss became infinite, NaN or huge, with the epoch and the step.

    Examples
    --------
    >>> import nofb
    >>> data = nofb.datasets.load("digits")
    >>> net = Network([nofb.Dense(64, 32, activation="tanh"), nofb.Dense(32, 10)], seed=0)
    >>> run = fit(net, nofb.rules.FeedbackAlignment(), data, epochs=5, optimizer=SGD(lr=0.2))
    >>> bool(run.history["test_accuracy"][-1] > 0.85)
    True
    """
    epochs = checks.whole("epochs", epochs)
    run = Run(net, rule, SGD() if optimizer is None else optimizer)
    with open_checkpoint(checkpoint, every, resume) as keeper:
        return _train(
            run, keeper, data, epochs, batch_size, seed, validation, callbacks, probe, measures,
            shuffle, progress,
        )  # fmt: skip


def _train(
    run: Run,
    keeper: Checkpoint,
    data: Dataset,
    epochs: int,
    batch_size: int,
    seed: int,
    validation: float,
    callbacks: Iterable[Callback],
    probe: int | tuple[Array, Array],
    measures: Sequence[Measure],
    shuffle: bool,
    progress: bool,
) -> Run:
    """Do what `fit` says, with a checkpoint that is open."""
    net, rule = run.net, run.rule
    examiner = _Examiner(run, data, validation, seed, probe, measures)
    told = {"batch_size": batch_size, "seed": seed, "validation": validation, "probe": probe,
            "measures": [measure.name for measure in measures], "shuffle": shuffle}  # fmt: skip
    keeper.compare(run, data, epochs, told)
    if net.rule is not rule:
        rule.attach(net, seed)
    order = seeds.generator(seed, "order")
    batches = Batches(*examiner.training, checks.whole("batch_size", batch_size), order, shuffle)
    trace = Trace(net, batches.size)
    done = keeper.restore(run, batches)
    if not done:
        run.history.start = examiner.look()
    ceiling = TOO_LARGE * max(1.0, float(run.history.start["test_loss"]))
    with threads.team(), bar(epochs, rule.name, "epoch", progress, done) as shown:
        for epoch in range(done, epochs):
            try:
                row = _epoch(run, batches, trace, epoch, epochs, ceiling) | examiner.look()
                _check_loss(run, row["test_loss"], ceiling, f"epoch {epoch + 1}, after its steps")
            except _DivergedError as diverged:
                run.stopped = str(diverged)
                warnings.warn(run.stopped, DivergenceWarning, stacklevel=3)
                break
            run.history.append(row)
            for callback in callbacks:
                callback(run)
            keeper.keep(run, batches, epoch + 1, epochs)
            shown.set_postfix(loss=f"{row['loss']:.4g}", refresh=False)
            shown.update()
    return run


def _epoch(
    run: Run, batches: Batches, trace: Trace, epoch: int, epochs: int, ceiling: float
) -> dict[str, float | Array]:
    """Go once through the training samples; return the running loss and accuracy."""
    loss = right = 0.0
    started = time.perf_counter()
    for _ in range(run.rule.feedback_passes(epoch)):
        _feedback_pass(run, batches, trace, epoch, epochs)
    for number, (x, target) in enumerate(batches):
        run.optimizer.at(epoch + number / len(batches), epochs)
        run.rule.at(epoch + number / len(batches), epochs)
        now = trace.rows(len(x))
        step(run.net, run.rule, run.optimizer, now.fill(x, train=True).set_target(target))
        batch_loss = now.loss()
        _check_loss(run, batch_loss, ceiling, f"epoch {epoch + 1}, step {number + 1}")
        loss += batch_loss * len(x)
        right += (now.output.argmax(1) == target.argmax(1)).sum()
    seconds = time.perf_counter() - started
    samples = len(batches.x)
    return {"loss": loss / samples, "train_accuracy": right / samples, "seconds": seconds}


def _feedback_pass(run: Run, batches: Batches, trace: Trace, epoch: int, epochs: int) -> None:
    """Go once through the training samples while the weights rest, and the feedback learns."""
    run.rule.at(epoch, epochs)
    for x, target in batches:
        now = trace.rows(len(x)).fill(x, train=True).set_target(target)
        run.rule.learn_feedback(run.net, now)


def _check_loss(run: Run, loss: float | Array, ceiling: float, where: str) -> None:
    """Stop a run whose loss is NaN, infinite or huge; the last step of all counts too."""
    if not loss < ceiling:
        raise _DivergedError(
            f"{run.rule.name} was stopped in {where}: the loss is {loss:.4g}; "
            f"a learning rate below {run.optimizer.lr:g} may help"
        )


class _Examiner:
    """Looks at a network between epochs: on the test split, a validation split and a probe."""

    def __init__(
        self,
        run: Run,
        data: Dataset,
        validation: float,
        seed: int,
        probe: int | tuple[Array, Array],
        measures: Sequence[Measure],
    ) -> None:
        if not isinstance(data, Dataset):
            raise TypeError(f"data must be a nofb.datasets.Dataset, but is {type(data).__name__}")
        self.run, self.classes = run, data.n_classes is not None
        splits = {"train": (data.x_train, data.y_train), "test": (data.x_test, data.y_test)}
        if checks.number("validation", validation, least=0, below=1):
            held = data.split_validation(validation, seed)
            splits["train"] = held.x_train, held.y_train
            splits["validation"] = held.x_test, held.y_test
        ready = {name: self._prepare(name, *split) for name, split in splits.items()}
        self.training = ready.pop("train")
        self.splits = ready
        self.probe = self._make_probe(probe, measures)

    def _make_probe(
        self, probe: int | tuple[Array, Array], measures: Sequence[Measure]
    ) -> Probe | None:
        for measure in measures:
            if not isinstance(measure, Measure):
                raise TypeError(
                    f"measures must hold measures of nofb.diagnosis, but holds {measure!r}"
                )
        if isinstance(probe, tuple):
            return Probe(self.run.net, *self._prepare("probe", *probe), measures)
        if not checks.whole("probe", probe, least=0):
            return None
        x, target = self.splits["test"]
        return Probe(self.run.net, x[:probe], target[:probe], measures)

    def _prepare(self, name: str, x: Array, y: Array) -> tuple[Array, Array]:
        net = self.run.net
        return net.as_input(x, f"x_{name}"), net.as_target(y, len(x), f"y_{name}")

    def look(self) -> dict[str, float | Array]:
        """Return every measure that needs no training step."""
        row: dict[str, float | Array] = {}
        for name, (x, target) in self.splits.items():
            loss, accuracy = self.run.net.evaluate_rows(x, target)
            row[f"{name}_loss"] = loss
            row[f"{name}_accuracy"] = accuracy if self.classes else np.nan
        if not self.classes:
            row["train_accuracy"] = np.nan  # the running share of right answers means nothing here
        if self.probe is not None:
            row.update(self.probe.measure(self.run.rule))
        return row
