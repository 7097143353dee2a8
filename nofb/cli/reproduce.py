"""`nofb reproduce PAPER`: a paper's runs once more, beside its authors' numbers or its theory."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from nofb import checks, datasets, fingerprint, report
from nofb.cli.options import add_places, resumable, say_finished
from nofb.cli.outcome import exit_code
from nofb.experiments import akrout2019, bengio2020, deep_targets, learned_feedback, meulemans2020
from nofb.experiments.grid import run_grid, unfinished
from nofb.experiments.kept import SameCode, made_by, of_one_code
from nofb.report import akrout2019 as akrout2019_report
from nofb.report import bengio2020 as bengio2020_report
from nofb.report import deep_targets as deep_targets_report
from nofb.report import learned_feedback as learned_feedback_report
from nofb.report import meulemans2020 as meulemans2020_report
from nofb.training.progress import bar

Record = Mapping[str, Any]
LOG = "runs.jsonl"  # in the folder: what is in it is not run again


@dataclass(frozen=True)
class Reproduction:
    """A paper that can be reproduced, or a theory that can be checked.

    Attributes
    ----------
    title
        What it is about, and what is run.
    data
        The data set that all runs need.
    tasks
        Returns every run, none longer than so many epochs, or its own number for `None`.
    work
        Does one run and returns plain values; it may keep what is half done in the folder. Its task
        also names the code.
    table
        Returns what is printed at the end.
    write
        Fills the folder and returns the path of what to look at.
    """

    title: str
    data: str
    tasks: Callable[[int | None], Sequence[Mapping[str, Any]]]
    work: Callable[[Path, Mapping[str, Any]], dict[str, Any]]
    table: Callable[[Sequence[Record]], str]
    write: Callable[[Sequence[Record], Path, str], Path]


REPRODUCTIONS = {
    "akrout2019": Reproduction(
        akrout2019.TITLE,
        "mnist",
        akrout2019.tasks,
        akrout2019.train,
        akrout2019_report.table,
        akrout2019_report.write,
    ),
    "bengio2020": Reproduction(
        bengio2020.TITLE,
        "mnist",
        bengio2020.tasks,
        bengio2020.work,
        bengio2020_report.STUDY.table,
        bengio2020_report.STUDY.write,
    ),
    "deep_targets": Reproduction(
        deep_targets.TITLE,
        "mnist",
        deep_targets.tasks,
        deep_targets.work,
        deep_targets_report.table,
        deep_targets_report.write,
    ),
    "learned_feedback": Reproduction(
        learned_feedback.TITLE,
        "digits",
        learned_feedback.tasks,
        learned_feedback.work,
        learned_feedback_report.STUDY.table,
        learned_feedback_report.STUDY.write,
    ),
    "meulemans2020": Reproduction(
        meulemans2020.TITLE,
        "fashion_small",
        meulemans2020.tasks,
        meulemans2020.train,
        meulemans2020_report.table,
        meulemans2020_report.write,
    ),
}
FULL = {  # as large as the paper's, where the other one is smaller
    "meulemans2020": replace(
        REPRODUCTIONS["meulemans2020"], data="fashion_mnist", tasks=meulemans2020.full_tasks
    ),
}


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "reproduce", help="run an experiment beside published numbers or theory"
    )
    known = "; ".join(f"{name}: {each.title}" for name, each in REPRODUCTIONS.items())
    # fmt: off
    add = parser.add_argument
    add("paper", metavar="PAPER", help=known)
    add("--epochs", type=int, metavar="N",
        help="no run longer than this (default: as long as the paper's)")
    add("--full", action="store_true",
        help=f"as large as the paper's, for hours or days: {', '.join(FULL)}; "
             "the others are so anyway")
    add("--out", type=Path, metavar="FOLDER",
        help="where figures and numbers go; runs that it has are not run again, and no runs of "
             "other code are added to them (default: nofb-PAPER)")
    # fmt: on
    add_places(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run what the folder does not have yet, print the table, write the folder; see `exit_code`."""
    checks.choice("paper", options.paper, REPRODUCTIONS)
    epochs = None if options.epochs is None else checks.whole("epochs", options.epochs)
    checks.whole("jobs", options.jobs)
    known = REPRODUCTIONS | FULL if options.full else REPRODUCTIONS
    reproduction = known[options.paper]
    folder = options.out or Path(f"nofb-{options.paper}")
    report.check_folder(folder)
    log, records = folder / LOG, []
    tasks = of_one_code(reproduction.tasks(epochs), log)
    if unfinished(tasks, log):
        fingerprint.warn_of_changes()
        datasets.load(reproduction.data)  # said once and now, if it is not to be had
    folder.mkdir(parents=True, exist_ok=True)
    work = SameCode(partial(reproduction.work, folder))
    say_finished(tasks, log)
    runs = run_grid(
        work, tasks, jobs=options.jobs, cluster=options.cluster, log=log, own_code=False
    )
    with resumable(log), bar(len(tasks), options.paper, "run") as shown:
        for record in runs:
            records.append(record)
            shown.update()
    page = reproduction.write(records, folder, options.command)
    parts = [reproduction.title, reproduction.table(records), made_by(records)]
    print("\n\n".join([*filter(None, parts), f"Every number: {page}"]))
    return exit_code(records)
