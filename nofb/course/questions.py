"""Judging the answer to a question: a number, a choice, or a text that a person reads."""

from __future__ import annotations

import math
import zlib
from dataclasses import replace
from typing import Any

import numpy as np

from nofb.course.guard import Limits
from nofb.course.process import Failed, Process
from nofb.course.task import Question
from nofb.course.verdict import Verdict, one_line

SEEDS = 20  # of students, to find out whether a question differs between them


def values_for(question: Question, seed: int) -> dict[str, Any]:
    """Return the numbers of a student's question."""
    return question.values(np.random.default_rng([zlib.crc32(question.number.encode()), seed]))


def same_for_all(question: Question) -> bool:
    """Say whether the right answer is the same for all students."""
    return len({repr(question.key(values_for(question, seed))) for seed in range(SEEDS)}) == 1


def text_of(question: Question, seed: int) -> str:
    """Return a student's question, with its numbers."""
    return question.asks.format(**values_for(question, seed))


def judge_question(
    question: Question, source: str, path: str, seed: int = 0, limits: Limits | None = None,
    quotes: bool = True,
) -> Verdict:  # fmt: skip
    """Judge the value that a file gives to ANSWER; `quotes`: a sentence may show it."""
    theirs = Process(source, path, "ANSWER", limits, quotes)
    nothing = Verdict(question.number, question.points, 0.0, "")
    try:
        with theirs:
            given = theirs.value()
    except Failed as failed:
        return replace(nothing, sentence=str(failed), printed=theirs.printed)
    if given is None:
        return replace(nothing, sentence="ANSWER is still None: set it")
    if question.by_hand:
        if not isinstance(given, str) or not given.strip():
            return replace(nothing, sentence="ANSWER must be a text in quotes, and not empty")
        said = "written down; a person reads it and gives the points"
        return replace(nothing, sentence=said, by_hand=True)
    shown = f"ANSWER is {one_line(repr(given))[:60]}, which" if quotes else "ANSWER"
    return _judged(question, given, shown, values_for(question, seed))


def _judged(question: Question, given: Any, shown: str, values: dict[str, Any]) -> Verdict:
    points, key = question.points, question.key(values)
    if matches(given, key, question.tolerance):
        return Verdict(question.number, points, float(points), "right")
    for wrong, cause in question.wrong:
        if matches(given, wrong(values), question.tolerance):
            return Verdict(question.number, points, 0.0, cause)
    return Verdict(question.number, points, 0.0, _not_right(given, shown, key, question.number))


def matches(given: Any, right: Any, tolerance: float) -> bool:
    """Say whether an answer is the right one: the same word, or a number within the tolerance."""
    if isinstance(right, str):
        return isinstance(given, str) and given.strip().lower() == right.lower()
    if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given):
        return False
    return math.isclose(given, right, rel_tol=max(tolerance, 1e-9), abs_tol=1e-9)


def _not_right(given: Any, shown: str, right: Any, number: str) -> str:
    """Say that an answer is of the wrong kind, or that it is not right."""
    if isinstance(right, str):
        if not isinstance(given, str):
            return f"{shown} must be a letter or a word in quotes"
    elif isinstance(given, bool) or not isinstance(given, int | float):
        return f"{shown} must be a number"
    elif not math.isfinite(given):
        return f"{shown} must be a finite number"
    return f"{shown} is not right; nofb course check {number} --hint has a hint"
