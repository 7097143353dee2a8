"""Calling a task's function: nofb's own, a kept wrong answer, or a student's.

An array that a function only writes holds old numbers before each call, as nofb's buffers do. So
an answer that adds to it, or does not write it, is seen.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nofb.course.task import Arguments, Task
from nofb.types import Array

Theirs = Callable[..., tuple[Any, Sequence[Any]]]  # what it gives, and its arguments afterwards


@dataclass(frozen=True)
class Called:
    """A student's function and nofb's own, called with the same arguments.

    Attributes
    ----------
    task
        The task.
    arguments
        The arguments before the calls.
    returned, after
        What the student's function returned, and its arguments afterwards.
    found, expected
        The results of the student's function and of nofb's own.
    """

    task: Task
    arguments: Arguments
    returned: Any
    after: Sequence[Any]
    found: list[Any]
    expected: list[Any]

    @property
    def names(self) -> list[str]:
        """What the results are called in a sentence."""
        if self.task.in_place:
            return [name for name, each in self._named() if isinstance(each, np.ndarray)]
        count = len(self.expected)
        return ["the result"] if count == 1 else [f"result {n}" for n in range(1, count + 1)]

    def before(self, name: str) -> Any:
        """Return an argument before the calls, or `None` if there is none of this name."""
        return dict(self._named()).get(name)

    def changing(self) -> dict[str, bool]:
        """Return, for each array that the task changes in place, whether the student's does."""
        if not self.task.in_place:
            return {}
        rows = zip(self.names, self.found, self.expected, strict=True)
        before = {name: self.before(name) for name in self.names}
        return {
            name: not same_bits(mine, before[name])
            for name, mine, right in rows
            if not same_bits(right, before[name])
        }

    def staying(self) -> dict[str, bool]:
        """Return, for each array that the task leaves as it is, whether the student's does."""
        changing = self.changing()
        rows = zip(self._named(), self.after, strict=True)
        return {
            name: same_bits(now, before)
            for (name, before), now in rows
            if isinstance(before, np.ndarray) and name not in changing
        }

    def _named(self) -> list[tuple[str, Any]]:
        return list(zip(self.task.arguments, self.arguments, strict=True))


def call(task: Task, theirs: Theirs, arguments: Arguments) -> Called:
    """Call a student's function and nofb's own with the same arguments."""
    arguments = with_old_numbers(task, arguments)
    returned, after = theirs(*arguments)
    found, expected = results(task, returned, after), outputs(task.reference, task, arguments)
    return Called(task, arguments, returned, after, found, expected)


def with_old_numbers(task: Task, arguments: Arguments) -> Arguments:
    """Return copies of arguments; what the function only writes holds old numbers.

    They are the same for the same shape, so that two functions can be compared.
    """
    named = zip(task.arguments, arguments, strict=True)
    return tuple(
        _old_numbers(each) if name in task.writes else copy.deepcopy(each) for name, each in named
    )


def _old_numbers(array: Array) -> Array:
    numbers = np.random.default_rng(array.size).normal(3.0, 2.0, array.shape)
    return numbers.astype(array.dtype)


def outputs(function: Callable[..., Any], task: Task, arguments: Arguments) -> list[Any]:
    """Return the results of a trusted function, called with copies of arguments."""
    own = with_old_numbers(task, arguments)
    return results(task, function(*own), own)


def results(task: Task, returned: Any, after: Sequence[Any]) -> list[Any]:
    """Return what a function returned, or, if it works in place, its arrays afterwards."""
    if task.in_place:
        return [each for each in after if isinstance(each, np.ndarray)]
    return list(returned) if isinstance(returned, tuple) else [returned]


def same_bits(mine: Any, other: Any) -> bool:
    """Say whether an array is unchanged."""
    return isinstance(mine, np.ndarray) and np.array_equal(mine, other)
