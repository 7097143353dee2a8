"""The source that a rule runs, line by line, each beside the equation it implements.

A small network takes an update, and Python says which functions ran: those of the rule's own file,
those it takes from another rule's, and what stands between them and a kernel. So what is shown is
what runs.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import CodeType

from nofb.explain.calls import Calls
from nofb.explain.headers import Equation, Header, as_class
from nofb.explain.reader import Function, Line, Reader, same
from nofb.explain.running import DEEP, example, plain_python, watching
from nofb.rules import RULES, Rule


@dataclass(frozen=True)
class Source:
    """What a rule runs.

    Attributes
    ----------
    file
        The rule's: "nofb/rules/feedback_alignment.py".
    header
        The rule's.
    functions
        In the order in which an update comes to them.
    """

    file: str
    header: Header
    functions: tuple[Function, ...]

    def lines_of(self, equation: Equation) -> list[tuple[Function, Line]]:
        """Return the lines that implement an equation, each with the function it stands in."""
        return [
            (function, line)
            for function in self.functions
            for line in function.lines
            if any(same(mark.equation.text, equation.text) for mark in line.marks)
        ]


def source(rule: str | type[Rule] | Rule) -> Source:
    """Return the source that a rule runs, with the equations that its lines implement.

    Parameters
    ----------
    rule
        A short name of `nofb.rules.RULES`, a class, or a rule, whose attributes then count.

    Returns
    -------
    Source
        What ran when a small network took one update with it.

    Examples
    --------
    >>> fa = source("fa")
    >>> [function.name for function in fa.functions if function.own]
    ['FeedbackAlignment.draw_feedback', 'FeedbackAlignment.signals']
    >>> [(function, line)] = fa.lines_of(fa.header.numbered[2])
    >>> line.code.strip(), function.file
    ('delta = trace.times_slope(below, signal)', 'nofb/rules/feedback_alignment.py')
    """
    reader, calls = Reader(rule), Calls(rule)
    with plain_python(rule), watching(calls):
        small = example(rule, DEEP)
        small.forward()
        small.update()
    functions = {code: reader.function(code, module) for code, module in calls.modules.items()}
    shown = [functions[code] for code in calls.shown(lambda code: functions[code].marked)]
    unused = set(_codes(as_class(rule))) - functions.keys()
    others = [
        replace(reader.function(code, calls.own), ran=False)
        for code in sorted(unused, key=lambda code: code.co_firstlineno)
    ]
    return Source(reader.file, reader.header, (*shown, *(each for each in others if each.marked)))


def _variants(kind: type[Rule]) -> Iterator[type[Rule]]:
    """Give the classes in a rule's file that are built on it, and are no rule with a name."""
    for value in vars(sys.modules[kind.__module__]).values():
        if inspect.isclass(value) and issubclass(value, kind) and value not in RULES.values():
            yield value


def _codes(kind: type[Rule]) -> Iterator[CodeType]:
    """Give the code of all functions in a rule's file, but for those of other rules in it."""
    module = sys.modules[kind.__module__]
    for place in (module, *kind.__mro__, *_variants(kind)):
        for name, value in vars(place).items():
            function = getattr(value, "py_func", value)
            written = inspect.isfunction(function) and not name.startswith("__")
            if written and function.__module__ == kind.__module__:
                yield function.__code__
