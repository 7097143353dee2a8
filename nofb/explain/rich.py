"""A rule explained in HTML, for a notebook: equations as mathematics, and code beside them.

Colours are those of the notebook, with transparency, so it is readable in a light and in a dark
theme. MathJax, which every notebook has, renders the text between dollar signs, but not in code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import escape
from importlib import resources
from itertools import chain, groupby

from nofb.explain.headers import Equation, Header, Paragraph
from nofb.explain.plain import number, value_lines
from nofb.explain.reader import Line
from nofb.explain.values import Block, Value
from nofb.latex import latex

INDEXED = re.compile(
    r"(?<![A-Za-z_])([^\W\d_][\u0300-\u036f]*)_(?:\{([^{}]*)\}|([A-Za-z0-9])(?![A-Za-z0-9]))"
)


def page(header: Header, words: Iterable[Paragraph], blocks: Iterable[Block]) -> str:
    """Return an explanation as HTML: a header, with these of its paragraphs, and the blocks."""
    style = resources.files(__package__).joinpath("rich.css").read_text("utf-8")
    parts = [*_header(header, words), *chain.from_iterable(map(_block, blocks))]
    return f'<div class="nofb-explain"><style>{style}</style>\n' + "\n".join(parts) + "\n</div>"


def prose(text: str) -> str:
    """Return text as HTML: code between backticks, and mathematics with subscripts.

    Examples
    --------
    >>> prose("`wm_released` learns W_lᵀ < h_{l-1}")
    '<code>wm_released</code> learns W<sub>l</sub>ᵀ &lt; h<sub>l-1</sub>'
    """
    words = escape(text, quote=False).split("`")
    words[::2] = [INDEXED.sub(r"\1<sub>\2\3</sub>", each) for each in words[::2]]
    words[1::2] = [f"<code>{each}</code>" for each in words[1::2]]
    return "".join(words)


def _header(header: Header, paragraphs: Iterable[Paragraph]) -> Iterator[str]:
    yield f"<h3>{escape(header.title)} <code>{escape(header.name)}</code></h3>"
    question = f"{header.question[:1].upper()}{header.question[1:]}"
    yield f"<p><strong>{prose(question)}</strong> {prose(header.summary)}</p>"
    yield f"<p><small>{prose(header.paper)}</small></p>"
    for phase, equations in groupby(header.equations, lambda equation: equation.phase):
        yield f"<p>{prose(phase)}:</p>" if phase else ""
        yield f"<table>{''.join(map(_equation, equations))}</table>"
    for paragraph in paragraphs:
        label = f"<strong>{prose(paragraph.label)}.</strong> " if paragraph.label else ""
        yield f"<p>{label}{prose(paragraph.text)}</p>"


def _equation(equation: Equation) -> str:
    beside = "; ".join(filter(None, [equation.where, equation.remark]))
    cells = f"<td>{number(equation)}</td><td>$\\displaystyle {latex(equation.text)}$</td>"
    return f"<tr>{cells}<td>{prose(beside)}</td></tr>"


def _block(block: Block) -> Iterator[str]:
    """Yield a function as a table, or arrays side by side."""
    yield f"<h4>{escape(block.title)}</h4>" if block.title else ""
    yield f'<div style="margin-left: {2 * block.depth}em">'
    yield f"<h5>{escape(block.heading)}</h5>" if block.heading else ""
    yield f"<p>{prose(block.says)}</p>" if block.says else ""
    lines = (
        (line, f"{_marks(line)}<div>{_values(values)}</div>") for line, values in block.rows if line
    )
    rows = "".join(_row(*each) for each in lines)
    arrays = "".join(_values(values) for line, values in block.rows if not line)
    yield f'<table class="code">{rows}</table>' if rows else f'<div class="values">{arrays}</div>'
    yield "</div>"


def _row(line: Line, beside: str) -> str:
    code = f"<pre>{escape(line.code, quote=False)}</pre>"
    return f"<tr><td>{line.number}</td><td>{code}</td><td>{beside}</td></tr>"


def _marks(line: Line) -> str:
    """Return the text beside a line: its equations, the rest of its comment, and a shape."""
    equations = [f'<span class="mark">{number(each)} ${latex(each.text)}$</span>'
                 for each in line.equations]  # fmt: skip
    shape = f"<small>{prose(line.shape)}</small>" if line.shape else ""
    return " &ensp; ".join(filter(None, [*equations, prose(line.note), shape]))


def _values(values: Iterable[Value]) -> str:
    return "".join(f"<pre>{escape(chr(10).join(value_lines(each)))}</pre>" for each in values)
