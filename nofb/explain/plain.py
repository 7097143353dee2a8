"""A rule explained in plain text, for a hundred columns: code left, its equations right."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from textwrap import wrap

import numpy as np

from nofb.explain.headers import Equation, Header, Paragraph
from nofb.explain.reach import Value
from nofb.explain.reader import Function, Line, Mark
from nofb.explain.running import RATE, SAMPLES
from nofb.explain.sources import Source
from nofb.explain.walk import Moment, Walk
from nofb.types import Array

WIDTH = 100
LEFT = 54  # of the code; what is longer has its equation on the next line
RIGHT = WIDTH - LEFT
ROWS = 6  # of a larger array the first ones are shown
DIGITS = 4


def page(header: Header, body: Source | Walk) -> str:
    """Return an explanation as text."""
    shown = source_lines(body) if isinstance(body, Source) else walk_lines(body)
    words = header.paragraphs if isinstance(body, Source) else ()
    return "\n".join([*header_lines(header, words), *shown])


def header_lines(header: Header, paragraphs: Iterable[Paragraph]) -> Iterator[str]:
    """Give a header as lines, with these of its paragraphs."""
    yield f"{header.title} ({header.name})"
    yield from _wrapped(header.paper)
    yield ""
    yield from _wrapped(f"{header.question[:1].upper()}{header.question[1:]}")
    yield from _wrapped(header.summary)
    yield from _equations(header.equations)
    for paragraph in paragraphs:
        lead = f"{paragraph.label}: " if paragraph.label else ""
        yield from ["", *_wrapped(lead + paragraph.text, hang="    ")]


def source_lines(source: Source) -> Iterator[str]:
    """Give the source of a rule as lines, each beside its equation."""
    yield from _title(rule_title(source.file))
    for function in source.functions:
        if function.own:
            yield from _function(function, source.file)
    yield from _title("What it shares with other rules")
    for function in source.functions:
        if not function.own:
            yield from _function(function, source.file)


def walk_lines(walk: Walk) -> Iterator[str]:
    """Give a walk through one update as lines, with the arrays beside them."""
    yield from [*_title("Before the step"), "", setting(walk), ""]
    for value in walk.start:
        yield from value_lines(value)
    yield from _title("The step, line by line")
    last: tuple[str, int] | None = None
    for moment in walk.moments:
        here = moment.function.name, moment.depth
        if here != last:
            yield from ["", _indented(heading(moment.function, walk.reader.file), moment.depth)]
        last = here
        yield from _moment(moment)


def rule_title(file: str) -> str:
    """Return what stands above the lines of a rule; one from a notebook is in no file."""
    return "The rule" if file == "__main__" else f"The rule, {file}"


def setting(walk: Walk) -> str:
    """Return what takes the step, in words."""
    return (
        f"A {'-'.join(map(str, walk.units))} network of tanh units, its loss the cross-entropy; "
        f"{SAMPLES} samples; SGD with η = {RATE}."
    )


def value_lines(value: Value) -> list[str]:
    """Return a value as lines: its names, and its numbers below each other.

    Examples
    --------
    >>> print("\\n".join(value_lines(Value(("W_1", "W"), np.array([[0.5, -0.25], [1, 0]])))))
    W_1 = W  (2, 2)
       0.5000  -0.2500
       1.0000   0.0000
    >>> value_lines(Value(("rate",), 1 / 3))
    ['rate = 0.3333']
    """
    name, content = " = ".join(value.names), value.content
    if isinstance(content, str):
        return [f"{name} = {content}"]
    if isinstance(content, float):
        return [f"{name} = {content:.{DIGITS}g}"]
    unit, text = _unit(content)
    shape = f"({', '.join(map(str, content.shape))}{',' * (content.ndim == 1)})"
    rows = content.reshape(-1, content.shape[-1]) if content.ndim else content.reshape(1, 1)
    lines = ["".join(f"{number / unit:9.{DIGITS}f}" for number in row) for row in rows[:ROWS]]
    left = len(rows) - len(lines)
    return [f"{name}  {shape}{text}", *lines, *([f"   and {left} more rows"] if left else [])]


def _unit(array: Array) -> tuple[float, str]:
    """Return what to divide by so that four decimals say something, and the words for it."""
    largest = float(
        np.abs(array, where=np.isfinite(array), out=np.zeros(array.shape)).max(initial=0)
    )
    if largest == 0 or 0.01 <= largest < 1000:
        return 1.0, ""
    exponent = int(np.floor(np.log10(largest)))
    return 10.0**exponent, f" in 1e{exponent}"


def heading(function: Function, file: str) -> str:
    """Return a function's name, and where it stands, if that is not in the rule's own file."""
    where = "" if function.file == file else f"  ({function.file})"
    return f"# {function.name}{where}{'' if function.ran else '  (with other attributes)'}"


def _moment(moment: Moment) -> Iterator[str]:
    for line in moment.lines:
        values = moment.values if line is moment.lines[-1] else ()
        beside = [*_comment(line), *(text for value in values for text in value_lines(value))]
        yield from _beside(_indented(line.code, moment.depth), beside)


def _indented(text: str, depth: int) -> str:
    """Move a line in for each function that waits for it, as far as there is room."""
    return " " * min(2 * depth, max(0, WIDTH - len(text))) + text


def _function(function: Function, file: str) -> Iterator[str]:
    yield from ["", "", heading(function, file)]
    yield from _wrapped(function.says and f"# {function.says}", hang="# ")
    for line in function.lines:
        yield from _beside(line.code, _comment(line))


def _comment(line: Line) -> list[str]:
    """Return what stands beside a line: its equations, the rest of its comment, and a shape."""
    parts = [*map(marked, line.marks), line.note, line.shape]
    text = "  ".join(filter(None, parts))
    if _width(text) <= RIGHT:
        return [text] if text else []
    return [each for part in parts for each in wrap(part, RIGHT, subsequent_indent="    ")]


def marked(mark: Mark) -> str:
    """Return an equation with its number, and whose it is, if it is another rule's."""
    number = f"{mark.equation.number} of {mark.of.lower()}" if mark.of else mark.equation.number
    return f"({number}) {mark.equation.text}"


def _equations(equations: Iterable[Equation]) -> Iterator[str]:
    """Give equations with their numbers, under the headings of their phases."""
    phase = None
    for equation in equations:
        if equation.phase != phase:
            phase = equation.phase
            yield from ["", *_wrapped(f"{phase}:" if phase else "")]
        number = "" if equation.number is None else f"({equation.number})"
        text = f"{number:>6}  {equation.text}"
        yield from _beside(
            text, wrap("; ".join(filter(None, [equation.where, equation.remark])), RIGHT)
        )


def _beside(left: str, right: Sequence[str]) -> Iterator[str]:
    """Give the left side with the right one beside it, or below it if it is long."""
    if right and _width(left) > LEFT - 2:
        yield left
        left = ""
    for one, other in zip_longest([left], right, fillvalue=""):
        if one or other:
            yield f"{one}{' ' * (LEFT - _width(one))}{other}".rstrip()


def _width(text: str) -> int:
    """Return how many columns a text takes: an accent stands above its letter."""
    return sum(not unicodedata.combining(sign) for sign in text)


def _wrapped(text: str, hang: str = "") -> list[str]:
    return wrap(text, WIDTH, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False)


def _title(text: str) -> list[str]:
    return ["", "", text, "=" * len(text)]
