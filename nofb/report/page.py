"""The page: one HTML file without external resources, with a light and a dark theme.

Its figures are drawn once; their neutral colours are CSS variables, which follow the theme.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, astuple
from html import escape
from importlib import resources
from string import Template

from nofb.report.captions import HEADINGS, caption, headline, outcome
from nofb.report.numbers import meanings
from nofb.report.origin import Origin, rates_note
from nofb.report.summary import Row, rates_used, score_name, stopped, summarise
from nofb.runs.compare import Comparison


def render(comparison: Comparison, drawings: Mapping[str, bytes], about: Origin) -> str:
    """Return the page.

    Parameters
    ----------
    comparison
        The runs.
    drawings
        Each figure as the bytes of an SVG file in the light theme, by its file's stem.
    about
        The origin of the comparison.

    Returns
    -------
    str
        HTML.
    """
    here = resources.files(__package__)
    template = Template(here.joinpath("page.html").read_text("utf-8"))
    return template.substitute(
        title=escape(headline(comparison)),
        style=here.joinpath("page.css").read_text("utf-8"),
        themes=_themes(),
        outcome=escape(outcome(comparison)),
        figures="\n".join(_figure(s, d, comparison) for s, d in drawings.items()),
        table=_table(comparison),
        stopped=_list("Stopped early", stopped(comparison)),
        measures=_definitions(meanings(comparison)),
        settings=_definitions(_settings(comparison)),
        rates=_prose(" ".join([rates_note(comparison.settings), *rates_used(comparison)])),
        command=escape(about.command),
        versions=escape(", ".join(f"{name} {v}" for name, v in about.versions.items())),
        machine=escape(about.machine),
        date=escape(about.date),
    )


def inline(drawing: bytes, stem: str, label: str) -> str:
    """Return an SVG file as part of a page: with unique ids, and the theme's colours as variables.

    Examples
    --------
    >>> inline(b'<?xml?><svg id="a" fill="#FFFFFF"/>', "figure", "this & that")
    '<svg role="img" aria-label="this &amp; that" id="figure-a" fill="var(--paper)"/>'
    """
    from nofb.plots.style import THEMES

    text = drawing.decode()
    text = text[text.index("<svg") :]
    text = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{stem}-", text)
    for name, colour in asdict(THEMES["light"]).items():
        text = re.sub(colour, f"var(--{name})", text, flags=re.IGNORECASE)
    return text.replace("<svg", f'<svg role="img" aria-label="{escape(label)}"', 1)


def _themes() -> str:
    """Return the colours of both themes as CSS."""
    from nofb.plots.style import THEMES

    light, dark = (
        " ".join(f"--{name}: {colour};" for name, colour in asdict(THEMES[theme]).items())
        for theme in ("light", "dark")
    )
    return f":root {{ {light} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}"


def _figure(stem: str, drawing: bytes, comparison: Comparison) -> str:
    heading = HEADINGS.get(stem, stem)
    return (
        f"<section>\n<h2>{escape(heading)}</h2>\n<p>{escape(caption(stem, comparison))}</p>\n"
        f'<figure><div class="wide">{inline(drawing, stem, heading)}</div>\n'
        f'<figcaption>As a file: <a href="{stem}.png">PNG</a>, <a href="{stem}.svg">SVG</a>'
        "</figcaption></figure>\n</section>"
    )


def _table(comparison: Comparison) -> str:
    heading = (
        "rule", score_name(comparison), "signal's angle", "matrix's angle", "seconds per run",
        "learning rate",
    )  # fmt: skip
    cells = "".join(f'<th scope="col">{escape(name)}</th>' for name in heading)
    body = "\n".join(map(_table_row, summarise(comparison)))
    return f"<table>\n<thead><tr>{cells}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def _table_row(row: Row) -> str:
    who = (
        f"<strong>{escape(row.rule)}</strong> {escape(row.title)}<small>{escape(row.paper)}</small>"
    )
    cells = "".join(f"<td>{escape(cell)}</td>" for cell in astuple(row)[3:])
    return f'<tr><th scope="row">{who}</th>{cells}</tr>'


def _prose(text: str) -> str:
    """Return plain text as HTML; text between backticks is code."""
    return re.sub("`(.*?)`", r"<code>\1</code>", escape(text))


def _list(heading: str, sentences: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return f"<h3>{escape(heading)}</h3>\n<ul>{items}</ul>" if items else ""


def _definitions(meanings: Mapping[str, str]) -> str:
    items = "".join(
        f"<dt><code>{escape(name)}</code></dt><dd>{escape(meaning)}</dd>"
        for name, meaning in meanings.items()
    )
    return f"<dl>{items}</dl>"


def _settings(comparison: Comparison) -> dict[str, str]:
    """Return the common settings of all runs, as text."""
    settings = comparison.settings.settings
    if "hidden" in settings:
        settings["hidden"] = ", ".join(map(str, settings["hidden"])) or "none"
    settings["lr"] = "each rule's own" if settings["lr"] is None else settings["lr"]
    settings["seeds"] = ", ".join(map(str, comparison.seeds))
    return {name: str(value) for name, value in settings.items()}
