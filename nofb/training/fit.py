"""The only training loop: updates for each batch, and an evaluation after each epoch."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from nofb import arguments, callers, checks, optimizers, rules, seeds, threads
from nofb.datasets import Dataset
from nofb.diagnosis import Probe
from nofb.network import Network
from nofb.optimizers import Optimizer
from nofb.rules import Rule
from nofb.training import callbacks as calls
from nofb.training.batches import Batches
from nofb.training.callbacks import AfterEpoch, Callback, EarlyStopping, StopTraining
from nofb.training.checkpoint import Checkpoint
from nofb.training.checkpoint_file import CheckpointFile, open_checkpoint
from nofb.training.epoch import Diverged, Epochs, Perturbation
from nofb.training.examiner import Examiner
from nofb.training.interrupts import Interrupted, Interrupts
from nofb.training.ownership import owned
from nofb.training.progress import bar
from nofb.training.run import Run
from nofb.types import Array


class DivergenceWarning(RuntimeWarning):
    """A run was stopped, because its loss diverged."""


RATE = "the learning rate belongs to the optimizer: optimizer=nofb.SGD(lr=0.1)"
DATA = 'for example nofb.fit(net, "fa", nofb.datasets.load("digits"))'


@arguments.explained(lr=RATE, learning_rate=RATE, data=DATA)
def fit(
    net: Network,
    rule: Rule | str,
    data: Dataset,
    epochs: int = 20,
    batch_size: int = 32,
    optimizer: Optimizer | str = "sgd",
    seed: int = 0,
    *,
    validation: float = 0.0,
    probe: Probe | int | tuple[Array, Array] = 100,
    checkpoint: Checkpoint | str | os.PathLike[str] | None = None,
    callbacks: Iterable[AfterEpoch] = (),
    shuffle: bool = True,
    progress: bool = True,
    perturb: Perturbation | None = None,
) -> Run:
    """Train a network with a rule.

    Parameters
    ----------
    net
        The network; its weights change in place.
    rule
        The rule; it is attached with `seed` unless it is attached to this network already. Or its
        short name, such as "fa", for a new rule from `nofb.rules.make`.
    data
        A `Dataset`. The test split is evaluated once an epoch and has no effect on training.
    epochs
        How often the network is trained on each sample.
    batch_size
        The number of samples in a step. A last, smaller batch is used too.
    optimizer
        Its running averages are reset at the start. Or its name, "sgd", "rmsprop", "adam" or
        "adamw", for a new one with its default learning rate.
    seed
        The seed of the feedback path, of the order of samples and of the validation split; each has
        its own generator.
    validation
        The fraction of the training samples to hold out and measure on, 0 for none.
    probe
        How many test samples the rule is compared with backprop on after each epoch, 0 for none; or
        other samples, as (x, y). A `nofb.Probe` also chooses what is measured on them.
    checkpoint
        The path of a file to keep the run in, or a `nofb.Checkpoint`, which also says how often it
        is written and whether the run in it is resumed. See docs/checkpoints.md for the content of
        the file and for what is refused.
    callbacks
        A list of functions that are called with the `Run` after every epoch. One that raises
        `nofb.StopTraining` stops the run; `nofb.EarlyStopping` does so.
    shuffle
        Whether each epoch takes the samples in a new order; if not, in their own order.
    progress
        Whether a progress bar is shown; it appears only in a terminal or a notebook.
    perturb
        A function of the rule, the network and the trace that returns changed samples, shaped like
        `trace.x`, for the step on each batch, such as `nofb.FastGradientSign(0.08)`. "loss" and
        "train_accuracy" are those of the changed samples.

    Returns
    -------
    Run
        With the history. If the run ended early, `run.stopped` has the place and the reason: the
        loss diverged, a callback stopped it, or the user pressed Ctrl-C (then `run.interrupted` is
        true). The first Ctrl-C waits for the end of the step; the second one interrupts at once.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range, the data do not fit the network, the checkpoint is not a
        complete one of this run, or the network, the optimizer or a `Callback` belongs to a run
        that is still active.
    OSError
        If the checkpoint exists and is not to be resumed, or could not be written.

    Warns
    -----
    CheckpointWarning
        If a later checkpoint could not be written; the earlier one is still complete.
    DivergenceWarning
        If the loss became infinite, NaN or huge, with the epoch and the step.
    UserWarning
        If the run has a single step, and its schedule starts with the rate 0.

    Examples
    --------
    >>> import nofb
    >>> data = nofb.datasets.load("digits")
    >>> net = Network([nofb.Dense(64, 32, activation="tanh"), nofb.Dense(32, 10)], seed=0)
    >>> run = fit(net, nofb.rules.FeedbackAlignment(), data, epochs=5, optimizer=nofb.SGD(lr=0.2))
    >>> bool(run.history["test_accuracy"][-1] > 0.85)
    True
    """
    epochs, batch_size = checks.whole("epochs", epochs), checks.whole("batch_size", batch_size)
    checks.whole("seed", seed, least=0)
    for name, switch in {"shuffle": shuffle, "progress": progress}.items():
        checks.switch(name, switch)
    probe, checkpoint = Probe.of(probe), Checkpoint.of(checkpoint)
    rule = rules.make(rule) if isinstance(rule, str) else rule
    optimizer = optimizers.make(optimizer) if isinstance(optimizer, str) else optimizer
    _check_kinds(net, rule, optimizer)
    _check_layer_factors(net, optimizer)
    _check_perturb(perturb)
    callbacks = calls.checked(callbacks)
    run = Run(net, rule, optimizer)
    examiner = Examiner(run, data, validation, seed, probe)
    stopping = [each for each in callbacks if isinstance(each, EarlyStopping)]
    told: dict[str, Any] = {
        "batch_size": batch_size, "seed": seed, "validation": validation, "shuffle": shuffle,
        "probe": probe.samples, "measures": [each.name for each in probe.measures],
    }  # fmt: skip
    if perturb is not None:
        told["perturb"] = perturb
    more = {"early_stopping": stopping} if stopping else {}
    stateful = [("a callback", each) for each in callbacks if isinstance(each, Callback)]
    mine = owned([("net", net), ("optimizer", optimizer), *stateful])
    with mine, open_checkpoint(checkpoint, more) as keeper:
        keeper.compare(run, data, epochs, told)
        if net.rule is not rule:
            rule.attach(net, seed)
        optimizer.reset()
        batches = Batches(*examiner.training, batch_size, seeds.generator(seed, "order"), shuffle)
        _warn_of_rate_zero(optimizer, epochs, len(batches))
        done = keeper.restore(run, batches)
        if not done:
            run.history.start = examiner.look_first()
        shown = bar(epochs, rule.name, "epoch", progress, done)
        with threads.team(), shown, Interrupts() as interrupts:
            each = Epochs(run, batches, epochs, interrupts, perturb)
            _train(each, examiner, callbacks, keeper, done, shown)
        calls.end(callbacks, run)
    return run


def _train(
    each: Epochs,
    examiner: Examiner,
    callbacks: list[AfterEpoch],
    keeper: CheckpointFile,
    done: int,
    shown: Any,
) -> None:
    """Train epoch by epoch; a run that ends early has the reason in `stopped`."""
    run, epochs, interrupts = each.run, each.epochs, each.interrupts
    try:
        calls.begin(callbacks, run)
        for epoch in range(done, epochs):
            row = each.train(epoch) | examiner.evaluate()
            each.check_loss(row["test_loss"], f"in epoch {epoch + 1}, after its steps")
            run.history.append(row)
            interrupts.where = after = f"after epoch {epoch + 1}"
            wish = calls.after_epoch(callbacks, run)
            if callbacks:
                each.check_weights(f"{after}, after its callbacks")
            keeper.keep(run, each.batches, epoch + 1, epoch + 1 if wish else epochs)
            shown.set_postfix(loss=f"{row['loss']:.4g}", refresh=False)
            shown.update()
            if wish:
                raise wish
            interrupts.passed(after)
    except Diverged as diverged:
        run.stopped = str(diverged)
        callers.warn(run.stopped, DivergenceWarning)
    except StopTraining as wish:
        reason = f": {wish}" if str(wish) else ""
        after = f"after epoch {run.history.epochs}"
        run.stopped = f"{run.rule.name} was stopped by a callback {after}{reason}"
    except (Interrupted, KeyboardInterrupt) as interrupt:
        if isinstance(interrupt, KeyboardInterrupt) and interrupts.must_go_on():
            raise
        run.stopped = f"{run.rule.name} was stopped by the user {interrupts.where}"
        run.interrupted = True


def _check_layer_factors(net: Network, optimizer: Optimizer) -> None:
    """Refuse factors of the learning rate that do not fit the layers."""
    factors = optimizer.layer_factors
    if factors is not None and len(factors) != len(net.weighted):
        raise ValueError(
            f"layer_factors has {len(factors)} numbers, but the network has {len(net.weighted)} "
            "layers with weights"
        )


def _check_perturb(perturb: object) -> None:
    """Refuse what is no function that changes samples, such as a size or a class."""
    if isinstance(perturb, type):
        raise TypeError(f"perturb is the class {perturb.__name__}: call it, {perturb.__name__}()")
    if perturb is not None and not callable(perturb):
        raise TypeError(
            "perturb must be such as nofb.FastGradientSign(0.08), or a function of the rule, the "
            f"network and the trace, but is {perturb!r}"
        )


def _warn_of_rate_zero(optimizer: Optimizer, epochs: int, batches: int) -> None:
    """Warn of a run with one step, which has the rate 0: the beginning of a warm-up."""
    if epochs * batches > 1:
        return
    optimizer.at(0, epochs)
    if optimizer.factor == 0:
        callers.warn(
            "the run has a single step, for which the schedule gives the learning rate 0, so "
            "nothing is learned: a smaller batch_size, more epochs or another schedule would help",
            UserWarning,
        )


def _check_kinds(net: Network, rule: Rule, optimizer: Optimizer) -> None:
    """Refuse an argument that is not a network, rule or optimizer, such as a number or a class."""
    for name, given, kind, example in (
        ("net", net, Network, "nofb.Network([...])"),
        ("rule", rule, Rule, 'nofb.rules.make("fa")'),
        ("optimizer", optimizer, Optimizer, "nofb.SGD(lr=0.1)"),
    ):
        if not isinstance(given, kind):
            found = repr(given)
            if isinstance(given, type) and issubclass(given, kind):
                found = f"the class itself: call it, {given.__name__}()"
            raise TypeError(f"{name} must be such as {example}, but is {found}")
