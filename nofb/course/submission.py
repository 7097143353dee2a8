"""Is a folder a student's, or does it hold those of a class?"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from nofb.course.folder import place
from nofb.course.reading import exists
from nofb.course.tasks import TASKS
from nofb.text import printable

NAMED = 3  # of many folders


def is_submission(folder: Path) -> bool:
    """Say whether a folder has a chapter of the course, or a file of a task."""
    names = {name for item in TASKS.values() for name in (place(item), item.file)}
    return any(exists(folder / name) for name in names)


def check_folder(folder: Path) -> None:
    """Refuse a path that is no folder.

    Raises
    ------
    NotADirectoryError
        If it is so.
    """
    if not folder.is_dir():
        raise NotADirectoryError(
            printable(f"{folder} is no folder: give the one that `nofb course new` made")
        )


def check_submission(folder: Path) -> None:
    """Refuse a folder that holds students' folders and is none itself.

    Raises
    ------
    ValueError
        If it is so; a folder without any answer is a student's who has handed in nothing.
    """
    if is_submission(folder):
        return
    inside: list[Path] = []
    with suppress(OSError):  # it may not be read
        inside = sorted(each for each in folder.iterdir() if is_submission(each))
    if inside:
        shown = few([each.name for each in inside])
        raise ValueError(
            printable(f"{folder} is no student's folder, but holds {shown}: give {folder / '*'}")
        )


def few(names: Sequence[str]) -> str:
    """Return the first names of a list, and how many more there are.

    Examples
    --------
    >>> few(["anna", "bob", "eve", "tom", "zoe"])
    'anna, bob, eve and 2 more'
    """
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")
