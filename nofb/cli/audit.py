"""`nofb audit [RULE ...]`: measure what each rule uses, and compare it with its claim.

`nofb audit toast` measures what the top-down path of a method of transfer depends on.
"""

from __future__ import annotations

import argparse
from textwrap import fill

from nofb.audit import audit, contradictions, table, top_down, top_down_table
from nofb.audit.steered import METHODS
from nofb.cli.options import add_attributes, make_rule
from nofb.explain.subjects import rule_called
from nofb.rules import RULES, Rule
from nofb.text import columns, markdown


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = commands.add_parser("audit", help="measure what a rule really uses")
    # fmt: off
    parser.add_argument("rules", nargs="*", default=list(RULES), metavar="RULE",
        help="short names, or module:Class for a custom rule (default: all rules of nofb); "
        f"or {' or '.join(METHODS)}: what does its top-down path depend on?")
    parser.add_argument("--markdown", action="store_true",
        help="print only the table, in Markdown")
    # fmt: on
    add_attributes(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the tables, and return 1 if a claim is contradicted."""
    if options.attributes and (len(options.rules) != 1 or options.rules[0] in METHODS):
        raise ValueError("--set sets attributes of one rule: give its name alone")
    names = [name for name in options.rules if name not in METHODS]
    for name in names:
        rule_called(name, METHODS)
    rules = [make_rule(name, options.attributes) for name in names]
    wrong = print_rules(rules, options.markdown) if rules else False
    for method in dict.fromkeys(options.rules):
        if method in METHODS:
            wrong |= print_top_down(method, options.markdown)
    return int(wrong)


def print_rules(given: list[Rule], only_table: bool) -> bool:
    """Print what rules use, and say whether a claim is contradicted."""
    rules = {rule.name: rule for rule in given}
    findings = {name: audit(rule) for name, rule in rules.items()}
    if only_table:
        print(markdown(table.rows(findings)))
        return False
    print(f"{columns(table.rows(findings))}\n\n{table.legend()}")
    wrong = [
        f"{name}: {sentence}."
        for name, rule in rules.items()
        for sentence in contradictions(rule.uses, findings[name])
    ]
    print("\n" + ("\n".join(wrong) or "Every claim agrees with what was found."))
    return bool(wrong)


def print_top_down(method: str, only_tables: bool) -> bool:
    """Print what a top-down path depends on, and say whether a claim is contradicted."""
    found = top_down(method)
    tables = top_down_table.rows(found), top_down_table.read_rows(found)
    if only_tables:
        print("\n\n".join(map(markdown, tables)))
        return False
    moved, read = map(columns, tables)
    print(f"{moved}\n\n{top_down_table.MOVED}\n\n{read}\n\n{top_down_table.READ}\n")
    verdict = list(top_down_table.verdict(found))
    for sentence, holds in verdict:
        print(fill(f"* {'' if holds else 'This does NOT hold: '}{sentence}", 100,
                   subsequent_indent="  "))  # fmt: skip
    return not all(holds for _, holds in verdict)
