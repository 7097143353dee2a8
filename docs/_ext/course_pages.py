"""The page of wrong answers in the course, generated from the tasks' own wrong answers.

`nofb course selftest` gives each of them to the checker, so what the page says is what it answers.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

from nofb.course import Question, Task, chapters
from nofb.course.task import Item
from nofb.course.tasks import TITLES, of_chapter
from nofb.text import markdown

FOLDER = Path(chapters.__file__).parent  # what a link leads to where the site is not built


def pages(folder: Path) -> dict[Path, Path]:
    """Return the page that stands for the folder of the chapters."""
    return {FOLDER: folder / "mistakes.md"}


def contents(folder: Path) -> dict[Path, str]:
    """Return the text of the page."""
    return {folder / "mistakes.md": "\n".join(mistakes())}


def mistakes() -> Iterator[str]:
    """Write the page: a section for each chapter, and each task's wrong answers."""
    yield "# What students get wrong\n"
    yield (
        "Each task of the [course](../course.md) holds wrong answers that students give. If an "
        "answer gives the same numbers as one of them, the checker says the sentence beside it.\n"
    )
    for number, title in TITLES.items():
        yield f"## {number} {title}\n"
        for item in of_chapter(number):
            yield from _mistakes_of(item)


def _mistakes_of(item: Item) -> Iterator[str]:
    """Write the wrong answers of a task; a question's depend on a student's numbers."""
    yield f"### {item.number} {item.title}\n"
    if isinstance(item, Task):
        yield f"`{item.name}`: {item.equation}\n"
        rows = [["the student writes", "the checker says"]]
        rows += [[_code(wrong.body), wrong.cause] for wrong in item.wrong]
        yield f"{markdown(rows)}\n"
    elif isinstance(item, Question) and item.by_hand:
        yield "A person reads the answer and gives the points.\n"
    elif isinstance(item, Question):
        yield f"{markdown([['the checker says'], *([cause] for _, cause in item.wrong)])}\n"


def _code(body: str) -> str:
    """Return the lines of an answer as the code of one cell."""
    lines = textwrap.dedent(body).strip().splitlines()
    return "<br>".join(f"`{line}`" for line in lines)
