"""The options that `nofb compare` and `nofb train` share: what is trained, and how."""

from __future__ import annotations

import argparse

from nofb import datasets
from nofb.activations import ACTIVATIONS
from nofb.experiments.settings import Settings
from nofb.training import OPTIMIZERS

DEFAULTS = Settings()


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add one option for each field of `Settings`."""
    hidden = " ".join(map(str, DEFAULTS.hidden))
    add = parser.add_argument_group("what is trained, and how").add_argument
    # fmt: off
    add("--data", default=DEFAULTS.data, metavar="NAME",
        help=f"{', '.join(datasets.names())} (default: %(default)s)")
    add("--hidden", type=int, nargs="*", default=DEFAULTS.hidden, metavar="UNITS",
        help=f"units of each hidden layer (default: {hidden})")
    add("--activation", default=DEFAULTS.activation, metavar="NAME",
        help=f"{', '.join(ACTIVATIONS)} (default: %(default)s)")
    add("--optimizer", default=DEFAULTS.optimizer, metavar="NAME",
        help=f"{', '.join(OPTIMIZERS)} (default: %(default)s; sgd has momentum 0.9)")
    add("--lr", type=float, metavar="RATE",
        help="learning rate (default: for each rule the one found on a validation split)")
    add("--input-dropout", type=float, default=DEFAULTS.input_dropout, metavar="SHARE",
        help="of the inputs silenced at each step (default: %(default)s)")
    add("--epochs", type=int, default=DEFAULTS.epochs, metavar="N",
        help="how often each sample is seen (default: %(default)s)")
    add("--batch-size", type=int, default=DEFAULTS.batch_size, metavar="N",
        help="samples in a step (default: %(default)s)")
    # fmt: on


def read_settings(options: argparse.Namespace) -> Settings:
    """Return the settings that the options stand for."""
    return Settings(
        data=options.data,
        hidden=tuple(options.hidden),
        activation=options.activation,
        optimizer=options.optimizer,
        lr=options.lr,
        epochs=options.epochs,
        input_dropout=options.input_dropout,
        batch_size=options.batch_size,
    )
