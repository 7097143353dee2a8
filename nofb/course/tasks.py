"""All tasks of the course, by number."""

from __future__ import annotations

from importlib import import_module

from nofb import checks
from nofb.course.task import Item

CHAPTERS = {
    number: import_module(f"nofb.course.chapters.chapter{number}") for number in range(1, 10)
}
TITLES: dict[int, str] = {number: chapter.TITLE for number, chapter in CHAPTERS.items()}
TASKS: dict[str, Item] = {item.number: item for each in CHAPTERS.values() for item in each.ITEMS}


def find(number: str) -> Item:
    """Return the task of this number, or say which there are.

    Examples
    --------
    >>> find("2.1").title
    'The signal comes back through B'
    """
    if number in TASKS:
        return TASKS[number]
    chapter = number.partition(".")[0]
    numbers = [item.number for item in TASKS.values() if str(item.chapter) == chapter]
    there_are = (
        f"chapter {chapter} has {numbers[0]} to {numbers[-1]}; `nofb course check {chapter}` "
        "checks all of it"
        if numbers
        else (
            f"there are tasks such as 2.1 in chapters 1 to {len(CHAPTERS)}; "
            "`nofb course check 1` checks a chapter"
        )
    )
    raise ValueError(f"there is no task {number!r}: {there_are}")


def of_chapter(chapter: int | None = None) -> list[Item]:
    """Return the tasks of a chapter, or of all."""
    if chapter is None:
        return list(TASKS.values())
    checks.choice("chapter", chapter, map(str, CHAPTERS)) if chapter not in CHAPTERS else None
    return list(CHAPTERS[chapter].ITEMS)
