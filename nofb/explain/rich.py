"""A rule explained in HTML, for a notebook: equations as mathematics, code with its own beside it.

Colours are the notebook's, thinned: so it is readable by day and by night. MathJax, which every
notebook has, finds what stands between dollars, and leaves code alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import escape
from importlib import resources
from itertools import groupby

from nofb.explain.headers import Equation, Header, Paragraph
from nofb.explain.mathematics import latex
from nofb.explain.plain import heading, rule_title, setting, value_lines
from nofb.explain.reach import Value
from nofb.explain.reader import Function, Line, Mark
from nofb.explain.sources import Source
from nofb.explain.walk import Moment, Walk

INDEXED = re.compile(
    r"(?<![A-Za-z_])([^\W\d_][\u0300-\u036f]*)_(?:\{([^{}]*)\}|([A-Za-z0-9])(?![A-Za-z0-9]))"
)


def page(header: Header, body: Source | Walk) -> str:
    """Return an explanation as HTML."""
    style = resources.files(__package__).joinpath("rich.css").read_text("utf-8")
    shown = _source(body) if isinstance(body, Source) else _walk(body)
    words = header.paragraphs if isinstance(body, Source) else ()
    parts = [*_header(header, words), *shown]
    return f'<div class="nofb-explain"><style>{style}</style>\n' + "\n".join(parts) + "\n</div>"


def prose(text: str) -> str:
    """Return words as HTML: code between backticks, and mathematics with its indices below.

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
    number = "" if equation.number is None else f"({equation.number})"
    beside = "; ".join(filter(None, [equation.where, equation.remark]))
    cells = f"<td>{number}</td><td>$\\displaystyle {latex(equation.text)}$</td>"
    return f"<tr>{cells}<td>{prose(beside)}</td></tr>"


def _source(source: Source) -> Iterator[str]:
    """Give the functions of a rule, and folded away those that all rules share."""
    own = [each for each in source.functions if each.own]
    shared = [each for each in source.functions if not each.own]
    yield f"<h4>{escape(rule_title(source.file))}</h4>"
    yield from (_function(each, source.file) for each in own)
    yield "<details><summary>What it shares with other rules</summary>"
    yield from (_function(each, source.file) for each in shared)
    yield "</details>"


def _function(function: Function, file: str) -> str:
    rows = "".join(_row(line, _marks(line)) for line in function.lines)
    says = f"<p>{prose(function.says)}</p>" if function.says else ""
    return f'{_name(function, file)}{says}<table class="code">{rows}</table>'


def _name(function: Function, file: str) -> str:
    return f"<h5>{escape(heading(function, file).lstrip('# '))}</h5>"


def _walk(walk: Walk) -> Iterator[str]:
    """Give the lines of one update, in the order in which they ran."""
    yield f"<h4>Before the step</h4><p>{setting(walk)}</p>"
    yield f'<div class="values">{_values(walk.start)}</div>'
    yield "<h4>The step, line by line</h4>"
    for _, moments in groupby(walk.moments, lambda moment: (moment.function.name, moment.depth)):
        each = list(moments)
        rows = "".join(row for moment in each for row in _moment(moment))
        name = _name(each[0].function, walk.reader.file)
        margin = f"margin-left: {2 * each[0].depth}em"
        yield f'<div style="{margin}">{name}<table class="code">{rows}</table></div>'


def _moment(moment: Moment) -> Iterator[str]:
    *above, last = moment.lines
    yield from (_row(line, _marks(line)) for line in above)
    yield _row(last, _marks(last) + _values(moment.values))


def _row(line: Line, beside: str) -> str:
    code = f"<pre>{escape(line.code, quote=False)}</pre>"
    return f"<tr><td>{line.number}</td><td>{code}</td><td>{beside}</td></tr>"


def _marks(line: Line) -> str:
    """Return what stands beside a line: its equations, the rest of its comment, and a shape."""
    shape = f"<small>{prose(line.shape)}</small>" if line.shape else ""
    parts = [*map(_mark, line.marks), prose(line.note), shape]
    return " &ensp; ".join(filter(None, parts))


def _mark(mark: Mark) -> str:
    of = f" of {escape(mark.of.lower())}" if mark.of else ""
    text = f"({mark.equation.number}{of}) ${latex(mark.equation.text)}$"
    return f'<span class="mark">{text}</span>'


def _values(values: Iterable[Value]) -> str:
    return "".join(f"<pre>{escape(chr(10).join(value_lines(each)))}</pre>" for each in values)
