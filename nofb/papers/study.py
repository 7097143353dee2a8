"""A study: its parts, their runs, and the page with the results.

A part answers one question. Its runs are tasks of plain values, which name the part.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nofb import fingerprint
from nofb.papers.compared import Claim, Compared
from nofb.papers.vouched import vouched
from nofb.report.failures import failure, failures, row_name
from nofb.report.folder import as_files, put
from nofb.report.origin import page_head, same_content
from nofb.runs.kept import code_of, made_by
from nofb.text import columns, markdown
from nofb.training.callbacks import AfterEpoch

Task = Mapping[str, Any]
Record = Mapping[str, Any]
Rows = list[list[str]]


@dataclass(frozen=True)
class Part:
    """One question of a study.

    Attributes
    ----------
    name
        The value of the study's `key` in its tasks.
    tasks
        Returns its runs, none longer than the given number of epochs; `None` is no limit.
    run
        Does one run, and returns plain values. It gets a task of `tasks` with one more value,
        "code": a hash of the code that does the run. So it reads the others by their names.
    tables
        Returns tables by their headings; the first row of a table names its columns.
    lines
        Returns every number as rows, the names of the columns first.
    numbers
        The name of the file of these numbers, without ending. Parts may share one.
    figure
        Returns the `Picture`, if there is one; matplotlib is imported only when it is called.
    image
        The name of the figure's files, without ending.
    note
        Returns the note below the tables.
    by_epoch
        The names of the results that are lists over epochs, so that the first epoch can be
        compared.
    trains
        Whether `run` trains; then it also takes `callbacks` for `nofb.fit`.
    resumes
        Whether `run` also takes the folder, for checkpoints.
    compared
        Returns its numbers beside published ones, if there are any.
    claims
        Returns statements of the paper beside what was measured, as far as runs are there.
    data
        The data sets that its runs need, if not all of the study's.
    """

    name: str
    tasks: Callable[[int | None], list[dict[str, Any]]]
    run: Callable[..., dict[str, Any]]
    tables: Callable[[Sequence[Record]], dict[str, Rows]]
    lines: Callable[[Sequence[Record]], Rows]
    numbers: str
    figure: Callable[[Sequence[Record]], Any] | None = None
    image: str = ""
    note: Callable[[Sequence[Record]], str] | None = None
    by_epoch: tuple[str, ...] = ()
    trains: bool = True
    resumes: bool = False
    compared: Callable[[Sequence[Record]], Iterable[Compared]] | None = None
    claims: Callable[[Sequence[Record]], Iterable[Claim]] | None = None
    data: tuple[str, ...] = ()


@dataclass(frozen=True)
class Study:
    """The runs and the page of one name in `nofb reproduce`.

    Attributes
    ----------
    name
        The name of its folder and of its page.
    title
        Its title, with its subject.
    takes
        How long it takes, in words.
    data
        The data sets that its runs need.
    parts
        Its parts, in the order of the page.
    key
        The key of a task whose value is the part, if there are several.
    full
        The same study at the paper's scale, if this one is smaller.
    others
        The same study on other data sets, by the name of each.
    """

    name: str
    title: str
    takes: str
    data: tuple[str, ...]
    parts: tuple[Part, ...]
    key: str = "part"
    full: Study | None = None
    others: Mapping[str, Study] = field(default_factory=dict)

    def tasks(self, epochs: int | None = None) -> list[dict[str, Any]]:
        """Return every run, none longer than `epochs`."""
        return [task for part in self.parts for task in part.tasks(epochs)]

    def code(self, task: Task) -> str:
        """Return a hash of the code that would do a run now: only the code that it imports."""
        return fingerprint.of_work(self.part(task).run)

    @property
    def today(self) -> str:
        """A hash of the code that would do all of its runs now."""
        return fingerprint.of_work(*(part.run for part in self.parts))

    def made_by(self, records: Sequence[Record], folder: Path | None = None) -> str:
        """Return which code made kept runs, and whether today's code has been compared with it."""
        today = {fingerprint.of_work(part.run) for part in self.parts}
        said = made_by(records, today)
        earlier = {row_name(each["task"]) for each in records if code_of(each) not in today}
        return f"{said} {vouched(folder, self.today, earlier)}" if said else ""

    def part(self, task: Task) -> Part:
        """Return the part that a run belongs to: the only one, or the one that its task names."""
        only = len(self.parts) == 1
        return self.parts[0] if only else next(p for p in self.parts if p.name == task[self.key])

    def data_of(self, tasks: Iterable[Task]) -> list[str]:
        """Return the data sets that some runs need, each once."""
        needed: dict[str, None] = {}
        for task in tasks:
            named = task.get("data")
            every = self.part(task).data or self.data
            needed |= dict.fromkeys([named] if named in self.data else every)
        return list(needed)

    def run(self, folder: Path, task: Task, callbacks: Sequence[AfterEpoch] = ()) -> dict[str, Any]:
        """Do one run; a checkpoint may be kept in the folder."""
        part = self.part(task)
        given: dict[str, Any] = {"callbacks": callbacks} if part.trains else {}
        return part.run(task, **given, **({"folder": folder} if part.resumes else {}))

    def by_part(self, records: Iterable[Record]) -> list[tuple[Part, list[Record]]]:
        """Return each part with its completed runs, if it has any."""
        ended = [record for record in records if not failure(record)]
        runs = {
            part.name: [each for each in ended if self.part(each["task"]) is part]
            for part in self.parts
        }
        return [(part, runs[part.name]) for part in self.parts if runs[part.name]]

    def table(self, records: Sequence[Record]) -> str:
        """Return the tables, with their notes, as plain text for the terminal."""
        texts = []
        for part, found in self.by_part(records):
            tables = part.tables(found).items()
            texts += [f"{heading}\n\n{columns(rows)}" for heading, rows in tables]
            texts += [textwrap.fill(part.note(found), 100)] if part.note else []
        return "\n\n".join([*dict.fromkeys(texts), *failures(records)])

    def write(self, records: Sequence[Record], folder: Path, command: str) -> Path:
        """Write the page, figures and every number; return the page's path.

        A page that would get no more than a new date stays, so that kept results do not change.
        """
        files: dict[str, bytes] = {}
        numbers: dict[str, Rows] = {}
        for part, found in self.by_part(records):
            if part.figure is not None:
                files |= as_files(part.image, part.figure(found))
            headings, *rows = part.lines(found)
            numbers.setdefault(part.numbers, [headings]).extend(rows)
        for name, lines in numbers.items():
            files[f"{name}.csv"] = ("\n".join(map(",".join, lines)) + "\n").encode()
        path, page = folder / f"{self.name}.md", self.page(records, command, folder)
        if not (path.exists() and same_content(path.read_text("utf-8"), page)):
            files[path.name] = page.encode()
        put(files, folder)
        return path

    def page(self, records: Sequence[Record], command: str, folder: Path | None = None) -> str:
        """Return the page as Markdown, with the command, the machine and the code."""
        texts = page_head(self.title, command, self.made_by(records, folder))
        for part, found in self.by_part(records):
            tables = part.tables(found)
            for heading, rows in tables.items():
                texts += [f"## {heading}", markdown(rows)]
            if part.note is not None:
                texts.append(part.note(found))
            if part.figure is not None:
                texts.append(f"![{next(iter(tables))}]({part.image}.png)")
        return "\n\n".join(texts + failures(records)) + "\n"


def grouped(records: Iterable[Record], *names: str) -> dict[Any, list[Mapping[str, Any]]]:
    """Return the results of runs by a value in their tasks, or by a tuple of several values.

    Examples
    --------
    >>> runs = [{"task": {"rule": "fa", "seed": 0}, "result": {}}]
    >>> grouped(runs, "rule"), grouped(runs, "rule", "seed")
    ({'fa': [{}]}, {('fa', 0): [{}]})
    """
    found: dict[Any, list[Mapping[str, Any]]] = {}
    for record in records:
        key = tuple(record["task"][name] for name in names)
        found.setdefault(key if len(names) > 1 else key[0], []).append(record["result"])
    return found


def short(value: object) -> str:
    """Return a value as a cell: six digits are enough for a number, and nothing for `None`.

    Examples
    --------
    >>> short(1 / 3), short("fa"), short(None)
    ('0.333333', 'fa', '')
    """
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, int | float) else str(value)
