"""Is an answer right? Its shapes, its numbers, what must be true of it, and whether it learns.

All of this is decided here, from what the student's process sends. Nothing that the process does
can change it.
"""

from __future__ import annotations

import copy
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from nofb.course.hidden import Hidden
from nofb.course.learning import Theirs, learns
from nofb.course.process import Failed, Limits, Process, Raised, Stub
from nofb.course.task import Arguments, Property, Task
from nofb.course.verdict import Step, Verdict, one_line
from nofb.types import Array

SHARES = {"shapes": 0.2, "numbers": 0.4, "what must be true": 0.25, "learning": 0.15}
DRAWS, HIDDEN_DRAWS = 3, 5
WRONG_FOR_OTHERS = "right for the arguments that check tries, but a hidden test fails"
RTOL, ATOL = 1e-6, 1e-9
NOT_FINITE = "NaN or infinity: is something divided by zero?"


def judge(
    task: Task, source: str, path: str, seed: int = 0, hidden: Hidden | None = None,
    limits: Limits | None = None,
) -> Verdict:  # fmt: skip
    """Judge an answer to a task.

    Parameters
    ----------
    task
        What was asked.
    source, path
        The text of the student's file, and where it was read.
    seed
        Seeds the arguments that the answer is tried with.
    hidden
        A teacher's hidden tests, or `None` for what students see.
    limits
        Of time and memory.
    """
    steps: list[Step] = []
    theirs, stub, secret = Process(source, path, task.name, limits), "", ""
    try:
        with theirs:
            _judge(task, theirs, steps, seed)
            if hidden is not None and not any(step.cause for step in steps):
                secret = failed_hidden_test(task, theirs, seed, hidden)
    except Stub as raised:
        stub = str(raised)
    except Failed as failed:
        name = next(name for name in SHARES if name not in [step.name for step in steps])
        steps.append(Step(name, str(failed)))
    if secret:
        steps[1:] = [Step("numbers", WRONG_FOR_OTHERS)]
    verdict = _verdict(task, steps)
    if stub:
        verdict = replace(verdict, score=0.0, sentence=stub)
    return replace(verdict, hidden=secret, printed=theirs.printed)


def _judge(task: Task, theirs: Process, steps: list[Step], seed: int) -> None:
    """Take one step after the other, until one finds something wrong."""
    draws = [task.draw(_rng(task, seed, number)) for number in range(DRAWS)]
    ways: list[tuple[str, Callable[[], str | None]]] = [
        ("shapes", lambda: wrong_shape(task, theirs, draws[0])),
        ("numbers", lambda: wrong_numbers(task, theirs, draws)),
        ("what must be true", lambda: broken_property(task, theirs, _rng(task, seed, 100))),
        (
            "learning",
            lambda: None if task.learning is None else learns(task, checked(task, theirs)),
        ),
    ]
    for name, way in ways:
        steps.append(Step(name, way()))
        if steps[-1].cause:
            return


def failed_hidden_test(task: Task, theirs: Process, seed: int, hidden: Hidden) -> str:
    """Say which hidden test an answer fails, for the teacher; "" if it passes them all."""
    rng = _rng(task, seed, hidden.seed)
    try:
        cause = wrong_numbers(task, theirs, [task.draw(rng) for _ in range(HIDDEN_DRAWS)])
        return cause or _broken(hidden.tests.get(task.number, ()), task, theirs, rng) or ""
    except Failed as failed:
        return str(failed)


def _verdict(task: Task, steps: Sequence[Step]) -> Verdict:
    earned = sum(SHARES[step.name] for step in steps if step.cause is None)
    cause = next((step.cause for step in steps if step.cause), None)
    score = float(np.round(task.points * earned, 2))
    return Verdict(task.number, task.points, score, cause or "right", tuple(steps))


def _rng(task: Task, seed: int, number: int) -> np.random.Generator:
    return np.random.default_rng([zlib.crc32(task.number.encode()), seed, number])


def outputs(function: Callable[..., Any], task: Task, arguments: Arguments) -> list[Any]:
    """Return what a trusted function gives: its results, or what it wrote into its arguments."""
    own = copy.deepcopy(arguments)
    given = function(*own)
    if task.in_place:
        return [each for each in own if isinstance(each, np.ndarray)]
    return list(given) if isinstance(given, tuple) else [given]


def results(task: Task, given: Any, after: Sequence[Any]) -> list[Any]:
    """Return the same of what a student's function gave, and what it made of its arguments."""
    if task.in_place:
        return [each for each in after if isinstance(each, np.ndarray)]
    return list(given) if isinstance(given, tuple) else [given]


def checked(task: Task, theirs: Theirs) -> Theirs:
    """Return the student's function for code that relies on its shapes and on finite numbers.

    It raises Failed with a sentence where the function does not give them.
    """

    def function(*arguments: Any) -> tuple[Any, Sequence[Any]]:
        given, after = theirs(*arguments)
        found = results(task, given, after)
        expected = outputs(task.reference, task, arguments)
        cause = _unlike(task, found, expected) or _changed(task, arguments, after)
        if cause is None and _all_finite(expected) and not _all_finite(found):
            cause = f"{task.name} gives {NOT_FINITE}"
        if cause:
            raise Failed(cause)
        return given, after

    return function


def wrong_shape(task: Task, theirs: Process, arguments: Arguments) -> str | None:
    """Say which result has the wrong shape, or which argument was changed."""
    try:
        given, after = theirs(*arguments)
    except Raised as raised:
        raise Raised(f"{raised}; it was given {_shapes(task, arguments)}") from raised
    found = results(task, given, after)
    expected = outputs(task.reference, task, arguments)
    return _unlike(task, found, expected) or _changed(task, arguments, after)


def _shapes(task: Task, arguments: Arguments) -> str:
    """Return the shapes of arguments, by name."""
    named = zip(task.arguments, arguments, strict=True)
    return ", ".join(f"{name} {np.shape(each)}" for name, each in named if np.shape(each))


def _unlike(task: Task, found: Sequence[Any], expected: Sequence[Any]) -> str | None:
    """Say which result is no array of numbers of the right shape."""
    if not task.in_place and len(found) == 1 and found[0] is None:
        return f"{task.name} returns nothing: end it with return"
    if len(found) != len(expected):
        return f"{task.name} returns {len(found)} results, but {len(expected)} are asked for"
    for mine, right in zip(found, expected, strict=True):
        shape, wanted = np.shape(mine), np.shape(right)
        if np.asarray(mine).dtype.kind not in "biuf":
            return (
                f"{task.name} gives {one_line(repr(mine))[:60]}, where real numbers are asked for"
            )
        if shape != wanted:
            turned = ": it is transposed" if len(shape) == 2 and shape == wanted[::-1] else ""
            return f"{task.name} gives shape {shape}, but {wanted} is asked for{turned}"
    return None


def _changed(task: Task, arguments: Arguments, after: Sequence[Any]) -> str | None:
    """Say which argument was changed that had to stay as it was."""
    if not task.in_place:
        for name, before, now in zip(task.arguments, arguments, after, strict=True):
            if isinstance(before, np.ndarray) and not np.array_equal(before, now):
                return f"{task.name} changes its argument {name}: make a new array instead"
    return None


def _all_finite(values: Sequence[Any]) -> bool:
    return all(np.isfinite(each).all() for each in values)


def wrong_numbers(task: Task, theirs: Process, draws: Sequence[Arguments]) -> str | None:
    """Say what is wrong with the numbers: a mistake that is known, or how they differ."""
    for arguments in draws:
        expected = outputs(task.reference, task, arguments)
        found = results(task, *theirs(*arguments))
        pairs = list(zip(found, expected, strict=False))
        if len(found) != len(expected) or not all(_same(*pair) for pair in pairs):
            return known_mistake(task, found, arguments) or _difference(pairs)
    return None


def known_mistake(task: Task, found: Sequence[Any], arguments: Arguments) -> str | None:
    """Return the cause of the wrong answer that gives the same numbers, if one does."""
    for wrong in task.wrong:
        space: dict[str, Any] = {}
        exec(task.function_of(wrong.body), space)
        try:
            with np.errstate(all="ignore"):
                expected = outputs(space[task.name], task, arguments)
        except (ArithmeticError, TypeError, ValueError, IndexError):
            continue  # it fails on these arguments
        pairs = zip(found, expected, strict=False)
        if len(found) == len(expected) and all(_same(*pair) for pair in pairs):
            return wrong.cause
    return None


def _same(mine: Any, right: Any) -> bool:
    if np.shape(mine) != np.shape(right):
        return False
    try:
        return bool(np.allclose(mine, right, rtol=RTOL, atol=ATOL, equal_nan=False))
    except TypeError:
        return False  # no numbers


def _difference(pairs: Sequence[tuple[Any, Any]]) -> str:
    """Say how numbers differ, where no known mistake gives them."""
    mine, right = next(pair for pair in pairs if not _same(*pair))
    try:
        mine, right = np.asarray(mine, float), np.asarray(right, float)
    except (TypeError, ValueError):
        return "the result does not consist of numbers"
    if mine.shape != right.shape:
        return f"the result has shape {mine.shape} for some arguments, not {right.shape}"
    if not np.isfinite(mine).all():
        return f"the result holds {NOT_FINITE}"
    if _same(mine, -right):
        return "every number has the wrong sign"
    if (factor := _factor(mine, right)) is not None:
        return f"every number is {factor:.4g} times what it should be"
    first = int(np.flatnonzero(~np.isclose(mine, right, rtol=RTOL, atol=ATOL))[0])
    shown, wanted = mine.flat[first] + 0.0, right.flat[first] + 0.0  # no -0
    return f"number {first} is {shown:.6g}, but should be {wanted:.6g}"


def _factor(mine: Array, right: Array) -> float | None:
    """Return by which factor all numbers differ, if it is one for all."""
    if not np.any(right):
        return None
    factor = float((mine * right).sum() / (right * right).sum())
    return factor if factor and _same(mine, factor * right) else None


def broken_property(task: Task, theirs: Process, rng: np.random.Generator) -> str | None:
    """Say which property of a right answer does not hold."""
    return _broken(task.properties, task, theirs, rng)


def _broken(
    properties: Iterable[Property], task: Task, theirs: Process, rng: np.random.Generator
) -> str | None:
    ask = checked(task, theirs)

    def function(*arguments: Any) -> Any:
        found = results(task, *ask(*arguments))
        return found[0] if len(found) == 1 else tuple(found)

    found = (broken(function, rng) for broken in properties)
    return next((sentence for sentence in found if sentence), None)
