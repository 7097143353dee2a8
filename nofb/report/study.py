"""A study of several parts leaves a page: for each part a table, a figure and every number."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nofb.report.failures import failure, failures
from nofb.report.folder import put
from nofb.report.origin import page_head
from nofb.text import columns, markdown

Record = Mapping[str, Any]
Rows = list[list[str]]


@dataclass(frozen=True)
class Part:
    """One part of a study, by what its runs say under "part".

    Attributes
    ----------
    heading
        Above its table and figure.
    figure
        The name of its figure and of its file of numbers, without an ending.
    table
        Returns rows to read, headings first.
    lines
        Returns every number as rows of comma-separated values, headings first.
    draw
        Returns its `Picture`; it imports matplotlib only when it is called.
    """

    heading: str
    figure: str
    table: Callable[[Sequence[Record]], Rows]
    lines: Callable[[Sequence[Record]], Rows]
    draw: Callable[[Sequence[Record]], Any]


@dataclass(frozen=True)
class Study:
    """A study: its name, its title, and its parts.

    Attributes
    ----------
    name
        The name of its page, without an ending.
    title
        What it is about.
    parts
        By what their runs say under "part".
    """

    name: str
    title: str
    parts: Mapping[str, Part]

    def table(self, records: Sequence[Record]) -> str:
        """Return the tables as plain text for the terminal."""
        tables = [
            f"{self.parts[part].heading}\n\n{columns(self.parts[part].table(found))}"
            for part, found in by_part(records).items()
        ]
        return "\n\n".join(tables + failures(records))

    def write(self, records: Sequence[Record], folder: Path, command: str) -> Path:
        """Write the page, and the figure and numbers of every part; return the page's path."""
        files: dict[str, bytes] = {}
        for name, found in by_part(records).items():
            part = self.parts[name]
            picture = part.draw(found)
            for kind in ("png", "svg"):
                files[f"{part.figure}.{kind}"] = picture.to_bytes(kind)
            lines = [",".join(row) for row in part.lines(found)]
            files[f"{part.figure}.csv"] = ("\n".join(lines) + "\n").encode()
        files[f"{self.name}.md"] = self.page(records, command).encode()
        put(files, folder)
        return folder / f"{self.name}.md"

    def page(self, records: Sequence[Record], command: str) -> str:
        """Return the tables as Markdown, with what ran and where."""
        texts = page_head(self.title, command, records)
        for name, found in by_part(records).items():
            part = self.parts[name]
            figure = f"![{part.heading}]({part.figure}.png)"
            texts += [f"## {part.heading}", markdown(part.table(found)), figure]
        return "\n\n".join(texts + failures(records)) + "\n"


def by_part(records: Iterable[Record]) -> dict[str, list[Record]]:
    """Return the runs that came to their end, by the part they belong to.

    Examples
    --------
    >>> runs = [{"task": {"part": "law"}, "result": {}}, {"task": {"part": "law"}, "error": "!"}]
    >>> by_part(runs)
    {'law': [{'task': {'part': 'law'}, 'result': {}}]}
    """
    parts: dict[str, list[Record]] = {}
    for record in records:
        if not failure(record):
            parts.setdefault(record["task"]["part"], []).append(record)
    return parts


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
