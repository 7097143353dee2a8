"""`nofb rules`: every rule, its paper, and what its backward pass uses."""

import argparse
from dataclasses import fields

from nofb.rules import FAMILIES, RULES, Rule, Uses
from nofb.text import entry


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
        print(entry(name, *described(rule)))
    print("\nnofb explain RULE shows one of them, nofb cite RULE its papers.")
    return 0


def described(rule: type[Rule]) -> tuple[str, str]:
    """Return what a rule is, and what its backward pass uses."""
    used = [each.name.replace("_", " ") for each in fields(Uses) if getattr(rule.uses, each.name)]
    return f"{rule.title} ({rule.paper})", f"uses {', '.join(used) or 'nothing that comes back'}"
