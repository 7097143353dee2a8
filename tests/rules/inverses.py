"""Networks with trained inverses, for the tests of what the inverses learn."""

import numpy as np
import oracles
from oracles import attached, batch, dense_net, taught_trace

import nofb
from nofb import SGD, Network
from nofb.datasets import Dataset
from nofb.noise import add_noise
from nofb.rules.targets import TargetRule

LEARNERS = [name for name in oracles.DENSE_ONLY if name != "fwdtp"]


RECONSTRUCTING = ["tp", "dtp", "sdtp", "itp"]


SIZES = (5, 4, 6, 7, 3)


def drawn(rng, width: float, shape) -> np.ndarray:
    """Return the noise that a generator gives to nofb."""
    return add_noise(rng, width, np.zeros(shape))


class Formulas:
    """A network by its formulas, for rows: f_l, g_l and the states, in both conventions."""

    def __init__(self, rule: TargetRule, net: Network, trace) -> None:
        self.rule, self.layers = rule, net.weighted
        self.top = len(net.weighted) - 1
        self.apart = [each.activation.name for each in net.weightless_above(net.weighted[0])]
        self.unit = oracles.OUTPUT_UNITS[net.head.name] if rule.name == "sdtp" else None
        self.h = [rule.state(trace, layer).copy() for layer in net.weighted]

    def f(self, i, x):
        """Return f_i(x), from the state of the layer below."""
        layer = self.layers[i]
        for name in self.apart:
            x = oracles.ACTIVATIONS[name][0](x)
        a = x @ layer.W + (0 if layer.b is None else layer.b)
        if i == self.top:
            return a if self.unit is None else self.unit(a.T).T
        return oracles.ACTIVATIONS[layer.activation.name][0](a)

    def g(self, i, z):
        """Return g_i(z), with the present matrix and bias of the inverse."""
        inverse, direct = self.layers[i].inverse, self.rule.name == "ddtp"
        side = self.layers[i if direct else i - 1].activation.name
        if self.apart:
            side = self.apart[0] if i < self.top and not direct else "identity"
        s = oracles.ACTIVATIONS[self.rule.inverse_activation or side][0]
        return s(z) @ inverse.B + inverse.c if self.apart else s(z @ inverse.B + inverse.c)

    def climb(self, i, x):
        """Return the output for a state of layer i."""
        for above in range(i + 1, self.top + 1):
            x = self.f(above, x)
        return x

    def loss(self, i, rng):
        """Return the loss of the inverse of layer i, with the noise from a generator."""
        sigma, name = self.rule.noise, self.rule.name
        below = self.h[i if name == "ddtp" else i - 1]
        xi = drawn(rng, sigma, below.shape)
        noisy = below + xi
        if name == "ldrl":
            zeta = drawn(rng, sigma, self.h[i].shape)
            p = self.g(i, self.f(i, noisy)) - self.g(i, self.h[i])
            q = self.g(i, self.h[i] + zeta) - self.g(i, self.h[i])
            return ((q**2).sum() - 2 * (xi * p).sum()) / len(xi)
        if name in RECONSTRUCTING:
            return 0.5 * ((self.g(i, self.f(i, noisy)) - noisy) ** 2).sum() / len(xi)
        if name == "ddtp":
            back = below + self.g(i, self.climb(i, noisy)) - self.g(i, self.h[self.top])
        else:
            back = self.climb(i - 1, noisy)
            for m in range(self.top, i - 1, -1):
                back = self.h[m - 1] + self.g(m, back) - self.g(m, self.h[m])
        return 0.5 * ((back - noisy) ** 2).sum() / sigma**2 / len(xi)


def trained_inverses(name: str, activation="tanh", samples=7, bias=True, apart=False, **options):
    """Return a rule with inverses that have a bias, the network's formulas, net and trace."""
    net = dense_net(SIZES, activation, bias=bias, apart=apart)
    rule = attached(name, net, **options)
    rng = np.random.default_rng(8)
    for layer in rule.inverted(net):
        layer.inverse.c[:] = rng.uniform(-0.3, 0.3, layer.inverse.c.shape)
    trace = taught_trace(net, *batch(net, samples))
    return rule, Formulas(rule, net, trace), net, trace


def small_data(net: Network, samples: int = 12) -> Dataset:
    x, y = batch(net, samples)
    return Dataset(x, y, x, y)


def train(net: Network, rule: TargetRule, epochs: int = 3, **options):
    """Train without output, in batches of 5, 5 and 2."""
    options = {"batch_size": 5, "probe": 0, "progress": False, "optimizer": SGD(0.1)} | options
    return nofb.fit(net, rule, small_data(net), epochs, **options)
