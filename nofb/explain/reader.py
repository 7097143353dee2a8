"""Reads a function: its lines, and the equations in the comments at their ends.

"eq. 2" is the equation with this number in the header of the line's file; a comment may also have
the full equation.
"""

from __future__ import annotations

import ast
import inspect
import io
import re
import sys
import textwrap
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from types import CodeType
from typing import cast

from nofb.explain.headers import Equation, header
from nofb.explain.subjects import Subject, as_class, subjects, written_in
from nofb.kernels.dense import weight_update
from nofb.rules import Rule
from nofb.trace import Trace
from nofb.transfer import Transferred

MARKS = re.compile(r"\beqs?\. (\d+(?:(?:, | and )(?:eq\. )?\d+)*)")
LABEL = re.compile(rf"^{MARKS.pattern}: |: {MARKS.pattern}$")
SHAPE = re.compile(r"\(.*,.*\)")
FOR_TOOLS = re.compile(r"\s*#\s*(noqa|type:|fmt:).*")
COMPILES = re.compile(r"\s*@(\w+\.)*(kernel|n?jit)\b")
SHARED = {  # the functions with the equations that all of them share
    Rule: (Trace.set_target, weight_update),
    Transferred: (Transferred.__init__,),
}


@dataclass(frozen=True)
class Line:
    """A line of source, and the content of the comment at its end."""

    number: int  # in its file
    code: str  # without that comment
    equations: tuple[
        Equation, ...
    ] = ()  # without a number: of another rule whose code runs here too
    note: str = ""  # the rest of the comment: "δ_l B_l"
    shape: str = ""  # of its result: "(N, n_{l-1})"


@dataclass(frozen=True)
class Function:
    """A function that a rule runs, as it is written."""

    name: str  # "FeedbackAlignment.signals"
    file: str  # "nofb/rules/feedback_alignment.py"
    says: str  # the first line of its docstring
    kernel: bool  # whether it is compiled
    lines: tuple[Line, ...]  # without the docstring
    statements: dict[int, tuple[Line, ...]] = field(hash=False)  # whole statements, by line number
    ran: bool = True  # if not, it would with other attributes

    @property
    def marked(self) -> bool:
        """Whether it has a line that implements an equation."""
        return any(line.equations for line in self.lines)

    @property
    def is_students(self) -> bool:
        """Whether it is in a file outside nofb."""
        return not self.file.startswith("nofb/")


class Reader:
    """Reads functions, and finds the equations of a rule or a method in their comments."""

    def __init__(self, subject: str | Subject | Rule | Transferred) -> None:
        self.kind = as_class(subject)
        self.header = header(subject)
        self.file = file_of(self.kind.__module__)

    def function(self, code: CodeType, module: str) -> Function:
        """Return a function from its code, or raise an error if it has no source file."""
        try:
            source, first = inspect.getsourcelines(code)
        except OSError:
            raise OSError(
                f"the source of {code.co_qualname} is in no file: define it in one, or in a "
                "notebook"
            ) from None
        text, kernel = textwrap.dedent("".join(source)), any(map(COMPILES.match, source))
        tree = cast(ast.FunctionDef, ast.parse(text).body[0])
        doc = ast.get_docstring(tree) or ""
        spans = [range(first + a - 1, first + b) for a, b in _spans(tree, kernel)]
        inside = spans[0] if doc else range(0)
        written = [each for each in _written(text, first) if each[0] not in inside]
        lines = tuple(self.line(*each, module) for each in written)
        statements = {number: tuple(line for line in lines if line.number in span)
                      for span in spans for number in span}  # fmt: skip
        says, file = doc.split("\n")[0], file_of(module)
        name = code.co_qualname.replace(".<locals>", "")
        return Function(name, file, says, kernel, lines, statements)

    def line(self, number: int, code: str, comment: str, module: str) -> Line:
        """Return a line, with the meaning of the comment at its end."""
        equations: list[Equation] = []
        shape, notes = "", []
        for part in filter(None, re.split(" {2,}", comment)):
            if SHAPE.fullmatch(part):
                shape = part
                continue
            named = self._named(part, module)
            found = [each for text in named or [part] for each in self._equation(text)]
            equations += found
            if not found or (named and MARKS.sub("", part).strip(" ,")):
                notes.append(LABEL.sub("", part))
        return Line(number, code, tuple(equations), "  ".join(notes), shape)

    def shared(self) -> tuple[Function, ...]:
        """Return the lines of nofb with the equations that all rules share, or all methods."""
        base = next(each for each in SHARED if issubclass(self.kind, each))
        functions = (getattr(each, "py_func", each) for each in SHARED[base])
        read = (self.function(each.__code__, each.__module__) for each in functions)
        return tuple(
            replace(each, lines=lines)
            for each in read
            if (lines := tuple(x for x in each.lines if any(e.number for e in x.equations)))
        )

    def _named(self, part: str, module: str) -> list[str]:
        """Return the equations whose numbers are in a part of a comment."""
        kind = written_in(module, self.kind)
        there = header(kind).numbered if kind else {}
        numbers = map(int, re.findall(r"\d+", " ".join(MARKS.findall(part))))
        return [there[number].text for number in numbers if number in there]

    def _equation(self, text: str) -> list[Equation]:
        """Return the equation with this text: of the rule's own header, or else of any other."""
        own = [each for each in self.header.numbered.values() if same(each.text, text)]
        return own[:1] or [Equation(None, text)] * (frozenset(_sides(text)) in _known())


def file_of(module: str) -> str:
    """Return the path of a module's file in the project, or the file's or the module's name."""
    if module.startswith("nofb."):
        return f"{module.replace('.', '/')}.py"
    return Path(getattr(sys.modules.get(module), "__file__", None) or module).name


def _written(source: str, first: int) -> Iterator[tuple[int, str, str]]:
    """Yield each line's number, its code, and the comment at its end."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = {t.start[0]: t.start[1] for t in tokens if t.type == tokenize.COMMENT}
    for offset, line in enumerate(source.splitlines()):
        column = comments.get(offset + 1, len(line))
        code, comment = line[:column].rstrip(), FOR_TOOLS.sub("", line[column:]).lstrip("# ")
        if code:
            yield first + offset, code, comment
        elif comment:  # a comment alone is a line
            yield first + offset, f"{line[:column]}# {comment}", ""


def _spans(tree: ast.FunctionDef, kernel: bool) -> Iterator[tuple[int, int]]:
    """Yield the first and the last line of every statement, without its body."""
    inner = (each for each in ast.walk(tree) if isinstance(each, ast.stmt) and each is not tree)
    for statement in tree.body if kernel else inner:
        body = None if kernel else getattr(statement, "body", None)
        last = body[0].lineno - 1 if body else statement.end_lineno or 0
        yield statement.lineno, max(statement.lineno, last)


@cache
def _known() -> set[frozenset[str]]:
    """Return the sides of all equations in the headers of nofb."""
    return {frozenset(_sides(each.text)) for kind in subjects() for each in header(kind).equations}


def same(text: str, other: str) -> bool:
    """Return whether two equations are the same, also if they are written for different layers.

    Examples
    --------
    >>> same("ΔW_L = h_{L-1}ᵀ δ_L / N", "ΔW_l = h_{l-1}ᵀ δ_l / N")
    True
    >>> same("δ_{l-1} = s_{l-1} ∘ f'(a_{l-1})", "δ_l = s_l ∘ f'(a_l)")
    True
    >>> same("ΔW_l = h̃_{l-1}ᵀ δ_l / N", "ΔW_l = h_{l-1}ᵀ δ_l / N")  # of another pass
    True
    >>> same("e = ŷ - y", "δ_L = e = ŷ - y"), same("δ_l = ŷ - y", "δ_l = δ_l B_l")
    (True, False)
    """
    one, two = _sides(text), _sides(other)
    return one <= two or two <= one


def _sides(text: str) -> set[str]:
    """Return the sides of an equation, with l for every layer, and the same for both passes."""
    text = text.replace("h̃", "h").replace("ĥ", "h")
    text = re.sub(r"_(\{?)L", r"_\1l", text)
    if "_l" not in text:
        text = text.replace("_{l-1}", "_l")
    return set(text.split(" = "))
