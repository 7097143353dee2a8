"""What a chapter's notebook calls: check, example, hint, prediction and yours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from nofb.course import worked
from nofb.course.about import about, root_of
from nofb.course.files import judge_file
from nofb.course.folder import place
from nofb.course.task import Item, Question, Task
from nofb.course.tasks import find
from nofb.course.yours import Failed, NotFilledIn, Prediction, Yours, results_of


def check(number: str, folder: str | Path = ".") -> None:
    """Judge the file of a task and print what is said of it."""
    print(judge_file(find(number), file_of(number, folder), seed_in(folder)))
    for note in about(root_of(Path(folder))).notes():
        print(f"note: {note}")


def hint(number: str, which: int = 1) -> None:
    """Print one of the three hints of a task."""
    print(find(number).hints[which - 1])


def yours(number: str, folder: str | Path = ".") -> Yours:
    """Return your function of a task, as its file has it when it is called.

    Raises
    ------
    TypeError
        If the task is a question.
    """
    return Yours(code_task(find(number)), file_of(number, folder))


def prediction(number: str, folder: str | Path = ".") -> Prediction:
    """Return your prediction, as the file of its task has it when the curve is drawn.

    Raises
    ------
    TypeError
        If the task has code to write.
    """
    item = find(number)
    if not isinstance(item, Question):
        raise TypeError(f"task {number} has code to write: it predicts nothing")
    return Prediction(item, file_of(number, folder))


def example(number: str, folder: str | Path = ".") -> None:
    """Print the worked number of a task, and what your function gives for it."""
    answer = yours(number, folder)
    arguments = worked.arguments_for(answer.task, seed_in(folder))
    print("\n".join(worked.text(answer.task, seed_in(folder))[2:]))
    right = list(worked.results_of(answer.task, arguments).values())
    try:
        found = worked.changed(answer.task, arguments, results_of(answer, *arguments))
    except (NotFilledIn, Failed) as failed:
        print(f"\n{failed}")
        return
    print(
        "\nYours is the same."
        if same(found, right)
        else "\n".join(["\nYours is", "", *told(found)])
    )


def same(found: dict[str, Any], right: list[Any]) -> bool:
    """Return whether results agree, up to rounding."""
    pairs = list(zip(found.values(), right, strict=False))
    return len(found) == len(right) and all(
        np.shape(mine) == np.shape(other) and np.allclose(mine, other) for mine, other in pairs
    )


def told(found: dict[str, Any]) -> list[str]:
    """Return lines with all results."""
    return [line for name, value in found.items() for line in worked.indented(name, value)]


def code_task(item: Item) -> Task:
    """Return an item if it has code to write."""
    if not isinstance(item, Task):
        raise TypeError(f"task {item.number} is a question: its answer is no function")
    return item


def seed_in(folder: str | Path) -> int:
    """Return the seed of the student whose folder this is, or is in."""
    return about(root_of(Path(folder))).seed


def file_of(number: str, folder: str | Path = ".") -> Path:
    """Return where the file of a task is."""
    item = find(number)
    return root_of(Path(folder)) / place(item) / item.file
