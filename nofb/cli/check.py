"""`nofb check module:Class`: is this a sound rule? Verdicts in sentences, with the numbers."""

from __future__ import annotations

import argparse
import textwrap

from nofb.check import TESTS, check
from nofb.cli.options import add_attributes, make_rule

WIDTH = 100  # of a terminal


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = commands.add_parser("check", help="test a rule, in particular a custom rule")
    # fmt: off
    parser.add_argument("rule", metavar="RULE",
        help="module:Class, such as my_rule:MyRule for a class in my_rule.py; or a short name")
    # fmt: on
    add_attributes(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print each verdict as it comes, and return 1 if there is a failure among them."""
    rule = make_rule(options.rule, options.attributes)
    print(f"{rule.name}: {rule.title} ({rule.paper})\n")
    width = max(map(len, TESTS))
    failures = 0
    for name, verdict in check(rule):
        head = f"{verdict.word:6}  {name:{width}}  "
        print(
            textwrap.fill(
                verdict.sentence, WIDTH, initial_indent=head, subsequent_indent=" " * len(head)
            ),
            flush=True,
        )
        failures += verdict.passed is False
    print(f"\n{_summary(failures)}")
    return 1 if failures else 0


def _summary(failures: int) -> str:
    if not failures:
        return "No failure."
    if failures == 1:
        return "1 failure."
    return f"{failures} failures. Fix the first one first: it often causes the others."
