"""Pictures of chapter 6: the law of Kolen and Pollack, on noise."""

from __future__ import annotations

import numpy as np

from nofb.course.pictures.drawn import COLOURS, drawn
from nofb.course.yours import Yours
from nofb.diagnosis import angle
from nofb.plots import Picture


@drawn
def law(reciprocal_product: Yours, decay_both: Yours) -> Picture:
    """Draw the length of W - Bᵀ beside (1 - λ)^t, and the angle between B and Wᵀ."""
    picture = Picture(9.6, 3.4)
    gap, degrees = picture.subplots(1, 2)
    for decay, colour in zip((0.0, 0.005, 0.02), COLOURS, strict=False):
        rng = np.random.default_rng(0)
        W, B = rng.normal(size=(20, 12)) / 4, rng.normal(size=(12, 20)) / 4
        found = [(float(np.linalg.norm(W - B.T)), angle(B, W.T))]
        for _ in range(400):
            h, delta = rng.normal(size=(8, 20)), rng.normal(size=(8, 12))  # nothing but noise
            W -= 0.05 * h.T @ delta / 8
            B -= 0.05 * np.asarray(reciprocal_product(h, delta, 8))
            decay_both(W, B, decay)
            found.append((float(np.linalg.norm(W - B.T)), angle(B, W.T)))
        length, angles = np.transpose(found)
        steps = np.arange(len(length))
        gap.plot(steps, length, color=colour, lw=2, label=f"λ = {decay:g}")
        gap.plot(steps[::25], length[0] * (1 - decay) ** steps[::25], "o", color=colour, ms=4)
        degrees.plot(steps, angles, color=colour, lw=2)
    gap.set(yscale="log", xlabel="step", title="length of W - Bᵀ; dots: the law (1 - λ)ᵗ")
    degrees.set(xlabel="step", title="angle between B and Wᵀ", ylim=(0, 100))
    degrees.yaxis.set_major_formatter("{x:g}°")
    gap.legend()
    return picture
