"""`nofb audit [RULE ...]`: measure what each rule uses, and compare it with its claim."""

from __future__ import annotations

import argparse

from nofb.audit import audit, contradictions, table
from nofb.rules import RULES, make
from nofb.text import columns, markdown


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = commands.add_parser("audit", help="measure what a rule really uses")
    # fmt: off
    parser.add_argument("rules", nargs="*", default=list(RULES), metavar="RULE",
        help="short names, or module:Class for a custom rule (default: all rules of nofb)")
    parser.add_argument("--markdown", action="store_true",
        help="print only the table, in Markdown")
    # fmt: on
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the table, and return 1 if a claim is contradicted."""
    rules = {rule.name: rule for rule in map(make, options.rules)}
    findings = {name: audit(rule) for name, rule in rules.items()}
    if options.markdown:
        print(markdown(table.rows(findings)))
        return 0
    print(f"{columns(table.rows(findings))}\n\n{table.legend()}")
    wrong = [
        f"{name}: {sentence}."
        for name, rule in rules.items()
        for sentence in contradictions(rule.uses, findings[name])
    ]
    print("\n" + ("\n".join(wrong) or "Every claim agrees with what was found."))
    return 1 if wrong else 0
