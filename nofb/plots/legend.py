"""One legend below a figure's panels, with full names, and notes on rules that are not drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from nofb.plots.picture import Picture
from nofb.plots.style import Theme, full_name, look

if TYPE_CHECKING:
    from nofb.runs.compare import Comparison


def add_legend(
    picture: Picture, comparison: Comparison, theme: Theme, title: str, chance: bool = False
) -> None:
    """Explain lines and markers, and with `chance` the shaded band, below the panels."""
    drawn = {line.get_label() for axes in picture.axes for line in axes.lines}
    looks = [look(rule, theme) for rule in comparison.rules]
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=style.colour, ls=style.line, lw=style.width, marker=style.marker)
        for style in looks
    ]
    labels = [
        full_name(rule) + remark(comparison, rule, rule in drawn) for rule in comparison.rules
    ]
    if chance:
        handles.append(Patch(color=theme.band))
        labels.append("chance: 95% of random feedback is in this band")
    picture.legend(
        handles,
        labels,
        loc="outside lower center",
        ncols=2 if len(labels) > 4 else 1,
        handlelength=3.2,
        title=title,
        title_fontsize=9,
    )


def remark(comparison: Comparison, rule: str, drawn: bool) -> str:
    """Return why a rule, or some of its runs, is not drawn."""
    runs = sum(result.rule == rule for result in comparison.results)
    stopped = runs - len(comparison.of(rule))
    if stopped == runs:
        return ", stopped early"
    if not drawn:
        return ", sends nothing back"
    return f", {stopped} of {runs} runs stopped early" if stopped else ""


def seeds_and(comparison: Comparison, spread: str) -> str:
    """Return the meaning of lines and bands."""
    seeds = len(comparison.seeds)
    return f"lines: mean of {seeds} seeds; bands: {spread}" if seeds > 1 else "one seed"
