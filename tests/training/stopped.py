"""Runs that are stopped and resumed, for the tests of checkpoints."""

from functools import partial

import nofb
from nofb import (
    SGD,
    Checkpoint,
    Dense,
    Dropout,
    Network,
    rules,
)  # fmt: skip
from nofb.datasets import Dataset

DIGITS = nofb.datasets.load("digits")


PART = Dataset(DIGITS.x_train[:150], DIGITS.y_train[:150], DIGITS.x_test[:60], DIGITS.y_test[:60])


def mlp(**options):
    """Return a small network for digits, with dropout."""
    layers = [Dropout(0.1), Dense(64, 12, "tanh"), Dropout(0.3), Dense(12, 9, "tanh"), Dense(9, 10)]
    return Network(layers, **options)


MOMENTUM = partial(SGD, 0.1, momentum=0.9)


def train(path=None, rule="fa", net=mlp, optimizer=MOMENTUM, resume=False, **options):
    """Train a new network without output, for four epochs or as the options say."""
    rule = rule() if callable(rule) else rules.make(rule)
    checkpoint = None if path is None else Checkpoint(path, options.pop("every", 1), resume)
    options = {"data": PART, "epochs": 4, "progress": False, "checkpoint": checkpoint, **options}
    return nofb.fit(net(), rule, optimizer=optimizer(), **options)


def other(x=0.0, y=0, name="mine"):
    """Return the data with one number changed, or another name."""
    x_train, y_train = PART.x_train.copy(), PART.y_train.copy()
    x_train[3, 3] += x
    y_train[3] = (y_train[3] + y) % 10
    return Dataset(x_train, y_train, PART.x_test, PART.y_test, name=name)


def wide():
    """Return a network that differs from that of `mlp`."""
    return Network([Dropout(0.1), Dense(64, 13, "tanh"), Dense(13, 10)])
