"""A task of the course: a hole in nofb's own code, or a question."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from typing import Any

import numpy as np

Arguments = tuple[Any, ...]  # arrays, numbers and switches
Draw = Callable[[np.random.Generator], Arguments]
Answer = Callable[..., Any]  # a student's function, wherever it runs
Property = Callable[[Answer, np.random.Generator], str | None]


@dataclass(frozen=True)
class Wrong:
    """A wrong answer that students give.

    Attributes
    ----------
    body
        The lines of its function.
    cause
        The sentence that names what is wrong with it.
    """

    body: str
    cause: str


@dataclass(frozen=True)
class Learning:
    """A rule that is trained with the student's function instead of its own.

    Attributes
    ----------
    rule
        The rule's short name.
    at_least
        The test accuracy on digits that it reaches with the right function.
    epochs, lr
        How it is trained, by plain descent.
    """

    rule: str
    at_least: float
    epochs: int = 3
    lr: float = 0.2


@dataclass(frozen=True, kw_only=True)
class Item:
    """What a hole and a question have in common.

    Attributes
    ----------
    number
        Chapter and place, such as "2.1".
    title
        What it asks.
    minutes, points
        How long it takes, and what it is worth.
    needs
        The numbers of the tasks that come before it.
    story
        A paragraph for the notebook.
    hints
        Three, from a nudge to nearly the answer.
    """

    number: str
    title: str
    minutes: int
    points: int
    needs: tuple[str, ...] = ()
    story: str = ""
    hints: tuple[str, str, str]

    @property
    def chapter(self) -> int:
        """The number of its chapter."""
        return int(self.number.split(".")[0])

    @property
    def file(self) -> str:
        """The name of the student's file."""
        return f"task_{self.number.replace('.', '_')}.py"


@dataclass(frozen=True, kw_only=True)
class Task(Item):
    """A hole in nofb's own code.

    Attributes
    ----------
    hole
        The function that is left out, as "module:name".
    equation
        What it computes.
    draw
        Draws arguments for it, of different sizes each time.
    writes
        The names of arrays that it only writes, whatever they held before.
    example
        Draws small arguments, for a worked number that can be computed by hand.
    properties
        What must be true of any right answer; each returns a sentence, or `None` if it holds.
    wrong
        At least three wrong answers.
    solution
        A right answer's lines, where nofb's own use helpers; "" for nofb's own.
    learning
        What learns with it, or `None`.
    numbered
        Which number the equation has in which file, if the hole's own file does not say it.
    """

    hole: str
    equation: str
    draw: Draw
    writes: Sequence[str] = ()
    example: Draw
    properties: Sequence[Property] = ()
    wrong: Sequence[Wrong]
    solution: str = ""
    learning: Learning | None = None
    numbered: str = ""

    @property
    def name(self) -> str:
        """The name of the function."""
        return self.hole.partition(":")[2]

    @property
    def module(self) -> str:
        """The module that has the hole."""
        return self.hole.partition(":")[0]

    @cached_property
    def reference(self) -> Callable[..., Any]:
        """The function as nofb has it, without a compiler."""
        function: Any = getattr(import_module(self.module), self.name)
        return getattr(function, "py_func", function)

    @property
    def where(self) -> str:
        """The number of the equation, and the file of nofb that has it."""
        if self.numbered:
            return self.numbered
        file = self.module.replace(".", "/") + ".py"
        numbers = dict.fromkeys(re.findall(r"eqs?\. (\d+)", inspect.getsource(self.reference)))
        equations = " and ".join(f"eq. {number}" for number in numbers)
        return f"{equations} of {file}" if equations else f"eq. {self.number} of the course; {file}"

    @property
    def signature(self) -> str:
        """The line that begins the function, with its types."""
        source = inspect.getsource(self.reference)
        lines = source[source.index("def ") :].splitlines()
        end = next(i for i, line in enumerate(lines) if line.split("#")[0].rstrip().endswith(":"))
        return "\n".join(lines[: end + 1])

    @property
    def arguments(self) -> list[str]:
        """The names of its arguments."""
        return list(inspect.signature(self.reference).parameters)

    @property
    def in_place(self) -> bool:
        """Whether it writes into its arguments and returns nothing."""
        return inspect.signature(self.reference).return_annotation in ("None", None)

    @property
    def right(self) -> str:
        """The source of a right answer, as a student would write it."""
        if self.solution:
            return self.function_of(self.solution)
        source = inspect.getsource(self.reference)
        return f"import numpy as np\n\nArray = np.ndarray\n\n\n{source[source.index('def ') :]}"

    def function_of(self, body: str) -> str:
        """Return the source of a function with this body, as a student would write it."""
        body = textwrap.indent(textwrap.dedent(body).strip(), "    ")
        return f"import numpy as np\n\n\ndef {self.name}({', '.join(self.arguments)}):\n{body}\n"


@dataclass(frozen=True, kw_only=True)
class Question(Item):
    """A question whose answer is a number, a choice or an order, or a text that a person reads.

    Attributes
    ----------
    asks
        The question; {name} stands for a value of `values`.
    values
        Draws the numbers of this student's question.
    key
        Returns the right answer for these values; a text for a person to compare with if `by_hand`.
    tolerance
        How far a number may be off, as a share of it.
    by_hand
        Whether a person gives the points.
    wrong
        Wrong answers as functions of the values, each with the sentence that names its cause.
    """

    asks: str
    values: Callable[[np.random.Generator], dict[str, Any]] = field(default=lambda rng: {})
    key: Callable[[dict[str, Any]], Any]
    tolerance: float = 0.0
    by_hand: bool = False
    wrong: Sequence[tuple[Callable[[dict[str, Any]], Any], str]] = ()
