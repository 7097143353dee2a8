"""`nofb sweep CONFIG.toml`: rules × seeds × settings, as a table, a heat map and a tidy file."""

from __future__ import annotations

import argparse
import tomllib
from inspect import signature
from pathlib import Path
from typing import Any

from nofb import checks, report
from nofb.cli.options import add_places, resumable, say_finished
from nofb.cli.outcome import exit_code
from nofb.report.sweep import write
from nofb.runs.plan import Plan, make_plan
from nofb.runs.run_log import LOG
from nofb.runs.sweep import carry_out

KNOWN = tuple(signature(make_plan).parameters)
EXAMPLE = """an example of CONFIG.toml:

rules = ["bp", "fa", "dfa"]     # see nofb rules
seeds = 3                       # 0, 1, 2; or a list of them
validation = 0.2                # of the training samples, held out to choose by

[settings]                      # the same in every run
data = "digits"
epochs = 10

[network]                       # its options are its own
name = "mlp"
activation = "tanh"

[grid]                          # lists; every combination is run
lr = [0.001, 0.004, 0.016]
hidden = [[64], [128, 64]]

[attributes.dfa]                # of this rule alone
entries = [1, 3]
"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "sweep",
        help="train rules with every combination of settings",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    # fmt: off
    parser.add_argument("config", type=Path, metavar="CONFIG.toml",
        help="the configuration of the sweep; see below")
    parser.add_argument("--out", type=Path, default=Path("nofb-sweep"), metavar="FOLDER",
        help="the folder for runs, table and heat map (default: %(default)s)")
    # fmt: on
    add_places(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the missing runs of the sweep, print the table, write the folder; see `exit_code`."""
    plan, log = read_plan(options.config), options.out / LOG
    config = {"config.toml": options.config.read_bytes()}
    report.check_folder(options.out)
    say_finished(plan.tasks, log)
    with resumable(log):
        found = carry_out(plan, options.jobs, options.cluster, log)
    write(found, options.out, options.command, config)
    print(f"{found}\n\nThe heat map and every run: {options.out}")
    return exit_code(found.records.values())


def read_plan(path: Path) -> Plan:
    """Return the plan in a file.

    Raises
    ------
    OSError
        If there is no such file.
    ValueError
        With a sentence that names the file, if something in it is wrong.
    """
    try:
        content = _with_none(tomllib.loads(_text(path.read_bytes())))
        checks.table("a sweep", content, KNOWN)
        if "rules" not in content:
            raise ValueError('rules is missing, such as rules = ["bp", "fa"]')
        return make_plan(**content)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"{path}: {error}") from error


def _text(content: bytes) -> str:
    """Return the text of a file, with or without the byte-order mark of Windows' editors."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            "it is not UTF-8, as TOML must be: save it as UTF-8 (a redirect in Windows PowerShell "
            "writes UTF-16)"
        ) from error


def _with_none(value: Any) -> Any:
    """Return TOML's values with "none" replaced by `None`, which TOML lacks."""
    if isinstance(value, dict):
        return {name: _with_none(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_with_none(inner) for inner in value]
    return None if value == "none" else value
