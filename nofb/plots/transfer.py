"""Figures of a comparison of methods of transfer: scores and sizes, attention by block, maps."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from nofb.plots.attention_maps import attention_maps
from nofb.plots.curves import percent
from nofb.plots.picture import Picture
from nofb.plots.style import OKABE_ITO, Theme, using
from nofb.runs.transfer import Transfers
from nofb.runs.transfer_run import everything
from nofb.transfer.tasks import ACCURACY, CASES

HUES = {
    "linear": "",
    "linear_all": "sky blue",
    "finetune": "black",
    "lora": "blue",
    "prompts": "bluish green",
    "toast": "vermillion",
    "toast_lite": "orange",
    "toast_new": "reddish purple",
}
MARKERS = dict(zip(HUES, "osD^vPX*", strict=True))
STEERING = ("toast", "toast_lite", "toast_new", "lora", "prompts", "finetune")


def colour(case: str, theme: Theme) -> str:
    """Return a case's colour, the same in every figure."""
    return {"": theme.faint, "black": theme.ink}.get(HUES[case]) or OKABE_ITO[HUES[case]]


def scores(found: Transfers, theme: str | None = None) -> Picture:
    """Draw the score of each case, a point for each seed, and its number of trained parameters."""
    cases = found.ended
    with using(theme) as colours:
        picture = Picture(9.6, 0.9 + 0.36 * len(cases), colours)
        left, right = picture.subplots(1, 2, sharey=True, width_ratios=[3, 2])
        for y, case in enumerate(cases):
            drawn: dict[str, Any] = {"color": colour(case, colours), "marker": MARKERS[case]}
            values = found.scores(case)
            left.plot(values, [y] * len(values), **drawn, ls="", ms=6, alpha=0.75, mew=0)
            left.plot(values.mean(), y, color=colour(case, colours), marker="|", ms=18, mew=2)
            right.plot(found.mean(case, "trained"), y, **drawn, ls="", ms=7)
        left.set_yticks(range(len(cases)), [CASES[case].title for case in cases])
        left.set_ylim(len(cases) - 0.5, -0.5)
        _describe_scores(left, found)
        right.set(xscale="log", xlabel="trained parameters")
    return picture


def _describe_scores(axes: Axes, found: Transfers) -> None:
    measure = found.plan.known.measure
    many = found.plan.seeds > 1
    axes.set_xlabel(
        f"{measure} at the end" + (" (a point is a seed, | their mean)" if many else "")
    )
    if measure == ACCURACY:
        axes.xaxis.set_major_formatter(lambda share, position: f"{100 * share:.4g}%")


def attention_by_block(found: Transfers, theme: str | None = None) -> Picture:
    """Draw the class token's attention on the object of the question, for each block."""
    with using(theme) as colours:
        picture = Picture(9.6, 4.2, colours)
        axes = picture.subplots()
        first = found.mean(found.ended[0], "on_before")
        blocks = np.arange(1, len(first) + 1)
        axes.plot(blocks, first, color=colours.ink, ls="--", lw=2, zorder=3,
                  label="the backbone alone")  # fmt: skip
        for case in found.ended:
            if case in STEERING:
                drawn: dict[str, Any] = {"color": colour(case, colours), "marker": MARKERS[case]}
                axes.plot(blocks, found.mean(case, "on_after"), **drawn, label=CASES[case].title)
        axes.set(xlabel="block", ylim=(0, 1))
        axes.set_xticks(blocks)
        axes.set_ylabel("class token's attention\non the object of the question")
        percent(axes)
        picture.legend(*axes.get_legend_handles_labels(), loc="outside right upper")
    return picture


def maps(found: Transfers, case: str, grid: tuple[int, int], theme: str | None = None) -> Picture:
    """Draw attention before and after training for the test samples of the first seed."""
    known, run = found.plan.known, found.runs(case)[0]
    before, after = np.array(run["before"]), np.array(run["after"])
    rows = run["rows"]
    x, y = (each[rows] for each in (everything(known.name).x_test, everything(known.name).y_test))
    mask = None if run["mask_of"] is None else np.array(run["mask_of"])
    named = np.array(run["named"], int)
    names = [known.labels[a] + (" ✓" if a == n else f": named {known.labels[n]}")
             for a, n in zip(y, named, strict=True)]  # fmt: skip
    marks = None if known.marks is None else known.marks()[rows]
    passes = ("pass 1", "pass 2") if mask is not None else ("before", "after")
    return attention_maps(
        x, before, after, grid, mask, names, marks, known.asked, passes=passes, theme=theme
    )


def figures(found: Transfers) -> dict[str, Callable[[str], Picture]]:
    """Return the functions that draw the figures of these runs, by the names of the files."""
    drawn: dict[str, Callable[[str], Picture]] = {}
    if not found.ended:
        return drawn
    drawn["scores"] = partial(scores, found)
    known = found.plan.known
    changed = [case for case in STEERING if case in found.ended]
    if known.marks is not None and changed:
        drawn["attention_by_block"] = partial(attention_by_block, found)
    if known.grid is not None:
        for case in changed:
            drawn[f"attention_{case}"] = partial(maps, found, case, known.grid)
    return drawn
