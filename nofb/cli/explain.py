"""`nofb explain RULE`: its equations beside its code, or one update step by step, also as a page.

It explains methods of transfer as well.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from nofb import checks
from nofb.explain import explain, walk
from nofb.explain.stepper import page
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
    add("--html", metavar="FILE",
        help="with --step: write the update as a page to step through in a browser")
    add("--seed", type=int, default=0, metavar="N",
        help="the seed of this network, its feedback and its batch (default: %(default)s)")
    # fmt: on
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the explanation."""
    seed = checks.whole("seed", options.seed, least=0)
    if options.html is None:
        print(explain(options.rule, step=options.step, seed=seed, everything=options.all))
        return 0
    if not options.step:
        raise ValueError("--html writes one update: add --step")
    file = Path(options.html)
    file.write_text(page(walk(options.rule, seed)), encoding="utf-8")
    print(f"{file}: one update of {options.rule}; open it in a browser")
    return 0
