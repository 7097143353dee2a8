"""Pictures of chapter 2: a network that learns with your line, and the angle that falls."""

from __future__ import annotations

import nofb
from nofb.course.pictures.drawn import COLOURS, drawn
from nofb.course.yours import Prediction, Yours, in_place_of_nofbs
from nofb.diagnosis.chance import chance_band
from nofb.layers import Dense
from nofb.network import Network
from nofb.plots import Picture, accuracy_and_angle
from nofb.training import Run

EPOCHS = 20
ASKED = (0, 1, 5, 10, 20)  # the epochs of the prediction


def train(name: str, *answers: Yours) -> Run:
    """Return a run on digits, 64-100-10, whose rule uses these functions."""
    data = nofb.datasets.load("digits").centred().flat()
    net = Network([Dense(64, 100, activation="tanh"), Dense(100, 10)], seed=0)
    rule = nofb.rules.make(name)
    with in_place_of_nofbs(*answers):
        return nofb.fit(net, rule, data, EPOCHS, 32, nofb.SGD(lr=0.05), 0, progress=False)


@drawn
def learns(send_back: Yours) -> Picture:
    """Draw backprop, and feedback alignment with your function."""
    return accuracy_and_angle({"bp": [train("bp")], "fa": [train("fa", send_back)]})


@drawn
def angles(send_back: Yours, prediction: Prediction) -> Picture:
    """Draw your prediction, then what happens: the angle between B and Wᵀ of the output layer."""
    predicted = prediction(len(ASKED))
    run = train("fa", send_back)
    measured = run.history.from_start("weight_angle")[:, -1]
    picture = Picture(7.0, 3.4)
    axes = picture.subplots()
    axes.axhspan(*chance_band(run.net.weighted[-1].W.size), color=picture.theme.band, lw=0)
    axes.plot(ASKED, predicted, "--o", color=COLOURS[1], label="predicted")
    axes.plot(measured, color=COLOURS[0], lw=2, label="measured")
    axes.set(xlabel="epoch", title="angle between B and Wᵀ, output layer", ylim=(0, 110))
    axes.set(xticks=ASKED, yticks=range(0, 91, 30))
    axes.yaxis.set_major_formatter("{x:g}°")
    axes.legend(loc="lower left")
    return picture
