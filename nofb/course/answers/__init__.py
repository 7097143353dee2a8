"""Answers for teachers: to the questions of the lessons, and to every task of the course.

They are never written into a student's folder.
"""

from __future__ import annotations

from pathlib import Path

from nofb import checks
from nofb.course import lessons
from nofb.course.about import seed_of
from nofb.course.questions import same_for_all, text_of, values_for
from nofb.course.task import Item, Question, Task
from nofb.course.tasks import TASKS

FOLDER = Path(__file__).parent


def titles() -> dict[str, str]:
    """Return the title of each lesson with answers, by its number.

    Examples
    --------
    >>> titles()["05"]
    'Weight mirrors: feedback that learns from noise'
    """
    return {path.stem: lessons.title(lessons.script(path.stem)) for path in files()}


def files() -> list[Path]:
    """Return the files of answers, one for each lesson."""
    return sorted(FOLDER.glob("[0-9][0-9].md"))


def of(number: str, student: str = "") -> str:
    """Return the answers of a lesson such as "02", or the answer to a task such as "2.4".

    Parameters
    ----------
    number
        The lesson or the task.
    student
        Whose numbers a question has.

    Raises
    ------
    ValueError
        If there is no such lesson or task.
    """
    written = {path.stem: path for path in files()}
    checks.choice("number", number, [*written, *TASKS])
    if number in written:
        return written[number].read_text("utf-8").strip()
    return of_item(TASKS[number], seed_of(student))


def of_item(item: Item, seed: int) -> str:
    """Return the answer to a task, with the question if it is one."""
    if isinstance(item, Question):
        key = item.key(values_for(item, seed))
        same = "\n\nThe answer is the same for all students." if same_for_all(item) else ""
        return f"{item.number}: {item.title}\n\n{text_of(item, seed)}\n\nAnswer: {key}{same}"
    assert isinstance(item, Task)
    return f"{item.number}: {item.title}\n\n{item.right}"
