"""Adversarial samples: which small change of a sample makes the loss larger?

Goodfellow, Shlens & Szegedy 2015 (ICLR; arXiv 1412.6572), the fast gradient sign:

    x' = x + ε sign(∂L/∂x)                          (1)

The direction is that of the true gradient, or that of a rule's own feedback. Feedback that differs
from Wᵀ hides the true gradient, and an attack along it fails for that reason alone: this looks like
robustness, and is none (a masked gradient, Athalye, Carlini & Wagner 2018, arXiv 1802.00420).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from nofb import settings
from nofb.kernels.jit import kernel
from nofb.network import Network
from nofb.rule import Rule
from nofb.rules.backprop import send_back
from nofb.trace import Trace
from nofb.types import Array

WAYS = ("gradient", "feedback")


@kernel
def fast_gradient_sign(x: Array, signal: Array, epsilon: float) -> Array:
    """Move every number of a sample by ε, to the side on which the loss is larger."""
    return x + x.dtype.type(epsilon) * np.sign(signal)  # eq. 1


def input_gradient(trace: Trace) -> Array:
    """Return ∂L/∂x of each sample's own loss, shaped like `trace.x`: backprop, down to the samples.

    Examples
    --------
    >>> from nofb import Dense
    >>> net = Network([Dense(2, 1, bias=False)], loss="squared_error")
    >>> net.layers[0].W[:] = [[3.0], [-1.0]]
    >>> trace = net.forward(np.ones((1, 2))).set_target(np.zeros((1, 1), np.float32))
    >>> input_gradient(trace).tolist()
    [[6.0, -2.0]]
    """
    with down_to_samples(trace):
        for layer in trace.downward():
            trace.arrive(layer, send_back(trace.delta(layer), layer.W))
    return at_samples(trace)


def input_feedback(rule: Rule, net: Network, trace: Trace) -> Array:
    """Return a rule's own signal on the samples, shaped like `trace.x`.

    Hidden layers get the rule's teaching signals; the first layer sends its own down through W_1ᵀ,
    so that the signal of backprop is the true gradient.
    """
    with down_to_samples(trace):
        deltas = {layer: delta for layer, delta, *_ in rule.signals(net, trace)}
        passed_by = at_samples(trace)  # through shortcuts without any weights
        for layer in trace.downward():
            if layer in deltas and not net.has_weights_below(layer):
                delta = deltas[layer].reshape(-1, layer.n_out)
                trace.arrive(layer, send_back(delta, layer.W))
        return passed_by + at_samples(trace)


@contextmanager
def down_to_samples(trace: Trace) -> Iterator[None]:
    """Within this context, signals travel on to the samples; none has arrived at its start."""
    trace.to_input, trace.at_input = True, None
    try:
        yield
    finally:
        trace.to_input = False


def at_samples(trace: Trace) -> Array:
    """Return the signal that has arrived on the samples, zeros if none has."""
    return np.zeros_like(trace.x) if trace.at_input is None else trace.at_input


@dataclass
class FastGradientSign:
    """Changes the samples of a batch so that their loss becomes larger.

    `nofb.fit(..., perturb=FastGradientSign(0.08))` trains on the changed samples only, as Nøkland's
    released code does.

    Parameters
    ----------
    epsilon
        How far every number of a sample moves.
    along
        "gradient", the true one, or "feedback", the signal that the rule itself sends.

    Examples
    --------
    >>> import nofb
    >>> net = Network([nofb.Dense(64, 10)])
    >>> data, rule = nofb.datasets.load("digits"), nofb.rules.make("bp")
    >>> rule.attach(net)
    >>> target = net.as_target(data.y_test, len(data.y_test))
    >>> trace = net.forward(data.x_test).set_target(target)
    >>> x = FastGradientSign(0.1)(rule, net, trace)
    >>> float(abs(x - trace.x).max()) < 0.1001, net.loss(x, data.y_test) > trace.loss()
    (True, True)
    """

    epsilon: float = settings.number(0.08, above=0)
    along: str = settings.choice("gradient", WAYS)

    def __post_init__(self) -> None:
        settings.check(self)

    def __call__(self, rule: Rule, net: Network, trace: Trace) -> Array:
        """Return the changed samples, for a trace that knows its target; as `trace.x`."""
        if not np.issubdtype(trace.x.dtype, np.floating):
            raise ValueError("FastGradientSign moves numbers, and these samples are tokens")
        own = self.along == "feedback"
        signal = input_feedback(rule, net, trace) if own else input_gradient(trace)
        return fast_gradient_sign(trace.x, signal, self.epsilon)
