"""A rule explained in plain text, for a hundred columns: code left, its equations right."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, zip_longest
from textwrap import wrap

import numpy as np

from nofb.explain.headers import Equation, Header, Paragraph
from nofb.explain.reader import Line
from nofb.explain.values import Block, Value
from nofb.types import Array

WIDTH = 100
LEFT = 54  # of the code; a longer line has its equation on the next line
RIGHT = WIDTH - LEFT
ROWS = 6  # of a larger array only the first ones are shown
DIGITS = 4


def page(header: Header, words: Iterable[Paragraph], blocks: Iterable[Block]) -> str:
    """Return an explanation as text: a header, with these of its paragraphs, and the blocks."""
    shown = chain.from_iterable(map(block_lines, blocks))
    return "\n".join([*header_lines(header, words), *shown])


def header_lines(header: Header, paragraphs: Iterable[Paragraph]) -> Iterator[str]:
    """Yield a header as lines, with these of its paragraphs."""
    yield f"{header.title} ({header.name})"
    yield from _wrapped(header.paper)
    yield ""
    yield from _wrapped(f"{header.question[:1].upper()}{header.question[1:]}")
    yield from _wrapped(header.summary)
    yield from _equations(header.equations)
    for paragraph in paragraphs:
        lead = f"{paragraph.label}: " if paragraph.label else ""
        yield from ["", *_wrapped(lead + paragraph.text, hang="    ")]


def block_lines(block: Block) -> Iterator[str]:
    """Yield a function, or arrays, as lines."""
    if block.title:
        yield from ["", "", block.title, "=" * len(block.title)]
    if block.heading:
        yield from ["", _indented(f"# {block.heading}", block.depth)]
    hang = "# " if block.heading else ""  # of a function; of a network it is a sentence
    yield from _wrapped(block.says and f"{hang}{block.says}", hang)
    for line, values in block.rows:
        beside = list(chain.from_iterable(map(value_lines, values)))
        if line:
            yield from _beside(_indented(line.code, block.depth), [*_comment(line), *beside])
        else:
            yield from beside


def value_lines(value: Value) -> list[str]:
    """Return a value as lines: its name, and its numbers below each other.

    Examples
    --------
    >>> print("\\n".join(value_lines(Value("W_1", np.array([[0.5, -0.25], [1, 0]])))))
    W_1  (2, 2)
       0.5000  -0.2500
       1.0000   0.0000
    >>> value_lines(Value("rate", 1 / 3))
    ['rate = 0.3333']
    """
    name, content = value.name, value.content
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
    """Return a factor for numbers that are too small for four decimals, and its text."""
    largest = float(np.abs(array[np.isfinite(array)]).max(initial=0))
    if largest == 0 or 0.01 <= largest < 1000:
        return 1.0, ""
    exponent = int(np.floor(np.log10(largest)))
    return 10.0**exponent, f" in 1e{exponent}"


def _indented(text: str, depth: int) -> str:
    """Indent a line for each function that called it, as far as the width allows."""
    return " " * min(2 * depth, max(0, WIDTH - len(text))) + text


def _comment(line: Line) -> list[str]:
    """Return the text beside a line: its equations, the rest of its comment, and a shape."""
    parts = [
        *(f"{number(each)} {each.text}".strip() for each in line.equations),
        line.note,
        line.shape,
    ]
    text = "  ".join(filter(None, parts))
    if _width(text) <= RIGHT:
        return [text] if text else []
    return [each for part in parts for each in wrap(part, RIGHT, subsequent_indent="    ")]


def number(equation: Equation) -> str:
    """Return the number of an equation as text; "" for none."""
    return "" if equation.number is None else f"({equation.number})"


def _equations(equations: Iterable[Equation]) -> Iterator[str]:
    """Yield equations with their numbers, under the headings of their phases."""
    phase = None
    for equation in equations:
        if equation.phase != phase:
            phase = equation.phase
            yield from ["", *_wrapped(f"{phase}:" if phase else "")]
        text = f"{number(equation):>6}  {equation.text}"
        yield from _beside(
            text, wrap("; ".join(filter(None, [equation.where, equation.remark])), RIGHT)
        )


def _beside(left: str, right: Sequence[str]) -> Iterator[str]:
    """Yield the left side with the right one beside it, or below it if it is long."""
    if right and _width(left) > LEFT - 2:
        yield left
        left = ""
    for one, other in zip_longest([left], right, fillvalue=""):
        if one or other:
            yield f"{one}{' ' * (LEFT - _width(one))}{other}".rstrip()


def _width(text: str) -> int:
    """Return how many columns a text needs: an accent is above its letter."""
    return sum(not unicodedata.combining(sign) for sign in text)


def _wrapped(text: str, hang: str = "") -> list[str]:
    return wrap(text, WIDTH, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False)
