"""Values as words, and tables: plain text whose columns line up, and Markdown."""

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

FORMULA = ("=", "+", "-", "@")  # what begins so, a spreadsheet computes


def unprintable(text: str) -> list[str]:
    """Return the signs that a terminal would obey or that no file can hold; spaces are none.

    Examples
    --------
    >>> unprintable("a\\x1b[2J\\ud800 b\\n")
    ['\\x1b', '\\ud800', '\\n']
    """
    return [sign for sign in text if not (sign.isprintable() or unicodedata.category(sign) == "Zs")]


def printable(text: str) -> str:
    """Return somebody else's text as one line, with `unprintable` signs written out.

    Examples
    --------
    >>> printable("red: \\x1b[31m")
    'red: \\\\x1b[31m'
    """
    odd = {ord(sign): sign.encode("unicode_escape").decode() for sign in unprintable(text)}
    return text.translate(odd)


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Return rows of words as lines, the first one underlined.

    Examples
    --------
    >>> print(columns([["rule", "angle"], ["fa", "45"]]))
    rule  angle
    ----  -----
    fa    45
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    heading, *body = rows
    lines = [heading, ["-" * width for width in widths], *body]
    return "\n".join(
        "  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def word(value: Any) -> str:
    """Return a value as tables and figures show it.

    Examples
    --------
    >>> word(0.001), word(1 / 3), word((128, 64)), word(True), word(None)
    ('0.001', '0.3333333333333333', '128 64', 'true', 'none')
    """
    if isinstance(value, list | tuple):
        return " ".join(map(word, value)) or "none"
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and float(short := f"{value:g}") == value:
        return short
    return printable(str(value))


def percent(share: float) -> str:
    """Return a share in per cent: whole ones, or the first digit of less than one.

    Examples
    --------
    >>> percent(1.234), percent(0.0007)
    ('123 %', '0.07 %')
    """
    return f"{100 * share:.0f} %" if share >= 0.01 else f"{100 * share:.1g} %"


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Return rows of words as a table in Markdown, the first one its heading.

    Examples
    --------
    >>> print(markdown([["rule", "angle"], ["fa", "45"], ["a|b", "90"]]))
    | rule | angle |
    |---|---|
    | fa | 45 |
    | a\\|b | 90 |
    """
    cells = [[printable(cell).replace("|", r"\|") for cell in row] for row in rows]
    heading, *body = (f"| {' | '.join(row)} |" for row in cells)
    return "\n".join([heading, "|" + "---|" * len(rows[0]), *body])


def csv_lines(rows: Iterable[Sequence[object]]) -> str:
    """Return rows as CSV, a line each; what a spreadsheet would compute begins with an apostrophe.

    Numbers stay what they are, several in a cell too.

    Examples
    --------
    >>> print(csv_lines([["rule", "angle"], ["=HYPERLINK(1)", -0.5], ["fa", "-0.5 nan"]]), end="")
    rule,angle
    '=HYPERLINK(1),-0.5
    fa,-0.5 nan
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([[_cell(value) for value in row] for row in rows])
    return text.getvalue()


def _cell(value: object) -> object:
    """Return a value as a cell that no spreadsheet obeys."""
    if not isinstance(value, str):
        return value
    value = printable(value)
    numbers = value.strip() and all(map(_is_number, value.split()))
    return f"'{value}" if value.startswith(FORMULA) and not numbers else value


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
