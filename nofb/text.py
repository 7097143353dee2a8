"""Values as words, and tables: plain text whose columns line up, and Markdown."""

from collections.abc import Sequence
from typing import Any


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
    return str(value)


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
    >>> print(markdown([["rule", "angle"], ["fa", "45"]]))
    | rule | angle |
    |---|---|
    | fa | 45 |
    """
    heading, *body = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([heading, "|" + "---|" * len(rows[0]), *body])
