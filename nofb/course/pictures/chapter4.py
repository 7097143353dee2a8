"""Pictures of chapter 4: weights beside their partners in B, and the angle they make."""

from __future__ import annotations

import numpy as np

from nofb.course.pictures.chapter2 import train
from nofb.course.pictures.drawn import COLOURS, drawn
from nofb.course.yours import Yours
from nofb.diagnosis import angle
from nofb.plots import Picture, accuracy_and_angle


@drawn
def partners(take_signs: Yours) -> Picture:
    """Draw each weight and its partner in B, for three ways to choose B."""
    rng = np.random.default_rng(0)
    W = rng.normal(size=(60, 40))
    one = np.ones((40, 60))
    ways = {
        "your signs, M = 1": take_signs(W, one),
        "your signs, M random": take_signs(W, abs(rng.normal(size=(40, 60)))),
        "random": rng.normal(size=(40, 60)),
    }
    picture = Picture(10.0, 3.5)
    for axes, (name, B), colour in zip(
        picture.subplots(1, 3, sharey=True), ways.items(), COLOURS, strict=False
    ):
        B = np.asarray(B)
        axes.axhline(0, color=picture.theme.faint, lw=0.6)
        axes.axvline(0, color=picture.theme.faint, lw=0.6)
        axes.plot(W.ravel(), B.T.ravel(), ".", color=colour, ms=2.5)
        axes.set(title=f"{name}: {angle(W, B.T):.1f}°", xlabel="weight in W", aspect="equal")
        axes.set(xlim=(-3.5, 3.5), ylim=(-3.5, 3.5))
    picture.axes[0].set_ylabel("its partner in B")
    return picture


@drawn
def learns(take_signs: Yours, send_back: Yours) -> Picture:
    """Draw sign-symmetry with your functions between backprop and feedback alignment."""
    signs = train("usf", take_signs, send_back)
    return accuracy_and_angle({"bp": [train("bp")], "usf": [signs], "fa": [train("fa")]})
