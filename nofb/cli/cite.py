"""`nofb cite RULE`: the papers of a rule or a method of transfer, as BibTeX."""

from __future__ import annotations

import argparse


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = commands.add_parser("cite", help="print the papers of rules as BibTeX")
    parser.add_argument(
        "rules",
        nargs="+",
        metavar="RULE",
        help="short names, see nofb rules",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print each paper once."""
    from nofb.explain.citation import cite

    found = [entry for name in options.rules for entry in cite(name).split("\n\n")]
    print("\n\n".join(dict.fromkeys(found)))
    return 0
