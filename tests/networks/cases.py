"""Small networks by name, with a batch for each, and all their parameters."""

from functools import partial

import numpy as np
from networks import oracles

from nofb import Network, networks
from nofb.datasets import Dataset
from nofb.rules import make
from nofb.updates import other_updates


def images(samples=7, side=6, channels=3, classes=4, seed=0):
    """Return a data set of random images."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(samples, channels, side, side))
    y = np.arange(samples) % classes
    return Dataset(x, y, x, y).as_images()


def sequences(samples=7, tokens=5, vocabulary=6, seed=0):
    """Return a data set of random tokens, each with the next one as its label."""
    rng = np.random.default_rng(seed)
    text = rng.integers(0, vocabulary, (samples, tokens + 1))
    text[0, :vocabulary] = np.arange(vocabulary)[: tokens + 1]
    x, y = text[:, :-1], text[:, 1:]
    return Dataset(x, y, x, y)


DATA = {"resnet": images, "vision_transformer": images, "language_model": sequences}
OPTIONS = {
    "resnet": {},
    "vision_transformer": {"patch": 3, "units": 6, "heads": 2, "blocks": 2},
    "language_model": {"units": 6, "heads": 3, "blocks": 2},
}
AGAIN = {
    "resnet": oracles.resnet8,
    "vision_transformer": partial(oracles.vision_transformer, patch=3, heads=2, blocks=2),
    "language_model": partial(oracles.language_model, heads=3, blocks=2),
}
NAMES = list(DATA)


def build(name, seed=1, dtype=np.float64):
    """Return a network in which no array has its initial value."""
    data = networks.prepared(name, DATA[name]())
    net = networks.make(name, data, **OPTIONS[name], seed=seed, dtype=dtype)
    rng = np.random.default_rng(seed)
    for layer in net.nodes:
        for array in (layer.parameters() | layer.state()).values():
            array += rng.uniform(-0.2, 0.2, array.shape)
    return net


def batch(name, samples=7):
    """Return x and y."""
    data = DATA[name](samples=max(samples, 7))
    return data.x_train[:samples].copy(), data.y_train[:samples].copy()


def learning(net: Network):
    """Return the layers with parameters, in the order of computation."""
    return [layer for layer in net.nodes if layer.parameters()]


def attached(name, net, seed=3, **settings):
    """Return a rule, attached to the network."""
    rule = make(name, **settings)
    rule.attach(net, seed)
    return rule


def taught(net, rule, x, y, train=True):
    """Return the updates of a rule for each layer with parameters, by their names."""
    trace = net.forward(x, train)
    updates = rule.teach(net, trace.set_target(net.as_target(y, trace.samples)))
    found = dict(zip(net.weighted, ({"W": u.dW, "b": u.db} for u in updates), strict=True))
    found |= other_updates(trace)
    return [
        {name: found[layer][name].copy() for name in layer.parameters()} for layer in learning(net)
    ]
