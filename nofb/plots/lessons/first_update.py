"""Lesson 00: a network that is small enough to show every number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from nofb.plots.lessons.parts import COLOURS
from nofb.plots.picture import Picture
from nofb.plots.style import using
from nofb.plots.units import units
from nofb.types import Array


def two_passes(
    up: Mapping[str, Array], back: Mapping[str, Array], weights: Sequence[Array]
) -> Picture:
    """Draw the forward pass of one sample, and its backward pass.

    Parameters
    ----------
    up, back
        The numbers of the units of each layer, by its name; `back` has the layers whose δ is known.
    weights
        The weight matrices of the forward pass; the backward pass uses the last ones.
    """
    with using() as theme:
        picture = Picture(9.6, 3.4, theme)
        forward, backward = picture.subplots(1, 2, width_ratios=[2.3, 1.3])
        units(forward, up, weights, theme)
        units(backward, back, weights[len(weights) - len(back) + 1 :], theme, back=True)
    return picture


def one_step(
    rates: Array,
    along: Array,
    others: Array,
    tangent: Array,
    step: tuple[float, float],
    after: Mapping[str, Array],
    weights: Sequence[Array],
) -> Picture:
    """Draw the loss along the gradient and along other directions, and the network after a step.

    Parameters
    ----------
    rates
        Learning rates (points,).
    along, tangent
        The loss after a step along the gradient, and its tangent at 0 (points,).
    others
        The loss along other directions (directions, points).
    step
        The learning rate of the step, and the loss after it.
    after
        The numbers of the units of each layer after the step, by its name.
    weights
        The weight matrices after the step.
    """
    with using() as theme:
        picture = Picture(9.6, 3.6, theme)
        axes, network = picture.subplots(1, 2, width_ratios=[1.4, 2])
        axes.plot(rates, np.transpose(others), color=theme.faint, lw=0.5, alpha=0.5)
        axes.plot(rates, tangent, "--", color=COLOURS[0], label="tangent")
        axes.plot(rates, along, color=COLOURS[0], lw=2, label="along the gradient")
        axes.plot(*step, "o", color=COLOURS[1], ms=9)
        axes.set(xlabel="learning rate η", title="loss after one step", ylim=(0, 2.5))
        axes.legend(loc="upper left")
        units(network, after, weights, theme)
    return picture
