"""Tables: plain text for the terminal, whose columns line up, and Markdown."""

from collections.abc import Sequence


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
