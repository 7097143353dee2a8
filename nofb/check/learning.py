"""Does it learn? Handwritten digits, compared with training the last layer alone."""

from __future__ import annotations

import warnings
from copy import deepcopy
from functools import cache
from itertools import product

import numpy as np

from nofb import datasets
from nofb.check.subject import Subject
from nofb.check.verdict import Verdict, failed, not_applicable, passed
from nofb.datasets import Dataset
from nofb.layers import Dense
from nofb.network import Network
from nofb.optimizers import RMSprop
from nofb.rules import Rule, make
from nofb.training import DivergenceWarning, fit
from nofb.training.interrupts import end_everything

HIDDEN = 8  # units: so few that they have to learn
EPOCHS = 10
RATES = (0.01, 0.03)  # of RMSprop, for which a constant factor of a step does not matter
SEEDS = (0, 1, 2)
MARGIN = 0.02
HELD_OUT = 0.2


def learns_more_than_the_last_layer(subject: Subject) -> Verdict:
    """Its accuracy on held-out digits is higher than with random hidden units."""
    score, floor, ceiling = best(subject.rule), control("shallow"), control("bp")
    numbers = (
        f"with {HIDDEN} hidden units it gets {100 * score:.0f} % of held-out digits right, "
        f"backprop {100 * ceiling:.0f} %, the last layer alone {100 * floor:.0f} %"
    )
    net = network(0)
    if not subject.attached(net).learns(net, net.weighted[0]):
        return not_applicable(f"{numbers}: it leaves the hidden layer as it is, and says so")
    if score > floor + MARGIN:
        return passed(numbers)
    return failed(f"{numbers}: what it teaches the hidden layer is of no use to the last one")


@cache
def control(name: str) -> float:
    """Return the score of a rule of nofb."""
    return best(make(name))


def best(rule: Rule) -> float:
    """Return the mean held-out accuracy over the seeds, at the better of the rates."""
    data = datasets.load("digits").flat().centred()
    scores = [accuracy(rule, data, *each) for each in product(RATES, SEEDS)]
    return float(np.reshape(scores, (len(RATES), len(SEEDS))).mean(axis=1).max())


@end_everything()
def accuracy(rule: Rule, data: Dataset, rate: float, seed: int) -> float:
    """Return the held-out accuracy of one run; one that diverged counts as 0."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DivergenceWarning)
        run = fit(
            network(seed),
            deepcopy(rule),
            data,
            epochs=EPOCHS,
            optimizer=RMSprop(lr=rate, schedule="cosine"),
            seed=seed,
            validation=HELD_OUT,
            probe=0,
            progress=False,
        )
    return 0.0 if run.stopped else float(run.history["validation_accuracy"][-1])


def network(seed: int) -> Network:
    """Return a network for digits with one small hidden layer."""
    return Network([Dense(64, HIDDEN, "tanh"), Dense(HIDDEN, 10)], seed=seed)
