"""Pictures of chapter 9: how many samples a gradient from noise needs, and PEPITA's second pass."""

from __future__ import annotations

import numpy as np

from nofb.course.chapters.draws import softmax
from nofb.course.pictures.drawn import COLOURS, drawn
from nofb.course.yours import Yours
from nofb.diagnosis import angle
from nofb.plots import Picture


@drawn
def from_noise(credit: Yours) -> Picture:
    """Draw the angle between the mean credit and the gradient, over samples, for layers' sizes."""
    samples = 2 ** np.arange(1, 15)
    picture = Picture(7.0, 3.4)
    axes = picture.subplots()
    for units, colour in zip((4, 32, 256), COLOURS, strict=False):
        rng = np.random.default_rng(units)
        g = rng.normal(size=units)
        degrees = []
        for count in samples:
            xi = 0.1 * rng.normal(size=(count, units))
            degrees.append(angle(np.asarray(credit(xi @ g, xi, 0.1)).mean(0), g))
        axes.plot(samples, degrees, "-o", color=colour, ms=4, label=f"{units} units")
        theory = np.degrees(np.arctan(np.sqrt((units + 1) / samples)))
        axes.plot(samples, theory, "--", color=colour, lw=1)
    axes.set(xscale="log", xlabel="samples", title="angle of the mean credit to the gradient",
             ylim=(0, 95))  # fmt: skip
    axes.yaxis.set_major_formatter("{x:g}°")
    axes.legend(title="dashed: √((n+1)/N)")
    return picture


@drawn
def second_pass(modulate: Yours) -> Picture:
    """Draw the first hidden layer in both passes of PEPITA, before and after the error is small."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(1, 12)), np.eye(3)[[1]]
    W1, W2, F = (rng.normal(size=size) / 3 for size in ((12, 20), (20, 3), (3, 12)))
    picture = Picture(9.6, 3.0)
    for axes, scale in zip(picture.subplots(1, 3, sharey=True), (1.0, 0.3, 0.0), strict=True):
        h = np.tanh(x @ W1)
        e = scale * (softmax(h @ W2) - y)
        again = np.tanh(np.asarray(modulate(x, e, F)) @ W1)
        axes.bar(range(20), h[0], color=picture.theme.band, label="first pass")
        axes.plot(again[0], "_", color=COLOURS[0], ms=9, mew=2, label="second pass")
        axes.set(title=f"error times {scale:g}", xlabel="hidden unit", ylim=(-1.1, 1.6))
    picture.axes[0].legend(loc="upper left", ncols=2)
    return picture
