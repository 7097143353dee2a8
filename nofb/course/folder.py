"""`nofb course new`: a student's folder, made from the library that is installed.

Every task has a file of its own, with what it asks and a body that is left out. A notebook for each
chapter tells the story, calls the student's functions, and draws what they do.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

from nofb.course import about, notebooks, worked
from nofb.course.questions import text_of
from nofb.course.reading import read
from nofb.course.task import Item, Question, Task
from nofb.course.tasks import TITLES, of_chapter

WIDTH = 90


def new(folder: Path, chapter: int | None = None, student: str = "") -> list[Path]:
    """Write a student's folder.

    Parameters
    ----------
    folder
        Where; files that are there already are left as they are.
    chapter
        One chapter only, or all.
    student
        Who it is for; changes seeds, sizes and the numbers of questions. Without it, a folder that
        is there already stays its student's.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    ValueError
        If the folder was made for another student.
    """
    items = of_chapter(chapter)
    student = student_of(folder, student)
    seed = about.seed_of(student)
    texts = {about.ABOUT: about.text(student)}
    for item in items:
        texts[f"{place(item)}/{item.file}"] = stub(item, seed)
    for number in dict.fromkeys(item.chapter for item in items):
        name = f"chapter_{number}/chapter_{number}"
        texts |= notebooks.both(name, number, TITLES[number], of_chapter(number), seed)
    return [path for path in (_write(folder / name, text) for name, text in texts.items()) if path]


def place(item: Item) -> str:
    """Return the folder of a chapter."""
    return f"chapter_{item.chapter}"


def student_of(folder: Path, student: str) -> str:
    """Return for whom a folder is: as it says itself, or as it is asked for."""
    there = about.about(folder)
    if not there.known or student in ("", there.student):
        return student or there.student
    whose = there.student or "no student in particular"
    raise ValueError(
        f"student is {student!r}, but {folder} was made for {whose}: "
        "give another folder, or leave --student out"
    )


def stub(item: Item, seed: int = 0) -> str:
    """Return the file that a student is given for a task."""
    if isinstance(item, Question):
        return _question(item, seed)
    assert isinstance(item, Task)
    return _hole(item, seed)


def is_stub(path: Path, item: Item, seed: int = 0) -> bool:
    """Say whether a task has no answer: its file is missing, or as `new` has written it."""
    try:
        text = read(path).decode("utf-8-sig")
    except FileNotFoundError:
        return True
    except (OSError, ValueError):  # judging it says what is wrong
        return False
    return text.splitlines() == stub(item, seed).splitlines()


def head(item: Item) -> list[str]:
    """Return the first lines of a student's file."""
    needs = f" After {', '.join(item.needs)}." if item.needs else ""
    what = f"{item.minutes} minutes, {points_of(item)}.{needs}"
    return [f"{item.number}: {item.title}", "", what, "", *textwrap.wrap(item.story, WIDTH)]


def points_of(item: Item) -> str:
    """Return what a task is worth, in words."""
    return f"{item.points} point{'s' if item.points != 1 else ''}"


def _hole(task: Task, seed: int) -> str:
    lines = [*head(task), "", f"    {task.equation}", "", f"({task.where})", ""]
    lines += [*worked.text(task, seed), ""]
    lines += ["Write the body of the function below. NumPy is enough.",
              f"`nofb course check {task.number}` judges it."]  # fmt: skip
    ends = f'    raise NotImplementedError("task {task.number}")'
    signature = task.signature
    header = ['"""' + "\n".join(lines), '"""', "", "import numpy as np", "", "Array = np.ndarray"]
    return "\n".join([*header, "", "", signature, f'    """{task.equation}."""', ends, ""])


def _question(question: Question, seed: int) -> str:
    asked = textwrap.wrap(text_of(question, seed), WIDTH)
    how = "Write your answer as a text." if question.by_hand else "Set ANSWER to your answer."
    lines = [*head(question), *([""] if question.story else []), *asked, "", how]
    return "\n".join(['"""' + "\n".join(lines), '"""', "", "ANSWER = None", ""])


def _write(path: Path, text: str) -> Path | None:
    if path.exists():
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
