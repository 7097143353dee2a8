"""A student's own function, as a notebook calls it: in the notebook's own process.

The grader never does this; see `nofb.course.process`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from nofb.course.calls import outputs
from nofb.course.learning import instead
from nofb.course.task import Question, Task

NUMBER = r"-?\d+(?:\.\d+)?"
NUMBERS = re.compile(rf"[\s\[(]*(?:{NUMBER}[\s°,;]*)+")  # at the beginning of a text


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
        space = names_of(self.path, self._unfilled())
        if self.task.name not in space:
            raise NotFilledIn(f"{self.path.name} has no function {self.task.name}")
        return space[self.task.name]

    def _unfilled(self) -> str:
        number = self.task.number
        return f"Task {number} has no answer yet: write {self.task.name} in {self.path.name}."

    def __repr__(self) -> str:
        return f"{self.task.name} of {self.path.name}"


class Prediction:
    """The numbers with which the text of a student's prediction begins.

    Parameters
    ----------
    question
        What is predicted.
    path
        The student's file, the same that is graded. It is read again at each call.
    """

    def __init__(self, question: Question, path: Path) -> None:
        self.question, self.path = question, path

    def __call__(self, count: int) -> list[float]:
        """Return this many numbers.

        Raises
        ------
        NotFilledIn
            If the answer is no text, or does not begin with so many numbers.
        Failed
            If the file cannot be run.
        """
        number = self.question.number
        cure = f"begin the text of ANSWER in {self.path.name} with {count} numbers"
        unfilled = f"Task {number} has no answer yet: {cure}, then run this cell again."
        answer = names_of(self.path, unfilled).get("ANSWER")
        start = NUMBERS.match(answer) if isinstance(answer, str) else None
        numbers = re.findall(NUMBER, start[0]) if start else []
        if len(numbers) != count:
            raise NotFilledIn(unfilled)
        return [float(each) for each in numbers]


def names_of(path: Path, unfilled: str) -> dict[str, Any]:
    """Run a student's file and return its names; the sentence is for a file without an answer."""
    try:
        source = path.read_text("utf-8")
        module = ModuleType("answer")  # a dataclass looks for its own
        module.__file__ = str(path)
        sys.modules["answer"] = module
        exec(compile(source, str(path), "exec"), vars(module))
    except (OSError, NotImplementedError):
        raise NotFilledIn(unfilled) from None
    except Exception as error:  # whatever a student's file raises
        said = f"{type(error).__name__}: {error}"
        raise Failed(f"{path.name} cannot be run: {said}") from error
    return vars(module)


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
