"""What a chapter's notebook calls: check, hint and draw."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nofb.course.files import judge_file
from nofb.course.folder import place, seed_in
from nofb.course.judge import outputs
from nofb.course.process import Failed, Process
from nofb.course.task import Task
from nofb.course.tasks import find

if TYPE_CHECKING:
    from nofb.plots import Picture


def check(number: str, folder: str | Path = ".") -> None:
    """Judge the file of a task and print what is said of it."""
    print(judge_file(find(number), file_of(number, folder), seed_in(root_of(folder))))


def hint(number: str, which: int = 1) -> None:
    """Print one of the three hints of a task."""
    print(find(number).hints[which - 1])


def root_of(folder: str | Path) -> Path:
    """Return the student's folder, for itself or for the folder of a chapter."""
    path = Path(folder).resolve()
    return path.parent if path.name.startswith("chapter_") else path


def file_of(number: str, folder: str | Path = ".") -> Path:
    """Return where the file of a task is."""
    item = find(number)
    return root_of(folder) / place(item) / item.file


def draw(number: str, folder: str | Path = ".") -> Picture:
    """Draw what a function gives: yours, beside what it should be."""
    from nofb.plots import Picture  # late: matplotlib loads slowly
    from nofb.plots.picture import sentence
    from nofb.plots.style import THEMES

    task, path = find(number), file_of(number, folder)
    assert isinstance(task, Task)
    arguments = task.draw(np.random.default_rng(0))
    right = np.atleast_2d(np.asarray(outputs(task.reference, task, arguments)[-1], float))
    try:
        with Process(path.read_text("utf-8"), str(path), task.name) as theirs:
            given, after = theirs(*arguments)
    except (Failed, OSError) as failed:
        return sentence(f"nothing to draw yet: {failed}", THEMES["light"])
    changed = [each for each in after if isinstance(each, np.ndarray)]
    last = changed[-1] if task.in_place else given[-1] if isinstance(given, tuple) else given
    yours = np.atleast_2d(np.asarray(last, float))
    picture = Picture(8.0, 3.0)
    reach = float(np.abs(right).max()) or 1.0
    for axes, (title, array) in zip(
        picture.subplots(1, 2), {"yours": yours, "as it should be": right}.items(), strict=True
    ):
        rows = array.reshape(-1, array.shape[-1])
        axes.imshow(rows, cmap="RdBu_r", vmin=-reach, vmax=reach, aspect="auto")
        axes.set(title=title, xticks=[], yticks=[])
        axes.grid(visible=False)
    return picture
