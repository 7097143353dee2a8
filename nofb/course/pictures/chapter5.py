"""Pictures of chapter 5: a mirror that finds W from noise."""

from __future__ import annotations

import numpy as np

from nofb.course.pictures.drawn import COLOURS, drawn
from nofb.course.yours import Prediction, Yours
from nofb.diagnosis import angle
from nofb.plots import Picture
from nofb.types import Array

N_IN, N_OUT, STEPS = 20, 12, 300
ASKED = (0, 10, 50, 100, 300)  # the mirror steps of the prediction


def weights() -> Array:
    """Return the W that the mirror does not know (N_IN, N_OUT): two stripes, easy to recognise."""
    W = np.random.default_rng(1).normal(size=(N_IN, N_OUT)) / 4
    W[4:8] += 1.0
    W[:, 2:4] -= 1.0
    return W


def mirror(drive: Yours, correlate: Yours, follow: Yours, samples: int = 16) -> list[Array]:
    """Return B after every mirror step, with λ = 0.02 and noise of variance 1."""
    rng, W = np.random.default_rng(0), weights()
    B = rng.normal(size=(N_OUT, N_IN))
    history = [B.copy()]
    for _ in range(STEPS):
        xi = rng.normal(size=(samples, N_IN))
        z = np.asarray(drive(xi, W))
        follow(B, np.asarray(correlate(xi, z - z.mean(0), samples - 1)), 0.02, 0.02)
        history.append(B.copy())
    return history


@drawn
def matrices(drive: Yours, correlate: Yours, follow: Yours) -> Picture:
    """Draw B after some mirror steps, beside the Wᵀ that nobody has shown to it."""
    history, W = mirror(drive, correlate, follow), weights()
    shown = {f"B after {step} steps": history[step] for step in (0, 20, 100, STEPS)}
    picture = Picture(10.5, 2.6)
    reach = abs(W).max()
    for axes, (name, array) in zip(
        picture.subplots(1, 5), (shown | {"Wᵀ": W.T}).items(), strict=True
    ):
        image = axes.imshow(array, cmap="RdBu", vmin=-reach, vmax=reach)
        degrees = "" if name == "Wᵀ" else f"\n{angle(array, W.T):.0f}° to Wᵀ"
        axes.set(title=name + degrees, xticks=[], yticks=[])
        axes.grid(visible=False)
    picture.colorbar(image, ax=picture.axes, shrink=0.8)
    return picture


@drawn
def angles(drive: Yours, correlate: Yours, follow: Yours, prediction: Prediction) -> Picture:
    """Draw your prediction, then what happens: the angle between B and Wᵀ, for 16 noise vectors."""
    predicted = prediction(len(ASKED))
    picture = Picture(7.6, 3.4)
    axes = picture.subplots()
    axes.plot(ASKED, predicted, "--o", color=COLOURS[1], label="predicted")
    for samples, colour in ((16, COLOURS[0]), (64, COLOURS[2])):
        degrees = [angle(B, weights().T) for B in mirror(drive, correlate, follow, samples)]
        axes.plot(degrees, color=colour, lw=1.6, label=f"measured, {samples} noise vectors")
    axes.set(xlabel="mirror step", title="angle between B and Wᵀ", ylim=(0, 110))
    axes.set(yticks=range(0, 91, 30))
    axes.yaxis.set_major_formatter("{x:g}°")
    axes.legend()
    return picture
