"""One epoch: each training sample once, a step for each batch, and a check of the loss."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nofb.clock import Clock
from nofb.network import Network
from nofb.rule import Rule
from nofb.trace import Trace
from nofb.training.batches import Batches
from nofb.training.interrupts import Interrupts
from nofb.training.run import Run
from nofb.training.step import step
from nofb.types import Array

Perturbation = Callable[[Rule, Network, Trace], Array]

TOO_LARGE = 1000.0  # a loss this many times the first one counts as diverged
LARGE_INPUT = 10.0  # larger than standardised inputs, or pixels in [0, 1], usually are


class Diverged(Exception):  # noqa: N818
    """Raised when a run diverges; its text says where."""


@dataclass
class Epochs:
    """The epochs of one run.

    Parameters
    ----------
    run
        The run; its history has the measures before the first step.
    batches
        The training samples.
    epochs
        The total number of epochs of the run.
    interrupts
        An object that is called after every step, and may end the epoch.
    perturb
        A function that changes the samples of each batch before its step, or `None`.
    """

    run: Run
    batches: Batches
    epochs: int
    interrupts: Interrupts
    perturb: Perturbation | None = None

    def __post_init__(self) -> None:
        self.trace = Trace(self.run.net, self.batches.size)
        self.ceiling = TOO_LARGE * max(1.0, float(self.run.history.start["test_loss"]))

    def train(self, epoch: int) -> dict[str, float | Array]:
        """Train once on each training sample; return the running loss and accuracy."""
        run, batches = self.run, self.batches
        loss = right = 0.0
        started = time.perf_counter()
        for _ in range(run.rule.feedback_passes(epoch)):
            self._feedback_pass(epoch)
        for number, (x, target) in enumerate(batches):
            now = epoch + number / len(batches)
            run.optimizer.at(now, self.epochs)
            run.rule.clock = Clock(now, self.epochs, run.optimizer.factor)
            trace = self.trace.rows(len(x)).fill(x, train=True).set_target(target)
            if self.perturb is not None:
                changed = self.perturb(run.rule, run.net, trace)
                if not isinstance(changed, np.ndarray):
                    raise TypeError(
                        f"perturb returned {type(changed).__name__}, but must return the changed "
                        "samples: an array such as trace.x"
                    )
                trace.fill(changed, train=True).set_target(target)
            where = f"in epoch {epoch + 1}, step {number + 1}"
            batch_loss = trace.loss()
            self.check_loss(batch_loss, where, moved=now > 0)
            step(run.net, run.rule, run.optimizer, trace)
            loss += batch_loss * len(x)
            right += run.net.count_right(trace.output, trace.target)
            self.interrupts.passed(where)
        seconds = time.perf_counter() - started
        samples = len(batches.x)
        rows = samples * run.net.rows_per_sample
        return {"loss": loss / samples, "train_accuracy": right / rows, "seconds": seconds}

    def check_loss(self, loss: float | Array, where: str, moved: bool = True) -> None:
        """Stop a run whose loss is NaN, infinite or huge.

        Raises
        ------
        Diverged
            With advice: smaller inputs, and a smaller learning rate if the weights have changed.
        """
        if loss < self.ceiling:
            return
        run, reach = self.run, float(np.abs(self.batches.x).max())
        inputs = f"smaller inputs: x_train reaches {reach:g}"
        if not moved:
            cure = f"no weight has moved yet, so what helps is {inputs}"
        else:
            cure = f"a learning rate below {run.optimizer.lr:g} may help"
            cure += f", and so may {inputs}" if reach > LARGE_INPUT else ""
        raise Diverged(f"{run.rule.name} was stopped {where}: the loss is {loss:.4g}; {cure}")

    def check_weights(self, where: str) -> None:
        """Stop a run if a callback has set weights to NaN or infinity.

        Raises
        ------
        Diverged
            With the weight array: no learning rate would help.
        """
        try:
            self.run.net.check_weights()
        except ValueError as error:
            raise Diverged(f"{self.run.rule.name} was stopped {where}: {error}") from error

    def _feedback_pass(self, epoch: int) -> None:
        """Train only the feedback on all training samples; the weights do not change."""
        self.run.rule.clock = Clock(epoch, self.epochs, self.run.rule.clock.factor)
        for x, target in self.batches:
            trace = self.trace.rows(len(x)).fill(x, train=True).set_target(target)
            self.run.rule.learn_feedback(self.run.net, trace)
            self.interrupts.passed(f"in epoch {epoch + 1}, before its steps")
