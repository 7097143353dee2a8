"""A student's own function, as a notebook calls it: in the notebook's own process.

The grader never does this; see `nofb.course.process`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from nofb.course.calls import outputs
from nofb.course.learning import instead
from nofb.course.task import Task


class NotFilledIn(Exception):  # noqa: N818
    """A task has no answer yet. A notebook shows one sentence instead of a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class Failed(Exception):  # noqa: N818
    """A student's function raised an error, which is the cause of this one."""


class Yours:
    """The function of a student's file.

    Parameters
    ----------
    task
        The task.
    path
        The student's file. It is read again at each call, so a change counts at once.
    """

    def __init__(self, task: Task, path: Path) -> None:
        self.task, self.path = task, path

    def __call__(self, *arguments: Any) -> Any:
        """Call the function.

        Raises
        ------
        NotFilledIn
            If there is no function, or its body is missing.
        Failed
            If it raises an error.
        """
        function = self.load()
        try:
            return function(*arguments)
        except NotImplementedError:
            raise NotFilledIn(self._unfilled()) from None
        except Exception as error:  # whatever a student's function raises
            said = f"{type(error).__name__}: {error}"
            raise Failed(f"your {self.task.name} of {self.path.name} fails: {said}") from error

    def load(self) -> Any:
        """Return the function as the file has it now."""
        try:
            source = self.path.read_text("utf-8")
            module = ModuleType("answer")  # a dataclass looks for its own
            module.__file__ = str(self.path)
            sys.modules["answer"], space = module, vars(module)
            exec(compile(source, str(self.path), "exec"), space)
        except (OSError, NotImplementedError):
            raise NotFilledIn(self._unfilled()) from None
        except Exception as error:  # as above
            said = f"{type(error).__name__}: {error}"
            raise Failed(f"{self.path.name} cannot be run: {said}") from error
        if self.task.name not in space:
            raise NotFilledIn(f"{self.path.name} has no function {self.task.name}")
        return space[self.task.name]

    def _unfilled(self) -> str:
        number = self.task.number
        return f"Task {number} has no answer yet: write {self.task.name} in {self.path.name}."

    def __repr__(self) -> str:
        return f"{self.task.name} of {self.path.name}"


@contextmanager
def in_place_of_nofbs(*answers: Yours) -> Iterator[None]:
    """Within this context, nofb calls these functions instead of its own."""

    def called(answer: Yours) -> Any:
        return lambda *arguments: (answer(*arguments), arguments)

    with ExitStack() as stack:
        for answer in answers:
            stack.enter_context(instead(answer.task, called(answer)))
        yield


def results_of(answer: Yours, *arguments: Any) -> list[Any]:
    """Return what a student's function returns, or the arrays that it has changed."""
    return outputs(answer, answer.task, arguments)
