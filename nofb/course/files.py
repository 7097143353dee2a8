"""Judging a file, whichever kind of task it answers, and saying which file it was."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from nofb.course.judge import judge
from nofb.course.process import Limits
from nofb.course.questions import judge_question
from nofb.course.task import Item, Question, Task
from nofb.course.verdict import Verdict

LARGEST = 1 << 20  # bytes of a student's file


def judge_file(
    item: Item, path: Path, seed: int = 0, hidden: bool = False, limits: Limits | None = None
) -> Verdict:
    """Judge a student's file; what is judged is what was read of it once."""
    try:
        content = _read(path)
        source = content.decode("utf-8")
    except FileNotFoundError:
        return Verdict(
            item.number, item.points, 0.0, f"there is no file {path.name}", path=str(path)
        )
    except (OSError, ValueError) as error:
        return Verdict(item.number, item.points, 0.0, f"{path.name} cannot be read: {error}",
                       path=str(path))  # fmt: skip
    if isinstance(item, Question):
        verdict = judge_question(item, source, str(path), seed, limits)
    else:
        assert isinstance(item, Task)
        verdict = judge(item, source, str(path), seed, hidden, limits)
    return replace(verdict, path=str(path), digest=hashlib.sha256(content).hexdigest())


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError("it is larger than a megabyte")
    return content
