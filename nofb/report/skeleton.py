"""The frame of a page: one HTML file without external resources, in a light and a dark theme.

Its figures are drawn once; their neutral colours are CSS variables, which follow the theme.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from html import escape
from importlib import resources
from string import Template

from nofb.report.origin import Origin


def whole(title: str, lead: str, body: str, about: Origin) -> str:
    """Return the page.

    Parameters
    ----------
    title, lead
        Its heading, and the outcome in short, both plain words.
    body
        HTML.
    about
        The origin of the runs.
    """
    return filled(
        "page.html",
        title=escape(title),
        style=_text("page.css"),
        themes=_themes(),
        lead=escape(lead),
        body=body,
        versions=escape(", ".join(f"{name} {v}" for name, v in about.versions.items())),
        machine=escape(about.machine),
        date=escape(about.date),
    )


def filled(name: str, **parts: str) -> str:
    """Return a template of this folder with its parts in it."""
    return Template(_text(name)).substitute(parts)


def _text(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text("utf-8")


def inline(drawing: bytes, stem: str, label: str) -> str:
    """Return an SVG file as part of a page: with unique ids, and the theme's colours as variables.

    Examples
    --------
    >>> inline(b'<?xml?><svg id="a" fill="#FFFFFF"/>', "figure", "this & that")
    '<svg role="img" aria-label="this &amp; that" id="figure-a" fill="var(--paper)"/>'
    """
    from nofb.plots.on_page import recoloured  # late: a page without figures needs no matplotlib
    from nofb.plots.style import THEMES

    text = drawing.decode()
    text = text[text.index("<svg") :]
    text = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{stem}-", text)
    text = recoloured(text, {name: f"var(--{name})" for name in asdict(THEMES["light"])})
    return text.replace("<svg", f'<svg role="img" aria-label="{escape(label)}"', 1)


def _themes() -> str:
    """Return the colours of both themes as CSS."""
    from nofb.plots.style import THEMES

    light, dark = (
        " ".join(f"--{name}: {colour};" for name, colour in asdict(THEMES[theme]).items())
        for theme in ("light", "dark")
    )
    return f":root {{ {light} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}"


def figure(stem: str, drawing: bytes, heading: str, text: str) -> str:
    """Return the section of one figure; `drawing` is an SVG file in the light theme."""
    return (
        f"<section>\n<h2>{escape(heading)}</h2>\n<p>{escape(text)}</p>\n"
        f'<figure><div class="wide">{inline(drawing, stem, heading)}</div>\n'
        f'<figcaption>As a file: <a href="{stem}.png">PNG</a>, <a href="{stem}.svg">SVG</a>'
        "</figcaption></figure>\n</section>"
    )


def table(headings: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]]) -> str:
    """Return a table; the first cell of a row is HTML, the others are plain words."""
    cells = "".join(f'<th scope="col">{escape(name)}</th>' for name in headings)
    body = "\n".join(_row(who, words) for who, words in rows)
    return f"<table>\n<thead><tr>{cells}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def _row(who: str, words: Sequence[str]) -> str:
    cells = "".join(f"<td>{escape(word)}</td>" for word in words)
    return f'<tr><th scope="row">{who}</th>{cells}</tr>'


def named(name: str, title: str, paper: str) -> str:
    """Return how the first cell of a row names a rule or a method."""
    return f"<strong>{escape(name)}</strong> {escape(title)}<small>{escape(paper)}</small>"


def prose(text: str) -> str:
    """Return plain text as HTML; text between backticks is code."""
    return re.sub("`(.*?)`", r"<code>\1</code>", escape(text))


def bullets(heading: str, sentences: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return f"<h3>{escape(heading)}</h3>\n<ul>{items}</ul>" if items else ""


def definitions(meanings: Mapping[str, str]) -> str:
    items = "".join(
        f"<dt><code>{escape(name)}</code></dt><dd>{escape(meaning)}</dd>"
        for name, meaning in meanings.items()
    )
    return f"<dl>{items}</dl>"
