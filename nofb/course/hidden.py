"""A teacher's hidden tests: a file of the teacher's own, which no student sees.

The course's own tests are public, since students run them. The hidden ones draw other arguments,
from a seed that only this file holds, and may ask what the teacher has written down there.
"""

from __future__ import annotations

import runpy
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nofb.course.task import Property

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
    """

    seed: int
    tests: Mapping[str, Sequence[Property]]


def write(path: Path) -> None:
    """Write a file of hidden tests with a seed of its own; one that exists is kept.

    Raises
    ------
    FileExistsError
        If there is such a file.
    """
    with path.open("x", encoding="utf-8") as file:
        file.write(TEMPLATE.format(seed=secrets.randbits(64)))


def load(path: Path) -> Hidden:
    """Return the hidden tests of a file.

    Raises
    ------
    ValueError
        If the file has no whole number SEED.
    """
    found = runpy.run_path(str(path))
    seed = found.get("SEED")
    if not isinstance(seed, int) or seed < 0:
        raise ValueError(
            f"{path}: SEED is {seed!r}, but must be a whole number from 0 on; "
            "nofb course hidden FILE writes such a file"
        )
    return Hidden(seed, dict(found.get("TESTS", {})))
