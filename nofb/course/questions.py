"""Judging the answer to a question: a number, a choice, or a text that a person reads."""

from __future__ import annotations

import math
import zlib
from dataclasses import replace
from typing import Any

import numpy as np

from nofb.course.process import Failed, Limits, Process
from nofb.course.task import Question
from nofb.course.verdict import Verdict, one_line


def values_for(question: Question, seed: int) -> dict[str, Any]:
    """Return the numbers of a student's question."""
    return question.values(np.random.default_rng([zlib.crc32(question.number.encode()), seed]))


def text_of(question: Question, seed: int) -> str:
    """Return a student's question, with its numbers."""
    return question.asks.format(**values_for(question, seed))


def judge_question(
    question: Question, source: str, path: str, seed: int = 0, limits: Limits | None = None
) -> Verdict:
    """Judge the value that a file gives to ANSWER."""
    theirs = Process(source, path, "ANSWER", limits)
    nothing = Verdict(question.number, question.points, 0.0, "")
    try:
        with theirs:
            given = theirs.value()
    except Failed as failed:
        return replace(nothing, sentence=str(failed), printed=theirs.printed)
    if given is None:
        return replace(nothing, sentence="ANSWER is still None: set it")
    if question.by_hand:
        said = "written down; a person reads it and gives the points"
        return replace(nothing, sentence=said, by_hand=True)
    return _judged(question, given, values_for(question, seed))


def _judged(question: Question, given: Any, values: dict[str, Any]) -> Verdict:
    points = question.points
    if matches(given, question.key(values), question.tolerance):
        return Verdict(question.number, points, float(points), "right")
    for wrong, cause in question.wrong:
        if matches(given, wrong(values), question.tolerance):
            return Verdict(question.number, points, 0.0, cause)
    return Verdict(question.number, points, 0.0, _not_right(given, question.key(values)))


def matches(given: Any, right: Any, tolerance: float) -> bool:
    """Say whether an answer is the right one: the same word, or a number within the tolerance."""
    if isinstance(right, str):
        return isinstance(given, str) and given.strip().lower() == right.lower()
    if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given):
        return False
    return math.isclose(given, right, rel_tol=max(tolerance, 1e-9), abs_tol=1e-9)


def _not_right(given: Any, right: Any) -> str:
    shown = one_line(repr(given))[:60]
    wanted = "a letter or a word in quotes" if isinstance(right, str) else "a number"
    if isinstance(given, str) != isinstance(right, str) or isinstance(given, bool):
        return f"ANSWER is {shown}, but must be {wanted}"
    if isinstance(given, int | float) and not math.isfinite(given):
        return f"ANSWER is {shown}, which is no finite number"
    return f"{shown} is not right; nofb course check --hint has a hint"
