"""`nofb reproduce PAPER`: repeat a paper's runs, and compare with its numbers or its theory."""

from __future__ import annotations

import argparse
import textwrap
from functools import partial
from pathlib import Path

from nofb import checks, datasets, fingerprint, papers, report
from nofb.cli.options import add_places, resumable, say_finished
from nofb.cli.outcome import exit_code
from nofb.papers import Study, vouched, vouching
from nofb.runs.grid import run_grid, unfinished
from nofb.runs.kept import SameCode, of_one_code
from nofb.runs.run_log import read_log
from nofb.training.progress import bar

LOG = "runs.jsonl"  # in the folder: its runs are not repeated


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "reproduce", help="compare an experiment with published numbers or theory"
    )
    # fmt: off
    add = parser.add_argument
    add("paper", metavar="PAPER", nargs="?",
        help=f"{', '.join(papers.names())} (default: list them)")
    add("--epochs", type=int, metavar="N",
        help="the maximum of epochs (default: as in the paper)")
    add("--full", action="store_true",
        help="the full size of the paper, for hours or days, if the default is smaller")
    add("--out", type=Path, metavar="FOLDER",
        help="the folder for figures and numbers; its runs are not repeated, and no runs of "
             "other code are added to them (default: nofb-PAPER)")
    add("--vouch", action="store_true",
        help="repeat the beginning of one run of each row in the folder, and list the rows that "
             "today's code does not reproduce")
    # fmt: on
    add_places(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run what is missing in the folder, print the table, write the folder; see `exit_code`."""
    if options.paper is None:
        print(listed())
        return 0
    study = papers.find(options.paper)
    epochs = None if options.epochs is None else checks.whole("epochs", options.epochs)
    checks.whole("jobs", options.jobs)
    study = study.full or study if options.full else study
    folder = options.out or Path(f"nofb-{options.paper}")
    report.check_folder(folder)
    log, records = folder / LOG, []
    if options.vouch:
        return vouch(study, folder, options.jobs)
    tasks = []
    for part in study.parts:
        wanted = part.tasks(epochs)
        tasks += of_one_code(wanted, log, study.code(wanted[0]))
    if unfinished(tasks, log):
        fingerprint.warn_of_changes()
        for name in study.data:
            datasets.load(name)  # a missing data set is reported once, before the runs
    folder.mkdir(parents=True, exist_ok=True)
    say_finished(tasks, log)
    runs = run_grid(
        SameCode(partial(study.run, folder), study.code),
        tasks,
        jobs=options.jobs,
        cluster=options.cluster,
        log=log,
        own_code=False,
    )
    with resumable(log), bar(len(tasks), study.name, "run") as shown:
        for record in runs:
            records.append(record)
            shown.update()
    page = study.write(records, folder, options.command)
    parts = [study.title, study.table(records), study.made_by(records, folder)]
    print("\n\n".join([*filter(None, parts), f"Every number: {page}"]))
    return exit_code(records)


def vouch(study: Study, folder: Path, jobs: int) -> int:
    """Print which stored rows today's code reproduces; return 1 if not all of them."""
    kept = read_log(folder / LOG)
    if not any("result" in record for record in kept.values()):
        raise ValueError(f"{folder / LOG} keeps no runs that could be vouched for")
    rows = vouching.vouch(study, kept.values(), jobs)
    vouched.keep(rows, folder, study.today)
    print(f"{study.title}\n\n{vouching.table(rows)}\n\n{vouched.vouched(folder, study.today)}")
    return int(any(row.differs for row in rows))


def listed() -> str:
    """Return every study's name, what it shows, and how long it takes."""
    texts = []
    for name in papers.names():
        study = papers.find(name)
        shown = textwrap.fill(study.title, 100, initial_indent="    ", subsequent_indent="    ")
        texts.append(f"{name}\n{shown}\n    takes {study.takes}")
    return "\n\n".join([*texts, "nofb reproduce PAPER runs one of them."])
