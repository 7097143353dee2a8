"""`nofb compare`: train rules from the same initial weights; print a table, write a page."""

from __future__ import annotations

import argparse
from pathlib import Path

from nofb import report
from nofb.cli.options import add_places, add_settings, read_settings, resumable, say_finished
from nofb.cli.outcome import exit_code
from nofb.rules import COMPARED, RULES
from nofb.runs.compare import Comparison, compare, comparison_plan
from nofb.runs.run_log import LOG
from nofb.runs.train import Result
from nofb.training.progress import bar


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = commands.add_parser("compare", help="train rules from the same initial weights")
    # fmt: off
    add = parser.add_argument
    add("--rules", nargs="+", default=list(COMPARED), metavar="RULE",
        help=f"of {' '.join(RULES)}, or module:Class for a custom rule "
             f"(default: {' '.join(COMPARED)})")
    add("--seeds", type=int, default=5, metavar="N",
        help="the number of seeds (default: %(default)s)")
    add("--out", type=Path, default=Path("nofb-compare"), metavar="FOLDER",
        help="the folder for report, figures and numbers (default: %(default)s)")
    # fmt: on
    add_places(parser)
    add_settings(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Compare, print the table, write the folder; see `exit_code` for what is returned."""
    report.check_folder(options.out)
    comparison = _compare(options)
    page = report.write(comparison, options.out, options.command)
    print(report.table(comparison))
    print(f"\nThe figures and every number: {page}")
    return exit_code(comparison.records)


def _compare(options: argparse.Namespace) -> Comparison:
    settings, log = read_settings(options), options.out / LOG
    tasks = comparison_plan(options.rules, settings, options.seeds).tasks
    say_finished(tasks, log)
    with resumable(log), bar(len(tasks), "compare", "run") as shown:

        def done(result: Result) -> None:
            shown.set_postfix_str(f"{result.rule}, seed {result.seed}", refresh=False)
            shown.update()

        return compare(
            options.rules,
            settings,
            options.seeds,
            options.jobs,
            done,
            cluster=options.cluster,
            log=log,
        )
