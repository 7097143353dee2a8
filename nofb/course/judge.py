"""Is an answer right? Its shapes, its numbers, what must be true of it, and whether it learns.

All of this is decided here, from what the student's process sends. Nothing that the process does
can change it.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from nofb.course import sentences
from nofb.course.calls import Theirs, call, results
from nofb.course.guard import Limits
from nofb.course.hidden import Hidden
from nofb.course.learning import learns
from nofb.course.process import Failed, Process, Raised, Stub
from nofb.course.task import Answer, Arguments, Property, Task
from nofb.course.verdict import Step, Verdict

SHARES = {"shapes": 0.2, "numbers": 0.4, "what must be true": 0.25, "learning": 0.15}
DRAWS, HIDDEN_DRAWS = 3, 5
WRONG_FOR_OTHERS = "right for the arguments that check tries, but a hidden test fails"


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
    theirs = Process(source, path, task.name, limits, quotes=hidden is None)
    stub, secret = "", ""
    faults: list[str] = []
    try:
        with theirs:
            _judge(task, theirs, steps, seed)
            if hidden is not None and not any(step.cause for step in steps):
                secret, faults = hidden_tests(task, theirs, seed, hidden)
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
    return replace(verdict, hidden=secret, faults=tuple(faults), printed=theirs.printed)


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


def hidden_tests(task: Task, theirs: Process, seed: int, hidden: Hidden) -> tuple[str, list[str]]:
    """Say which hidden test an answer fails, or ""; and what is wrong with the tests themselves.

    Both are for the teacher. A test that fails for nofb's own function costs nobody anything.
    """
    rng = _rng(task, seed, hidden.seed)
    cause, faults = "", []
    try:
        cause = wrong_numbers(task, theirs, [task.draw(rng) for _ in range(HIDDEN_DRAWS)]) or ""
        for number, test in enumerate(hidden.tests.get(task.number, ()), 1):
            own, theirs_again = (_rng(task, seed, hidden.seed + number) for _ in range(2))
            said = _tried(test, asked(task, task_itself(task)), own)
            if said:
                faults.append(f"hidden test {number} of {task.number} fails for nofb's own: {said}")
            elif not cause:
                cause = _tried(test, asked(task, theirs), theirs_again) or ""
    except Failed as failed:
        cause = str(failed)
    return cause, faults


def _tried(test: Property, answer: Answer, rng: np.random.Generator) -> str | None:
    """Return what a teacher's test says, also if it raises an error of its own."""
    try:
        said = test(answer, rng)
    except Failed:
        raise
    except Exception as error:  # a teacher may have written anything
        return f"it raised {type(error).__name__}: {error}"
    return None if said is None else str(said)


def _verdict(task: Task, steps: Sequence[Step]) -> Verdict:
    earned = sum(SHARES[step.name] for step in steps if step.cause is None)
    cause = next((step.cause for step in steps if step.cause), None)
    score = float(np.round(task.points * earned, 2))
    return Verdict(task.number, task.points, score, cause or "right", tuple(steps))


def _rng(task: Task, seed: int, number: int) -> np.random.Generator:
    return np.random.default_rng([zlib.crc32(task.number.encode()), seed, number])


def task_itself(task: Task) -> Theirs:
    """Return nofb's own function in the form of a student's."""

    def function(*arguments: Any) -> tuple[Any, Sequence[Any]]:
        return task.reference(*arguments), arguments

    return function


def checked(task: Task, theirs: Theirs) -> Theirs:
    """Return the student's function for code that relies on its shapes and on finite numbers.

    It raises Failed with a sentence where the function does not give them.
    """

    def function(*arguments: Any) -> tuple[Any, Sequence[Any]]:
        called = call(task, theirs, arguments)
        cause = sentences.wrong_shape(called)
        if cause is None and _all_finite(called.expected) and not _all_finite(called.found):
            cause = f"{task.name} gives {sentences.not_finite(called.arguments)}"
        if cause:
            raise Failed(cause)
        return called.returned, called.after

    return function


def _all_finite(values: Sequence[Any]) -> bool:
    return all(np.isfinite(each).all() for each in values)


def wrong_shape(task: Task, theirs: Theirs, arguments: Arguments) -> str | None:
    """Say which result has the wrong shape, or which argument was changed."""
    try:
        called = call(task, theirs, arguments)
    except Raised as raised:
        given = sentences.shapes(task, arguments)
        raise Raised(f"{raised}; it was given {given}") from raised
    cause = sentences.wrong_shape(called)
    return cause and (sentences.known_mistake(called) or cause)


def wrong_numbers(task: Task, theirs: Theirs, draws: Sequence[Arguments]) -> str | None:
    """Say what is wrong with the numbers for the first arguments for which they are wrong."""
    found = (sentences.wrong_numbers(call(task, theirs, each)) for each in draws)
    return next((sentence for sentence in found if sentence), None)


def broken_property(task: Task, theirs: Theirs, rng: np.random.Generator) -> str | None:
    """Say which property of a right answer does not hold."""
    answer = asked(task, theirs)
    found = (broken(answer, rng) for broken in task.properties)
    return next((sentence for sentence in found if sentence), None)


def asked(task: Task, theirs: Theirs) -> Answer:
    """Return the student's function as properties call it: it gives arrays of plain numbers."""
    ask = checked(task, theirs)

    def function(*arguments: Any) -> Any:
        found = [plain(each) for each in results(task, *ask(*arguments))]
        return found[0] if len(found) == 1 else tuple(found)

    return function


def plain(value: Any) -> Any:
    """Return an array or a number as floating point: a property may compute with it."""
    return np.asarray(value, float) if np.ndim(value) else float(value)
