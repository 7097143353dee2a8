"""`nofb train RULE`: one rule, one seed, one line for each epoch."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from nofb.cli.options import add_attributes, add_settings, make_rule, read_settings
from nofb.training import Checkpoint, Run, fit
from nofb.types import Array


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = commands.add_parser("train", help="train one rule and watch it")
    parser.add_argument(
        "rule", metavar="RULE", help="its short name, see nofb rules; or module:Class of your own"
    )
    # fmt: off
    parser.add_argument("--seed", type=int, default=0, metavar="N",
        help="of weights, feedback and order (default: %(default)s)")
    parser.add_argument("--validation", type=float, default=0.0, metavar="SHARE",
        help="of the training samples, held out (default: none)")
    parser.add_argument("--checkpoint", type=Path, metavar="FILE",
        help="keep the run in this file, so that it can be resumed (default: none)")
    parser.add_argument("--every", type=int, default=1, metavar="N",
        help="epochs from one checkpoint to the next (default: %(default)s)")
    parser.add_argument("--resume", action="store_true",
        help="resume from the checkpoint, if there is one yet")
    # fmt: on
    add_attributes(parser)
    add_settings(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Train, print a line for each epoch, and return 1 if the run diverged."""
    rule = make_rule(options.rule, options.attributes)
    settings = read_settings(options).replace(rule=rule.name, seed=options.seed)
    optimizer = settings.make_optimizer()
    data = settings.load()
    net = settings.network_for(data)
    print(f"{rule.name}: {rule.title} ({rule.paper})\n{data!r}\n{optimizer!r}\n\n{net}\n")
    if note := settings.default_rate:
        print(f"{note}\n")
    table = _Table(options.validation > 0)
    finished = fit(
        net,
        rule,
        data,
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        optimizer=optimizer,
        seed=options.seed,
        validation=options.validation,
        callbacks=[table.show],
        progress=False,
        checkpoint=_checkpoint(options),
    )
    table.show(finished)
    return 1 if finished.stopped else 0


def _checkpoint(options: argparse.Namespace) -> Checkpoint | None:
    """Return what the options say of a checkpoint; without its file they mean nothing."""
    if options.checkpoint is not None:
        return Checkpoint(options.checkpoint, options.every, options.resume)
    for name, given in {"resume": options.resume, "every": options.every != 1}.items():
        if given:
            raise ValueError(f"--{name} needs a checkpoint: give its file by --checkpoint FILE")
    return None


class _Table:
    """A line for each epoch, those that a resumed run had done before included."""

    def __init__(self, validation: bool) -> None:
        self.lines = 0
        names = ["train", *(["held out"] if validation else []), "test"]
        columns = "".join(f"{name:>10}" for name in names)
        print(f"epoch      loss{columns}   angle to backprop, by layer", flush=True)

    def show(self, run: Run) -> None:
        """Print the epochs that were not printed yet."""
        for epoch in range(self.lines, run.history.epochs):
            measures = {name: run.history[name][epoch] for name in run.history}
            print(_line(epoch, measures), flush=True)
        self.lines = run.history.epochs


def _line(epoch: int, measures: dict[str, Array]) -> str:
    names = ["train_accuracy", "validation_accuracy", "test_accuracy"]
    accuracies = "".join(f"{_percent(measures[name]):>10}" for name in names if name in measures)
    angles = _degrees(measures["delta_angle_end_to_end"])
    return f"{epoch + 1:5d}  {measures['loss']:8.4f}{accuracies}   {angles}"


def _percent(accuracy: Array) -> str:
    return "-" if np.isnan(accuracy) else f"{100 * accuracy:.2f} %"


def _degrees(angles: Array) -> str:
    return " ".join("   -" if np.isnan(angle) else f"{angle:3.0f}°" for angle in angles)
