"""`nofb reproduce PAPER`: repeat a paper's runs, and compare with its numbers or its theory."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from nofb import checks, datasets, fingerprint, papers, report
from nofb.cli.options import add_places, resumable, say_finished
from nofb.cli.outcome import exit_code
from nofb.cli.streams import say
from nofb.papers import Study, vouched, vouching
from nofb.papers.choosing import chooser, rows_of
from nofb.papers.kept import kept
from nofb.papers.study import Record, Task
from nofb.report.failures import row_name, run_name
from nofb.runs.grid import run_grid, unfinished
from nofb.runs.kept import SameCode, code_of, of_one_code, without_code
from nofb.runs.run_log import LOG, read_log
from nofb.strict_json import canonical
from nofb.training.progress import bar, is_watched

FEW = 5  # rows that are named before the first run


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "reproduce", help="compare an experiment with published numbers or theory"
    )
    # fmt: off
    add = parser.add_argument
    add("paper", metavar="PAPER", nargs="?",
        help=f"{', '.join(papers.names())} (default: list them)")
    add("--data", metavar="NAME",
        help="the same study on another data set, such as cifar10 for akrout2019")
    add("--epochs", type=int, metavar="N",
        help="no run longer than this (default: as long as the paper's)")
    add("--rows", nargs="+", metavar="TEXT",
        help="only rows whose names have the words of one of these texts, each text in quotation "
             "marks, such as 'mnist 2x800 tanh dfa'; --rows '?' lists all names")
    add("--seeds", type=int, metavar="N",
        help="only the first so many seeds of each row")
    add("--kept", action="store_true",
        help="run nothing: print the runs that the folder has (of these rows and seeds), and write "
             "the page of all of them")
    add("--full", action="store_true",
        help="the full size of the paper, for hours or days, if the default is smaller")
    add("--out", type=Path, metavar="FOLDER",
        help="the folder for figures and numbers; its runs are not repeated, and no runs of "
             "other code are added to them (default: nofb-PAPER, with the name of other data, and "
             "with -full)")
    add("--vouch", action="store_true",
        help="for rows that an earlier version of nofb made: repeat the beginning of one run of "
             "each, and list the rows that today's nofb does not reproduce")
    # fmt: on
    add_places(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run what is missing in the folder, print the table, write the folder; see `exit_code`."""
    if options.paper is None:
        if options.command != "nofb reproduce":
            raise ValueError("which study? nofb reproduce lists them, and its name comes first")
        print(listed())
        return 0
    study, epochs = study_of(options), options.epochs
    epochs = None if epochs is None else checks.whole("epochs", epochs)
    checks.whole("jobs", options.jobs)
    folder = options.out or Path(f"nofb-{study.name}{'-full' * options.full}")
    report.check_folder(folder)
    refuse_what_is_not_used(options)
    is_chosen = chooser(study, epochs, options.rows, options.seeds)
    if options.vouch:
        return vouch(study, epochs, folder, options.jobs, is_chosen)
    if options.kept:
        records = kept(study, folder, epochs)
        shown = [record for record in records if is_chosen(record["task"])]
    else:
        refuse_a_shorter_page(study, epochs, folder)
        given = done(study, options, epochs, folder, is_chosen)
        shown = records = kept(study, folder, epochs, given)
    if not shown:
        raise ValueError(no_runs(study, epochs, folder, "shown"))
    page = study.write(records, folder, options.command)
    parts = [study.title, study.table(shown), study.made_by(shown, folder)]
    print("\n\n".join([*filter(None, parts), f"Every number: {page}"]))
    return exit_code(records)


def refuse_what_is_not_used(options: argparse.Namespace) -> None:
    """Refuse options that have no effect beside another one."""
    for option, without in (("kept", ["vouch", "cluster"]), ("vouch", ["seeds", "cluster"])):
        for name in without:
            if getattr(options, option) and getattr(options, name) not in (None, False):
                raise ValueError(f"--{name} has no effect with --{option}: leave it out")


def refuse_a_shorter_page(study: Study, epochs: int | None, folder: Path) -> None:
    """Refuse a first look in a folder whose page has longer runs: it would replace the page."""
    if epochs is None:
        return
    asked = {canonical(task) for task in study.tasks(epochs)}
    longer = [
        record["task"]["epochs"]
        for record in kept(study, folder)
        if canonical(without_code(record["task"])) not in asked
    ]
    if longer:
        raise ValueError(
            f"{folder} has runs of {max(longer)} epochs, and shorter ones would replace its page: "
            "take another folder (--out)"
        )


def no_runs(study: Study, epochs: int | None, folder: Path, what: str) -> str:
    """Return why there are no runs of a study: no log, only runs of other lengths, or none."""
    log = folder / LOG
    if not log.exists():
        return f"there is no {log}: --out names the folder of the runs"
    rows = rows_of(study.tasks())
    ended = (each["task"] for each in read_log(log).values() if "result" in each)
    ours = [task for task in ended if isinstance(task, dict) and row_name(task) in rows]
    lengths = {str(task["epochs"]) for task in ours if task.get("epochs", epochs) != epochs}
    others = f"; it has some with --epochs {', '.join(sorted(lengths))}" if lengths else ""
    return f"{log} keeps no runs of {study.name} that could be {what}{others}"


def study_of(options: argparse.Namespace) -> Study:
    """Return the study that the words of a command name."""
    study = papers.find(options.paper)
    if options.data is not None:
        if not study.others:
            raise ValueError(f"{study.name} runs on its own data only: leave --data out")
        checks.choice("data", options.data, study.others)
        study = study.others[options.data]
    if not options.full:
        return study
    if study.full is None:
        raise ValueError(f"{study.name} has its full size already: leave --full out")
    return study.full


def done(
    study: Study,
    options: argparse.Namespace,
    epochs: int | None,
    folder: Path,
    is_chosen: Callable[[Task], bool],
) -> list[Record]:
    """Do the chosen runs that the folder does not have, and return all chosen ones."""
    tasks, log = [], folder / LOG
    for part in study.parts:
        every = part.tasks(epochs)
        if wanted := [task for task in every if is_chosen(task)]:
            tasks += of_one_code(wanted, log, study.code(wanted[0]), every)
    missing = {canonical(task) for task in unfinished(tasks, log)}
    if missing:
        fingerprint.warn_of_changes()
        need_data(study, [task for task in tasks if canonical(task) in missing])
    folder.mkdir(parents=True, exist_ok=True)
    say_finished(tasks, log)
    if missing:
        names = rows_of(task for task in tasks if canonical(task) in missing)
        more = f", and {len(names) - FEW} more" if len(names) > FEW else ""
        say(f"{len(missing)} run{'s' * (len(missing) > 1)} of: {'; '.join(names[:FEW])}{more}")
    runs = run_grid(
        SameCode(partial(study.run, folder), study.code),
        tasks,
        jobs=options.jobs,
        cluster=options.cluster,
        log=log,
        own_code=False,
    )
    records: list[Record] = []
    with resumable(log), bar(len(tasks), study.name, "run") as shown:
        for record in runs:
            records.append(record)
            shown.update()
            if canonical(record["task"]) in missing and not is_watched():
                say(line_of(record, len(records), len(tasks)))
    return records


def line_of(record: Record, number: int, total: int) -> str:
    """Return a line on a run that has ended, for a file that keeps what the command says.

    Examples
    --------
    >>> line_of({"task": {"rule": "fa", "seed": 1, "epochs": 9}, "seconds": 61.2}, 3, 8)
    'run 3 of 8: fa, seed 1, 61 s'
    """
    failed = ", failed" if "error" in record else ""
    name = run_name(record["task"])
    return f"run {number} of {total}: {name}, {record['seconds']:.0f} s{failed}"


def need_data(study: Study, tasks: Iterable[Task]) -> None:
    """Load the data of some runs, so that a missing set is reported once, before all runs."""
    for name in study.data_of(tasks):
        datasets.load(name)


def vouch(
    study: Study,
    epochs: int | None,
    folder: Path,
    jobs: int,
    is_chosen: Callable[[Task], bool],
) -> int:
    """Print which stored rows of earlier code today's code reproduces; return 1 if not all."""
    runs = [record for record in kept(study, folder, epochs) if is_chosen(record["task"])]
    if not runs:
        raise ValueError(no_runs(study, epochs, folder, "vouched for"))
    earlier = [record for record in runs if code_of(record) != study.code(record["task"])]
    if not earlier:
        print(f"{study.title}\n\nToday's code made all of these runs: there is nothing to repeat.")
        return 0
    rows = vouching.vouch(study, earlier, jobs)
    if not all(row.compared for row in rows):
        need_data(study, [record["task"] for record in earlier])  # without them, nothing was run
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
