"""`nofb explain RULE`: its equations beside its code, or one update step by step.

It explains methods of transfer as well.
"""

from __future__ import annotations

import argparse

from nofb import checks
from nofb.explain import explain
from nofb.transfer import METHODS


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = commands.add_parser("explain", help="read a rule or a method: equations beside code")
    # fmt: off
    add = parser.add_argument
    add("rule", metavar="RULE",
        help="its short name, see nofb rules; or module:Class; or a method of transfer: "
        f"{', '.join(METHODS)}")
    add("--step", action="store_true",
        help="show one update of a 2-3-2 network, or of a transformer of two blocks, every array "
        "beside the line that computes it")
    add("--all", action="store_true",
        help="show the code of other files too that runs around that of its own file")
    add("--seed", type=int, default=0, metavar="N",
        help="the seed of this network, its feedback and its batch (default: %(default)s)")
    # fmt: on
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the explanation."""
    seed = checks.whole("seed", options.seed, least=0)
    print(explain(options.rule, step=options.step, seed=seed, everything=options.all))
    return 0
