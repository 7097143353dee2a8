"""Judging a file, whichever kind of task it answers, and saying which file it was."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from nofb.course.guard import Limits
from nofb.course.hidden import Hidden
from nofb.course.judge import judge
from nofb.course.questions import judge_question
from nofb.course.reading import read
from nofb.course.task import Item, Question, Task
from nofb.course.verdict import Verdict, one_line
from nofb.text import printable

MISSING = "there is no file "


def judge_file(
    item: Item,
    path: Path,
    seed: int = 0,
    hidden: Hidden | None = None,
    limits: Limits | None = None,
) -> Verdict:
    """Judge a student's file; what is judged is what was read of it once."""
    shown = printable(str(path))
    nothing = Verdict(item.number, item.points, 0.0, "", path=shown)
    try:
        content = read(path)
        source = content.decode("utf-8-sig")
    except FileNotFoundError:
        return replace(nothing, sentence=one_line(f"{MISSING}{path.name} in {path.parent}"))
    except UnicodeDecodeError:
        return replace(nothing, sentence=f"{path.name} is not UTF-8: save it with that encoding")
    except (OSError, ValueError) as error:
        return replace(nothing, sentence=one_line(f"{path.name} cannot be read: {error}"))
    try:
        verdict = _judged(item, source, shown, seed, hidden, limits)
    except Exception as error:  # the next task must be graded, whatever is wrong with this one
        said = one_line(f"{type(error).__name__}: {error}")
        said_to_all = f": {said}" if hidden is None else ""  # it may quote a hidden test
        sentence = f"the grader failed, tell your teacher{said_to_all}"
        verdict = replace(nothing, sentence=sentence, hidden=said)
    return replace(verdict, path=shown, digest=hashlib.sha256(content).hexdigest())


def _judged(
    item: Item, source: str, path: str, seed: int, hidden: Hidden | None, limits: Limits | None
) -> Verdict:
    if isinstance(item, Question):
        return judge_question(item, source, path, seed, limits, quotes=hidden is None)
    assert isinstance(item, Task)
    return judge(item, source, path, seed, hidden, limits)
