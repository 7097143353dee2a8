"""The runs that the folder of a study keeps, and which of them are shown together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nofb.papers.study import Record, Study
from nofb.runs.kept import code_of, kept_of_one_code, with_code
from nofb.runs.run_log import LOG, read_log
from nofb.strict_json import canonical


def kept(
    study: Study, folder: Path, epochs: int | None = None, given: Sequence[Record] = ()
) -> list[Record]:
    """Return the runs of a study that its folder keeps, in the study's order.

    Each part has the runs of one version of the code: the one that made most of them.

    Parameters
    ----------
    study, folder
        The study, and the folder with its log.
    epochs
        The length of the runs, as for `Study.tasks`.
    given
        Runs that are shown in any case, also if they failed. The others in their part are those
        of the same code.
    """
    log = read_log(folder / LOG)
    asked = {canonical(record["task"]): record for record in given}
    ended = {name: each for name, each in log.items() if "result" in each}
    known: dict[str, Record] = {**ended, **asked}
    codes = {study.part(record["task"]).name: code_of(record) for record in given}
    found: list[Record] = []
    for part in study.parts:
        if known and (every := part.tasks(epochs)):
            if part.name in codes:
                tasks = [with_code(task, codes[part.name]) for task in every]
            else:
                tasks = kept_of_one_code(every, log.values(), study.code(every[0]))
            found += [known[name] for name in map(canonical, tasks) if name in known]
    return found
