"""The source of a rule, line by line, each beside the equation it implements.

A rule is its own file. What it runs of another one, such as the loop of a family, comes after it.
An equation that all rules share is shown in the file that has it.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from types import CodeType

from nofb.explain.headers import Equation, Header
from nofb.explain.reader import Function, Line, Reader, file_of
from nofb.explain.running import run_codes
from nofb.explain.values import Block, of_function
from nofb.rule import modules_of
from nofb.rules import RULES, Rule


@dataclass(frozen=True)
class Source:
    """What a rule runs: its own file's functions, then those of others; of each, kernels first."""

    file: str  # the rule's: "nofb/rules/feedback_alignment.py"
    header: Header
    functions: tuple[Function, ...]
    shared: tuple[Function, ...]  # the lines of nofb with equations that all rules share

    @property
    def files(self) -> list[str]:
        """The files to open for this rule, its own first."""
        return list(dict.fromkeys([self.file, *(each.file for each in self.functions)]))

    def lines_of(self, equation: Equation) -> list[tuple[Function, Line]]:
        """Return the lines that implement an equation, each with the function it stands in."""
        lines = [(each, line) for each in (*self.functions, *self.shared) for line in each.lines]
        return [(function, line) for function, line in lines if equation in line.equations]

    def blocks(self) -> Iterator[Block]:
        """Give what is shown of it, in order."""
        for file, functions in groupby(self.functions, lambda each: each.file):
            own = "The rule" if file == "__main__" else f"The rule, {file}"  # typed in a notebook
            yield Block(title=own if file == self.file else f"What it runs of {file}")
            for each in functions:
                idle = " (with other attributes)" if each.marked and not each.ran else ""
                yield of_function(each, f"{each.name}{idle}")


def source(rule: str | type[Rule] | Rule) -> Source:
    """Return the source of a rule, its lines beside their equations, as `nofb.explain` prints it.

    It is its own file, and what runs of others when a small network takes one update with it.

    Examples
    --------
    >>> fa = source("fa")
    >>> function, line = fa.lines_of(fa.header.numbered[2])[0]
    >>> function.name, line.code.strip(), function.file
    ('send_back', 'return delta @ B', 'nofb/rules/feedback_alignment.py')
    """
    reader, ran = Reader(rule), run_codes(rule)
    modules = modules_of(reader.rule)
    read = [
        replace(reader.function(code, module), ran=code in ran)
        for code, module in (dict.fromkeys(_codes(reader.rule), modules[0]) | ran).items()
    ]
    shown = [each for each in read if each.ran or each.marked or "." in each.name]
    order = [file_of(module) for module in modules]
    shown.sort(key=lambda each: (order.index(each.file), not each.kernel, not each.marked))
    return Source(reader.file, reader.header, tuple(shown), reader.shared())


def _codes(kind: type[Rule]) -> Iterator[CodeType]:
    """Give the code of all functions in a rule's file, but for those of other rules in it."""
    module = sys.modules[kind.__module__]
    variants = (each for each in vars(module).values() if inspect.isclass(each)
                and issubclass(each, kind) and each not in RULES.values())  # fmt: skip
    for place in (module, *kind.__mro__, *variants):
        for name, value in vars(place).items():
            function = getattr(value, "py_func", value)
            written = inspect.isfunction(function) and not name.startswith("__")
            if written and function.__module__ == kind.__module__:
                yield function.__code__
