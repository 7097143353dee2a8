"""nofb itself: the step that `nofb.fit` takes."""

from __future__ import annotations

from itertools import pairwise

from benchmarks.cases import CONVOLUTIONS, DENSE, LR, MOMENTUM, Case, Step
from benchmarks.contenders import Contender
from nofb import SGD, Conv2D, Dense, Flatten, MaxPool2D, Network, Trace, rules, threads
from nofb.layers import Layer
from nofb.training.step import step


def network(case: Case) -> Network:
    """Return the network of a case."""
    layers: list[Layer] = []
    if case.convolutional:
        for channels_in, channels_out, padding in CONVOLUTIONS:
            layers.append(Conv2D(channels_in, channels_out, 5, 1, padding, "tanh"))
            layers.append(MaxPool2D(2))
        layers.append(Flatten())
    sizes = DENSE if case.convolutional else case.sizes
    layers += [Dense(below, above, "tanh") for below, above in pairwise(sizes[:-1])]
    return Network([*layers, Dense(*sizes[-2:])], input_shape=case.samples()[0].shape[1:])


def make(case: Case, name: str) -> Step:
    net, rule = network(case), rules.make(name)
    rule.attach(net)
    optimizer, trace = SGD(lr=LR, momentum=MOMENTUM), Trace(net, case.batch)
    x, labels = case.samples()
    x, target = net.as_input(x), net.as_target(labels, case.batch)
    return lambda: step(net, rule, optimizer, trace.fill(x, train=True).set_target(target))


CONTENDERS = [Contender("nofb", make, threads.team)]
