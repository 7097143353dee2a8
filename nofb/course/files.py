"""Judging a file, whichever kind of task it answers, and saying which file it was."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from nofb.course.hidden import Hidden
from nofb.course.judge import judge
from nofb.course.process import Limits
from nofb.course.questions import judge_question
from nofb.course.reading import read
from nofb.course.task import Item, Question, Task
from nofb.course.verdict import Verdict, one_line


def judge_file(
    item: Item,
    path: Path,
    seed: int = 0,
    hidden: Hidden | None = None,
    limits: Limits | None = None,
) -> Verdict:
    """Judge a student's file; what is judged is what was read of it once."""
    nothing = Verdict(item.number, item.points, 0.0, "", path=str(path))
    try:
        content = read(path)
        source = content.decode("utf-8-sig")
    except FileNotFoundError:
        where = f"there is no file {path.name} in {path.parent}"
        return replace(nothing, sentence=one_line(f"{where}; --folder names the student's folder"))
    except UnicodeDecodeError:
        return replace(nothing, sentence=f"{path.name} is not UTF-8: save it with that encoding")
    except (OSError, ValueError) as error:
        return replace(nothing, sentence=one_line(f"{path.name} cannot be read: {error}"))
    try:
        verdict = _judged(item, source, str(path), seed, hidden, limits)
    except Exception as error:  # the next task must be graded, whatever is wrong with this one
        said = one_line(f"the grader failed, tell your teacher: {type(error).__name__}: {error}")
        verdict = replace(nothing, sentence=said)
    return replace(verdict, path=str(path), digest=hashlib.sha256(content).hexdigest())


def _judged(
    item: Item, source: str, path: str, seed: int, hidden: Hidden | None, limits: Limits | None
) -> Verdict:
    if isinstance(item, Question):
        return judge_question(item, source, path, seed, limits)
    assert isinstance(item, Task)
    return judge(item, source, path, seed, hidden, limits)
