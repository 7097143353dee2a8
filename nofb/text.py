"""Values as text, and tables: plain text with aligned columns, and Markdown."""

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence
from textwrap import fill
from typing import Any

WIDTH = 80  # of a terminal
FORMULA = ("=", "+", "-", "@")  # a spreadsheet computes a cell that begins with one of these


def unprintable(text: str) -> list[str]:
    """Return the control characters of a text, and those that no file can hold; spaces are allowed.

    Examples
    --------
    >>> unprintable("a\\x1b[2J\\ud800 b\\n")
    ['\\x1b', '\\ud800', '\\n']
    """
    return [sign for sign in text if not (sign.isprintable() or unicodedata.category(sign) == "Zs")]


def printable(text: str) -> str:
    """Return foreign text as one line, with `unprintable` characters escaped.

    Examples
    --------
    >>> printable("red: \\x1b[31m")
    'red: \\\\x1b[31m'
    """
    odd = {ord(sign): sign.encode("unicode_escape").decode() for sign in unprintable(text)}
    return text.translate(odd)


def entry(name: str, *lines: str, indent: int = 13) -> str:
    """Return an entry of a list for a terminal of 80 columns: a name, and lines of text beside it.

    A name that is too long for its column has a line of its own.

    Examples
    --------
    >>> print(entry("fa", "feedback alignment", "uses the error"))
    fa           feedback alignment
                 uses the error
    """
    margin = " " * indent
    text = "\n".join(
        fill(line, WIDTH, initial_indent=margin, subsequent_indent=margin) for line in lines
    )
    return f"{name}\n{text}" if len(name) >= indent else name.ljust(indent) + text[indent:]


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Return rows of words as lines of text, the first one underlined.

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
    """Return a value as text for tables and figures.

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


def percent(fraction: float) -> str:
    """Return a fraction as a percentage: rounded, or with one digit if it is below 1 %.

    Examples
    --------
    >>> percent(1.234), percent(0.0007)
    ('123 %', '0.07 %')
    """
    return f"{100 * fraction:.0f} %" if fraction >= 0.01 else f"{100 * fraction:.1g} %"


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Return rows of words as a Markdown table; the first row is the heading.

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


def latex_table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows of words as a LaTeX table with the rules of booktabs; the first row is the head.

    Examples
    --------
    >>> print(latex_table([["rule", "accuracy"], ["dfa_blocks", "97.5 ± 0.3 %"]]))
    \\begin{tabular}{ll}
    \\toprule
    rule & accuracy \\\\
    \\midrule
    dfa\\_blocks & 97.5 $\\pm$ 0.3 \\% \\\\
    \\bottomrule
    \\end{tabular}
    """
    heading, *body = (f"{' & '.join(map(_latex, row))} \\\\" for row in rows)
    lines = [
        f"\\begin{{tabular}}{{{'l' * len(rows[0])}}}",
        "\\toprule",
        heading,
        "\\midrule",
        *body,
    ]
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}"])


def _latex(word: str) -> str:
    """Return text for LaTeX, with its special signs escaped."""
    special: dict[str, str | int | None] = {sign: f"\\{sign}" for sign in "&%$#_{}"}
    special |= {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
                "±": r"$\pm$", "°": r"$^\circ$", "–": "--", "−": "$-$", "…": r"\dots{}",
                "→": r"$\to$"}  # fmt: skip
    return printable(word).translate(str.maketrans(special))


def csv_lines(rows: Iterable[Sequence[object]]) -> str:
    """Return rows as CSV lines; an apostrophe protects cells that a spreadsheet would compute.

    Numbers stay unchanged, also several in one cell.

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
    """Return a value as a cell that no spreadsheet computes."""
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
