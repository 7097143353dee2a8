"""The options that commands share: what is trained, how, and where the runs take place."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nofb import cores, datasets, rules
from nofb.activations import ACTIVATIONS
from nofb.networks import NETWORKS
from nofb.rules import Rule
from nofb.runs.grid import finished
from nofb.runs.pools import Task
from nofb.runs.specification import Specification
from nofb.training import OPTIMIZERS

DEFAULTS = Specification()
OF_THE_NETWORK = ("hidden", "activation", "input_dropout")  # `None` if they are not given
PYTHON = {"True": "true", "False": "false", "None": "null"}  # the names in JSON


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add the options that make a `Specification`."""
    hidden = " ".join(map(str, DEFAULTS.options["hidden"]))
    add = parser.add_argument_group("what is trained, and how").add_argument
    # fmt: off
    add("--data", default=DEFAULTS.data, metavar="NAME",
        help=f"{', '.join(datasets.names())}; or my_data:build, for a function in my_data.py that "
             "returns a Dataset (default: %(default)s)")
    add("--network", default=DEFAULTS.network, metavar="NAME",
        help=f"{', '.join(NETWORKS)}; or my_net:make, for a function of the seed in my_net.py "
             "(default: %(default)s)")
    add("--hidden", type=int, nargs="*", metavar="UNITS",
        help=f"units of each hidden layer of an mlp (default: {hidden})")
    add("--activation", metavar="NAME",
        help=f"of an mlp: {', '.join(ACTIVATIONS)} (default: {DEFAULTS.options['activation']})")
    add("--optimizer", default=DEFAULTS.optimizer, metavar="NAME",
        help=f"{', '.join(OPTIMIZERS)} (default: %(default)s; sgd has momentum 0.9)")
    add("--lr", type=float, metavar="RATE",
        help="learning rate (default: for each rule the one found on a validation split)")
    add("--input-dropout", type=float, metavar="SHARE",
        help="dropout rate of the inputs of an mlp "
             f"(default: {DEFAULTS.options['input_dropout']})")
    add("--epochs", type=int, default=DEFAULTS.epochs, metavar="N",
        help="the number of epochs (default: %(default)s)")
    add("--batch-size", type=int, default=DEFAULTS.batch_size, metavar="N",
        help="the samples of one step (default: %(default)s)")
    # fmt: on


def add_attributes(parser: argparse.ArgumentParser) -> None:
    """Add the option that sets attributes of a rule."""
    # fmt: off
    parser.add_argument("--set", nargs="+", default=[], metavar="NAME=VALUE", dest="attributes",
        help="attributes of the rule, such as decay=0.1")
    # fmt: on


def make_rule(rule: str, attributes: Sequence[str]) -> Rule:
    """Build the named rule with the given attributes, each NAME=VALUE.

    Raises
    ------
    ValueError
        If there is no such rule or attribute, or a value is of the wrong type or out of its bounds.
    """
    try:
        return rules.make(rule, **dict(map(_attribute, attributes)))
    except TypeError as error:  # a value of the wrong type, which is an error of the user here
        raise ValueError(str(error)) from error


def _attribute(words: str) -> tuple[str, Any]:
    """Return the name and the value of an attribute.

    Examples
    --------
    >>> _attribute("decay=0.1"), _attribute("noise=uniform"), _attribute("shared=true")
    (('decay', 0.1), ('noise', 'uniform'), ('shared', True))
    >>> _attribute("shared=False"), _attribute("rate=None")
    (('shared', False), ('rate', None))
    """
    name, equals, value = words.partition("=")
    if not equals:
        raise ValueError(f"an attribute must be NAME=VALUE, such as decay=0.1, but is {words!r}")
    try:
        return name, json.loads(PYTHON.get(value, value))
    except json.JSONDecodeError:
        return name, value


def add_places(parser: argparse.ArgumentParser) -> None:
    """Add the options of a command that does many runs."""
    # fmt: off
    add = parser.add_argument
    add("--jobs", type=int, default=min(2, cores.count()), metavar="N",
        help="the number of parallel runs (default: %(default)s)")
    add("--cluster", metavar="ADDRESS",
        help="the address of a dask scheduler for the runs, such as tcp://127.0.0.1:8786")
    # fmt: on


def say_finished(tasks: Sequence[Task], log: Path) -> None:
    """Print how many runs are already finished, if there are any."""
    if found := finished(tasks, log):
        print(f"{found} of {len(tasks)} runs were finished earlier: {log}\n", flush=True)


@contextmanager
def resumable(log: Path) -> Iterator[None]:
    """Print on Ctrl-C which runs are stored, within this context."""
    try:
        yield
    except KeyboardInterrupt:
        if not log.exists():
            raise
        raise KeyboardInterrupt(
            f"stopped; {log} keeps the finished runs, and the same command resumes there"
        ) from None


def read_settings(options: argparse.Namespace) -> Specification:
    """Return the settings that are common to all rules and seeds."""
    given = {name: getattr(options, name) for name in OF_THE_NETWORK}
    return Specification(
        data=options.data,
        network=options.network,
        optimizer=options.optimizer,
        lr=options.lr,
        epochs=options.epochs,
        batch_size=options.batch_size,
        **{name: value for name, value in given.items() if value is not None},
    )
