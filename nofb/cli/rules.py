"""`nofb rules`: every rule, its paper, and what its backward pass uses."""

import argparse
from dataclasses import fields
from textwrap import fill

from nofb.rules import FAMILIES, RULES, Rule, Uses

WIDTH = 80  # of a terminal
NAME = 13  # columns of a short name


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser("rules", help="list the learning rules and what each one uses")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the rules of each family: name, paper, and below it what the backward pass uses."""
    family = ""
    for name, rule in RULES.items():
        if FAMILIES[rule.family] != family:
            family = FAMILIES[rule.family]
            print(f"\n{family}\n{'-' * len(family)}")
        print(described(name, rule))
    print("\nnofb explain RULE shows one of them, nofb cite RULE its papers.")
    return 0


def described(name: str, rule: type[Rule]) -> str:
    """Return a rule in a few lines of at most 80 columns."""
    used = [each.name.replace("_", " ") for each in fields(Uses) if getattr(rule.uses, each.name)]
    lines = [f"{rule.title} ({rule.paper})", f"uses {', '.join(used) or 'nothing that comes back'}"]
    indent = " " * NAME
    text = [fill(line, WIDTH, initial_indent=indent, subsequent_indent=indent) for line in lines]
    return name.ljust(NAME) + "\n".join(text)[NAME:]
