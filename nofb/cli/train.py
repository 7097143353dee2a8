"""`nofb train RULE`: one rule, one seed, one line for each epoch."""

from __future__ import annotations

import argparse

import numpy as np

from nofb.cli.options import add_settings, read_settings
from nofb.rules import make
from nofb.training import Run, fit
from nofb.types import Array


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = commands.add_parser("train", help="train one rule and watch it")
    parser.add_argument("rule", metavar="RULE", help="its short name; see nofb rules")
    # fmt: off
    parser.add_argument("--seed", type=int, default=0, metavar="N",
        help="of weights, feedback and order (default: %(default)s)")
    parser.add_argument("--validation", type=float, default=0.0, metavar="SHARE",
        help="of the training samples, held out (default: none)")
    # fmt: on
    add_settings(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Train, print a line for each epoch, and return 1 if the run diverged."""
    settings = read_settings(options)
    rule = make(options.rule)
    optimizer = settings.make_optimizer(options.rule)
    data = settings.load()
    net = settings.network(data, options.seed)
    print(f"{rule.name}: {rule.title} ({rule.paper})\n{data!r}\n{net!r}\n{optimizer!r}\n")
    print(_heading(options.validation > 0))
    finished = fit(
        net,
        rule,
        data,
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        optimizer=optimizer,
        seed=options.seed,
        validation=options.validation,
        callbacks=[_print_epoch],
        progress=False,
    )
    return 1 if finished.stopped else 0


def _heading(validation: bool) -> str:
    names = ["train", *(["held out"] if validation else []), "test"]
    return f"epoch      loss{''.join(f'{n:>10}' for n in names)}   angle to backprop, by layer"


def _print_epoch(run: Run) -> None:
    last = {name: run.history[name][-1] for name in run.history}
    names = ["train_accuracy", "validation_accuracy", "test_accuracy"]
    accuracies = "".join(f"{_percent(last[name]):>10}" for name in names if name in last)
    angles = _degrees(last["delta_angle_end_to_end"])
    print(f"{run.history.epochs:5d}  {last['loss']:8.4f}{accuracies}   {angles}", flush=True)


def _percent(accuracy: float) -> str:
    return "-" if np.isnan(accuracy) else f"{100 * accuracy:.2f} %"


def _degrees(angles: Array) -> str:
    return " ".join("   -" if np.isnan(angle) else f"{angle:3.0f}°" for angle in angles)
