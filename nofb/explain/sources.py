"""The source of a rule or a method, each line beside the equation that it implements.

First comes its own file, then the code that it runs from other files, such as the loop of a family.
An equation that all rules share is shown in the file that has it.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from types import CodeType, ModuleType

from nofb.explain.headers import Equation, Header
from nofb.explain.reader import Function, Line, Reader, file_of
from nofb.explain.settings import run_codes
from nofb.explain.subjects import Subject, modules_of, word_for
from nofb.explain.values import Block, of_function
from nofb.fingerprint.names import reads
from nofb.rules import Rule
from nofb.transfer import METHODS, Transferred


@dataclass(frozen=True)
class Source:
    """The code of a rule or a method: its own file first, then others; in each, kernels first."""

    word: str  # what it is: "rule" or "method"
    file: str  # its own: "nofb/rules/feedback_alignment.py"
    header: Header
    functions: tuple[Function, ...]
    shared: tuple[Function, ...]  # the lines with equations that all of them share

    @property
    def files(self) -> list[str]:
        """The files to open, its own first."""
        return list(dict.fromkeys([self.file, *(each.file for each in self.functions)]))

    @property
    def has_more(self) -> bool:
        """Whether there is code of other files around that of its own."""
        return bool(self.shared) or any(each.file != self.file for each in self.functions)

    def lines_of(self, equation: Equation) -> list[tuple[Function, Line]]:
        """Return the lines that implement an equation, each with its function."""
        lines = [(each, line) for each in (*self.functions, *self.shared) for line in each.lines]
        return [(function, line) for function, line in lines if equation in line.equations]

    def own_blocks(self) -> Iterator[Block]:
        """Yield the blocks of its own file; of several files, if it has no code of its own."""
        own = tuple(each for each in self.functions if each.file == self.file)
        yield from replace(self, functions=own or self.functions).blocks()

    def blocks(self) -> Iterator[Block]:
        """Yield the blocks to show, in order."""
        for file, functions in groupby(self.functions, lambda each: each.file):
            own = f"The {self.word}" + f", {file}" * (file != "__main__")  # or typed in a notebook
            yield Block(title=own if file == self.file else f"What it runs of {file}")
            for each in functions:
                unused = each.marked and not each.ran and self.word == "rule"
                idle = " (with other attributes)" if unused else ""
                yield of_function(each, f"{each.name}{idle}")


def source(subject: str | Subject | Rule | Transferred) -> Source:
    """Return the source of a rule or a method, as `nofb.explain` prints it.

    Each line is beside its equations. The source is its own file, and the code of other files that
    runs in one update of a small network.

    Examples
    --------
    >>> fa = source("fa")
    >>> function, line = fa.lines_of(fa.header.numbered[2])[0]
    >>> function.name, line.code.strip(), function.file
    ('send_back', 'return delta @ B', 'nofb/rules/feedback_alignment.py')
    """
    reader, ran = Reader(subject), run_codes(subject)
    kind, modules = reader.kind, modules_of(reader.kind)
    read = [
        replace(reader.function(code, module), ran=code in ran)
        for code, module in (dict.fromkeys(_codes(kind), modules[0]) | ran).items()
    ]
    names, whole = {each.name for each in read}, issubclass(kind, Rule)
    shown = [each for each in read if each.name.rpartition(".")[0] not in names  # or part of these
             and (each.ran or each.marked or (whole and "." in each.name))]  # fmt: skip
    order = [file_of(module) for module in modules]
    shown.sort(key=lambda each: (order.index(each.file), not each.kernel, not each.marked))
    return Source(word_for(kind), reader.file, reader.header, tuple(shown), reader.shared())


def _codes(kind: Subject) -> Iterator[CodeType]:
    """Yield the code in a file that belongs to a rule or a method: what it names, and its own."""
    module, makes = sys.modules[kind.__module__], issubclass(kind, Transferred)
    methods = [
        code for each in (*kind.__mro__, *_parts(kind)) for code in _written(each, module, makes)
    ]
    yield from _named_by(methods, [*_written(module, module)])
    yield from methods


def _written(
    place: type | ModuleType, module: ModuleType, makes: bool = False
) -> Iterator[CodeType]:
    """Yield the code of the functions of a class or a module that are written in a module."""
    for name, value in vars(place).items():
        function = getattr(value, "py_func", value)
        if not inspect.isfunction(function) or function.__module__ != module.__name__:
            continue
        code = function.__code__
        by_hand = code.co_filename != "<string>"  # not generated, as by a dataclass
        if not name.startswith("__") or (makes and name == "__init__" and by_hand):
            yield code


def _named_by(codes: list[CodeType], functions: list[CodeType]) -> list[CodeType]:
    """Return the functions that some code names, and those that these name."""
    known, ahead = {each.co_name: each for each in functions}, [*codes]
    named: set[str] = set()
    while ahead:
        found = {each.name for each in reads(ahead.pop())} & known.keys() - named
        named |= found
        ahead += [known[name] for name in found]
    return [each for each in functions if each.co_name in named]


def _parts(kind: Subject) -> Iterator[type]:
    """Yield the other classes in a file: variants that are no rule of their own, or all parts."""
    for each in filter(inspect.isclass, vars(sys.modules[kind.__module__]).values()):
        if issubclass(kind, Rule):
            if issubclass(each, kind) and not each.listed:
                yield each
        elif each not in METHODS.values():
            yield each
