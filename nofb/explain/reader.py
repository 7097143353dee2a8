"""Reads a function: its lines, and the equations that the comments at their ends speak of.

"eq. 2" is the equation with that number in the header of the line's file; one that is written out
speaks for itself.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from types import CodeType

from nofb.explain.calls import BASE
from nofb.explain.code import Written, file_of, listing
from nofb.explain.headers import Equation, Header, as_class, header, parse
from nofb.rules import Rule

MARKS = re.compile(r"\beqs?\. (\d+(?:(?:, | and )(?:eq\. )?\d+)*)")
SHAPE = re.compile(r"\(.*,.*\)")


@dataclass(frozen=True)
class Mark:
    """An equation that a line implements.

    Attributes
    ----------
    equation
        The equation.
    of
        Whose header it stands in, if it is another rule's: "Weight mirror"; "" for the rule's own.
    """

    equation: Equation
    of: str = ""


@dataclass(frozen=True)
class Line:
    """A line of source, and what stands beside it.

    Attributes
    ----------
    number
        In its file.
    code
        The line, without the comment at its end.
    marks
        The equations it implements.
    note
        What else the comment says: "δ_l B_l".
    shape
        Of the array that it makes: "(N, n_{l-1})"; "" if none is said.
    """

    number: int
    code: str
    marks: tuple[Mark, ...] = ()
    note: str = ""
    shape: str = ""


@dataclass(frozen=True)
class Function:
    """A function that a rule runs.

    Attributes
    ----------
    name
        "FeedbackAlignment.signals".
    file
        "nofb/rules/feedback_alignment.py".
    says
        The first line of its docstring.
    lines
        Without the docstring.
    own
        Whether it stands in the file of a rule, and not in what all rules share.
    ran
        Whether it ran; else it would with other attributes, and is shown for an equation's sake.
    """

    name: str
    file: str
    says: str
    lines: tuple[Line, ...]
    own: bool
    ran: bool = True

    @property
    def marked(self) -> bool:
        """Whether it has a line that implements an equation."""
        return any(line.marks for line in self.lines)


class Reader:
    """Reads functions, and finds the equations that their comments speak of.

    Parameters
    ----------
    rule
        Whose header's equations come first.
    """

    def __init__(self, rule: str | type[Rule] | Rule) -> None:
        self.rule = as_class(rule)
        self.header = header(rule)
        self.file = file_of(self.rule.__module__)
        self._headers: dict[str, Header] = {}

    def function(self, code: CodeType, module: str) -> Function:
        """Return a function from its code."""
        read = listing(code)
        lines = tuple(self.line(each, module) for each in read.lines)
        own = not module.startswith("nofb.") or (
            module.startswith("nofb.rules.") and module != BASE
        )
        return Function(code.co_qualname, file_of(module), read.says, lines, own)

    def line(self, written: Written, module: str) -> Line:
        """Return a line, with what the comment at its end stands for."""
        marks: list[Mark] = []
        shape, notes = "", []
        for part in filter(None, re.split(" {2,}", written.comment)):
            if SHAPE.fullmatch(part):
                shape = part
            elif found := list(self._marks(part, module)):
                marks += found
                notes += [part] if MARKS.sub("", part).strip(" ,") and MARKS.search(part) else []
            else:
                notes.append(part)
        return Line(written.number, written.code, tuple(marks), "  ".join(notes), shape)

    def _marks(self, part: str, module: str) -> Iterator[Mark]:
        """Give the equations that a part of a comment names, or writes out."""
        there = self._header_of(module)
        for numbers in MARKS.findall(part):
            for number in map(int, re.findall(r"\d+", numbers)):
                if number in there.numbered:
                    yield self._as_own(there.numbered[number], there)
        yield from self._written_out(part)

    def _as_own(self, equation: Equation, there: Header) -> Mark:
        """Return the rule's own equation if it has the same, or else the other rule's."""
        for own in self.header.numbered.values():
            if same(own.text, equation.text):
                return Mark(own)
        return Mark(equation, there.subject)

    def _written_out(self, text: str) -> Iterator[Mark]:
        """Give the equation that reads so: the rule's, or that of a rule it is built on."""
        kinds = [kind for kind in self.rule.__mro__ if issubclass(kind, Rule)]
        found = (
            self._as_own(equation, read)
            for read in dict.fromkeys(map(header, kinds))
            for equation in read.numbered.values()
            if same(equation.text, text)
        )
        yield from islice(found, 1)

    def _header_of(self, module: str) -> Header:
        """Return the header that counts in a module: its own, or else that of the rule."""
        if module not in self._headers:
            kinds = [kind for kind in self.rule.__mro__ if kind.__module__ == module]
            text = getattr(sys.modules.get(module), "__doc__", None) or ""
            read = header(kinds[0]) if kinds else parse(text, self.rule)
            self._headers[module] = read if read.numbered else self.header
        return self._headers[module]


def same(text: str, other: str) -> bool:
    """Say whether two equations are one, be it written for a layer l or for the last one, L.

    Examples
    --------
    >>> same("ΔW_L = h_{L-1}ᵀ δ_L / N", "ΔW_l = h_{l-1}ᵀ δ_l / N")
    True
    """
    return re.sub(r"_(\{?)L", r"_\1l", text) == re.sub(r"_(\{?)L", r"_\1l", other)
