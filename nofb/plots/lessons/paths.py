"""Lessons 03 and 10: the way back of a signal, as arrows between layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.colors import ListedColormap

from nofb.plots.paths import Arrow, paths
from nofb.plots.picture import Picture
from nofb.plots.style import look, using
from nofb.types import Array


def feedback_paths(rules: Mapping[str, Sequence[Arrow]], layers: Sequence[str]) -> Picture:
    """Draw the feedback path of each rule in a panel; see `nofb.plots.paths` for the arrows."""
    down = -(-len(rules) // 2)
    with using() as theme:
        picture = Picture(9.6, 2.0 * down, theme)
        heights = [1, 2, 2, 2][:down]  # the first row has the rules that go from layer to layer
        panels = picture.subplots(down, 2, height_ratios=heights, squeeze=False).ravel()
        for axes, (name, path) in zip(panels, rules.items(), strict=False):
            paths(axes, layers, path, look(name, theme).colour, theme)
            axes.set_title(name)
        for axes in panels[len(rules) :]:
            axes.remove()
    return picture


def residual_paths(layers: Sequence[str], arrows: Sequence[Arrow], rule: str = "fa") -> Picture:
    """Draw the two paths of a signal around and through a residual block."""
    with using() as theme:
        picture = Picture(6.4, 2.4, theme)
        paths(picture.subplots(), layers, arrows, look(rule, theme).colour, theme)
    return picture


def learned_after_steps(lengths: Mapping[str, Array]) -> Picture:
    """Draw for each rule which weight matrices are no longer zero after each step.

    Parameters
    ----------
    lengths
        For each rule, the length of each matrix after each step (layers, steps + 1).
    """
    with using() as theme:
        picture = Picture(2.4 * len(lengths), 1.9, theme)
        grid = picture.subplots(1, len(lengths), sharey=True, squeeze=False)[0]
        for axes, (name, each) in zip(grid, lengths.items(), strict=True):
            layers, steps = each.shape
            colours = ListedColormap([theme.band, look(name, theme).colour])
            axes.pcolormesh(
                each > 0, cmap=colours, vmin=0, vmax=1, edgecolors=theme.paper, lw=1.5
            )  # fmt: skip
            axes.set(title=name, xlabel="after step", aspect="equal")
            axes.set_xticks(np.arange(steps) + 0.5, range(steps))
            axes.set_yticks(np.arange(layers) + 0.5, [f"W{'₁₂₃₄₅₆₇₈₉'[n]}" for n in range(layers)])
            axes.grid(visible=False)
            axes.tick_params(length=0)
            axes.spines[:].set_visible(False)
    return picture
