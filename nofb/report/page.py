"""The page of a comparison of rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple
from html import escape

from nofb.report.captions import HEADINGS, caption, headline, outcome
from nofb.report.numbers import meanings
from nofb.report.origin import Origin, rates_note
from nofb.report.skeleton import bullets, definitions, figure, filled, named, prose, table, whole
from nofb.report.summary import (
    rates_used,
    score_name,
    stopped,
    summarise,
    timed,
    without_signal,
)
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
    body = filled(
        "comparison.html",
        table=_table(comparison),
        stopped=bullets("Without an angle", without_signal(comparison))
        + bullets("Stopped early", stopped(comparison)),
        figures="\n".join(
            figure(stem, drawing, HEADINGS.get(stem, stem), caption(stem, comparison))
            for stem, drawing in drawings.items()
        ),
        measures=definitions(meanings(comparison)),
        timed=timed(comparison),
        settings=definitions(_settings(comparison)),
        rates=prose(" ".join([rates_note(comparison.settings), *rates_used(comparison)])),
        command=escape(about.command),
    )
    return whole(headline(comparison), outcome(comparison), body, about)


def _table(comparison: Comparison) -> str:
    heading = (
        "rule", score_name(comparison), "signal's angle", "matrix's angle", "seconds per run",
        "learning rate",
    )  # fmt: skip
    rows = summarise(comparison)
    return table(heading, [(named(*astuple(row)[:3]), astuple(row)[3:]) for row in rows])


def _settings(comparison: Comparison) -> dict[str, str]:
    """Return the common settings of all runs, as text."""
    settings = comparison.settings.settings
    if "hidden" in settings:
        units = settings["hidden"]
        listed = units if isinstance(units, list | tuple) else [units]
        settings["hidden"] = ", ".join(map(str, listed)) or "none"
    settings["lr"] = "each rule's own" if settings["lr"] is None else settings["lr"]
    settings["seeds"] = ", ".join(map(str, comparison.seeds))
    return {name: str(value) for name, value in settings.items()}
