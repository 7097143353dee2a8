"""A teacher's hidden tests: a file of the teacher's own, which no student sees.

The course's own tests are public, since students run them. The hidden ones draw other arguments,
from a seed that only this file holds, and may ask what the teacher has written down there.
"""

from __future__ import annotations

import secrets
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nofb.course.task import Property, Task
from nofb.course.tasks import TASKS

TEMPLATE = '''"""Hidden tests of the course, made for one class: keep this file to yourself."""

import numpy as np

SEED = {seed}  # draws the arguments that answers are tried with


def is_linear(answer, rng):
    """Return `None`, or a sentence that you alone read; `answer` is the student's function."""
    e, D = rng.normal(size=(4, 3)), rng.normal(size=(3, 5))
    return None if np.allclose(answer(2 * e, D), 2 * answer(e, D)) else "it is not linear in e"


TESTS = {{"3.1": [is_linear]}}  # for each task as many as you like, or none
'''


@dataclass(frozen=True)
class Hidden:
    """Hidden tests.

    Attributes
    ----------
    seed
        Draws the arguments that answers are tried with.
    tests
        What must be true besides, by the task's number.
    text, name
        The file's text, for other processes of the grader, and its name.
    """

    seed: int
    tests: Mapping[str, Sequence[Property]]
    text: str = ""
    name: str = ""


def write(path: Path) -> None:
    """Write a file of hidden tests with a seed of its own, for its owner alone to read.

    Raises
    ------
    FileExistsError
        If there is such a file; it is kept.
    """
    path.touch(0o600, exist_ok=False)
    path.write_text(TEMPLATE.format(seed=secrets.randbits(64)), encoding="utf-8")


def load(path: Path) -> Hidden:
    """Return the hidden tests of a file.

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        If it cannot be run, or says something else than hidden tests; one sentence names what.
    """
    return parse(path.read_text("utf-8"), str(path))


def parse(text: str, name: str) -> Hidden:
    """Return the hidden tests of a file's text; see `load`."""
    space: dict[str, Any] = {"__name__": "hidden", "__file__": name}
    try:
        exec(compile(text, name, "exec"), space)
    except (Exception, SystemExit) as error:  # a teacher may have written anything
        raise ValueError(f"{name} cannot be run{_line(error, name)}: {_said(error)}") from error
    seed = space.get("SEED")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ValueError(
            f"{name}: SEED is {seed!r}, but must be a whole number from 0 on; "
            "nofb course hidden FILE writes such a file"
        )
    return Hidden(seed, _tests(space.get("TESTS", {}), name), text, name)


def _tests(given: Any, name: str) -> dict[str, list[Property]]:
    """Return the tests of each task, or say what is wrong with them."""
    wanted = 'must give each task a list of functions, such as {"3.1": [is_linear]}'
    if not isinstance(given, Mapping):
        raise ValueError(f"{name}: TESTS is a {type(given).__name__}, but {wanted}")
    for number, tests in given.items():
        if not isinstance(TASKS.get(number), Task):
            raise ValueError(
                f"{name}: TESTS names task {number!r}, but there is no task of that number "
                "with code to test; nofb course lists all"
            )
        if not isinstance(tests, list | tuple) or not all(map(callable, tests)):
            raise ValueError(f"{name}: TESTS of {number} is {tests!r}, but {wanted}")
    return {number: list(tests) for number, tests in given.items()}


def _line(error: BaseException, name: str) -> str:
    """Return the line of the file in which an error arose."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == name]
    line = error.lineno if isinstance(error, SyntaxError) else next(reversed(lines), None)
    return "" if line is None else f" in line {line}"


def _said(error: BaseException) -> str:
    return " ".join(traceback.format_exception_only(error)[-1].split())
