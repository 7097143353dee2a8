"""`nofb rules`: every rule, its paper, and what its backward pass uses."""

import argparse
from dataclasses import fields

from nofb.rules import RULES, Uses
from nofb.text import columns


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser("rules", help="list the learning rules and what each one uses")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the table."""
    names = [field.name for field in fields(Uses)]
    rows = [["rule", "full name", "paper", *(name.replace("_", " ") for name in names)]]
    for name, rule in RULES.items():
        marks = ["yes" if getattr(rule.uses, use) else "-" for use in names]
        rows.append([name, rule.title, rule.paper, *marks])
    print(columns(rows))
    return 0
