"""A study: its parts, their runs, and the page that shows what came out of them.

A part asks one question. Its runs are tasks of plain values, which name the part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nofb import fingerprint
from nofb.papers.vouched import vouched
from nofb.report.failures import failure, failures
from nofb.report.folder import put
from nofb.report.origin import page_head
from nofb.runs.kept import made_by
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
        What its tasks say under the study's `key`.
    tasks
        Returns its runs, none longer than so many epochs, or their own number for `None`.
    run
        Does one run and returns plain values.
    tables
        Returns tables to read by their headings; each has its own headings as first row.
    lines
        Returns every number as rows, headings first.
    numbers
        The name of the file of these numbers, without ending. Parts may share one.
    figure
        Returns the `Picture`, if there is one; it imports matplotlib when it is called.
    image
        The name of the figure's files, without ending.
    note
        Returns what must be said below the tables.
    by_epoch
        What a run returns as lists over epochs, so that its first epoch can be compared alone.
    trains
        Whether `run` trains, and then also takes `callbacks` for `nofb.fit`.
    resumes
        Whether `run` also takes the folder, to keep what is half done there.
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


@dataclass(frozen=True)
class Study:
    """What `nofb reproduce` runs and shows under one name.

    Attributes
    ----------
    name
        The name of its folder and of its page.
    title
        What it is about.
    takes
        How long it takes, in words.
    data
        The data sets that its runs need.
    parts
        Its parts, in the order of the page.
    key
        Where a task names its part, if there are several.
    full
        The same study as large as the paper's, if this one is smaller.
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
        """Return the code that would do a run now: what it imports, and nothing else."""
        return fingerprint.of_work(self.part(task).run)

    @property
    def today(self) -> str:
        """A hash of the code that would do all of its runs now."""
        return fingerprint.of_work(*(part.run for part in self.parts))

    def made_by(self, records: Sequence[Record], folder: Path | None = None) -> str:
        """Say which code made kept runs, and whether today's code was found to give them."""
        today = {fingerprint.of_work(part.run) for part in self.parts}
        said = made_by(records, today)
        return f"{said} {vouched(folder, self.today)}" if said else ""

    def part(self, task: Task) -> Part:
        """Return the part that a run belongs to: the only one, or the one that its task names."""
        only = len(self.parts) == 1
        return self.parts[0] if only else next(p for p in self.parts if p.name == task[self.key])

    def run(self, folder: Path, task: Task, callbacks: Sequence[AfterEpoch] = ()) -> dict[str, Any]:
        """Do one run; what is half done may be kept in the folder."""
        part = self.part(task)
        given: dict[str, Any] = {"callbacks": callbacks} if part.trains else {}
        return part.run(task, **given, **({"folder": folder} if part.resumes else {}))

    def by_part(self, records: Iterable[Record]) -> list[tuple[Part, list[Record]]]:
        """Return each part with its runs that came to their end, if it has any."""
        ended = [record for record in records if not failure(record)]
        runs = {
            part.name: [each for each in ended if self.part(each["task"]) is part]
            for part in self.parts
        }
        return [(part, runs[part.name]) for part in self.parts if runs[part.name]]

    def table(self, records: Sequence[Record]) -> str:
        """Return the tables as plain text for the terminal."""
        tables = [
            f"{heading}\n\n{columns(rows)}"
            for part, found in self.by_part(records)
            for heading, rows in part.tables(found).items()
        ]
        return "\n\n".join(tables + failures(records))

    def write(self, records: Sequence[Record], folder: Path, command: str) -> Path:
        """Write the page, figures and every number; return the page's path."""
        files: dict[str, bytes] = {}
        numbers: dict[str, Rows] = {}
        for part, found in self.by_part(records):
            if part.figure is not None:
                picture = part.figure(found)
                files |= {f"{part.image}.{kind}": picture.to_bytes(kind) for kind in ("png", "svg")}
            headings, *rows = part.lines(found)
            numbers.setdefault(part.numbers, [headings]).extend(rows)
        for name, lines in numbers.items():
            files[f"{name}.csv"] = ("\n".join(map(",".join, lines)) + "\n").encode()
        files[f"{self.name}.md"] = self.page(records, command, folder).encode()
        put(files, folder)
        return folder / f"{self.name}.md"

    def page(self, records: Sequence[Record], command: str, folder: Path | None = None) -> str:
        """Return the tables as Markdown, with what ran and where."""
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
