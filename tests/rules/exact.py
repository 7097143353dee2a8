"""Networks whose inverses are exact."""

import numpy as np
import oracles
from oracles import dense_net

from nofb import Network, Trace
from nofb.activations import ACTIVATIONS, Activation
from nofb.layers import Chain, Inverse
from nofb.rules import (
    Rule,
)

UNDO = {
    "identity": ACTIVATIONS["identity"],
    "tanh": Activation("artanh", lambda h, a: np.arctanh(h, out=a), lambda signal, a: None),
    "logistic": Activation(
        "logit", lambda h, a: np.log(h / (1 - h), out=a), lambda signal, a: None
    ),
    "leaky_relu": Activation(
        "steep_relu", lambda h, a: np.copyto(a, np.where(h > 0, h, 100 * h)), lambda signal, a: None
    ),
}


def square_net(activation: str = "identity", size: int = 4, **arguments) -> Network:
    """Return four layers that all have as many outputs as inputs."""
    options = {"loss": "squared_error", "init": "orthogonal"} | arguments
    return dense_net((size,) * 5, activation, **options)


def bent(net: Network, seed: int = 3) -> Network:
    """Change orthogonal weights so that they are only invertible."""
    rng = np.random.default_rng(seed)
    for layer in net.weighted:
        layer.W += 0.2 * rng.normal(size=layer.W.shape)
    return net


def give_exact_inverses(net: Network) -> None:
    """Give every layer an inverse g_l of f_l: its bias, its matrix and its activation."""
    for layer in net.weighted[1:]:
        B, apart = np.linalg.inv(layer.W), net.weightless_above(net.below(layer))
        undo = UNDO[(apart[0] if apart else layer).activation.name]
        layer.inverse = Inverse(B, undo) if apart else Inverse(B, before=Chain(undo))
        if layer.b is not None:
            layer.inverse.c[:] = -layer.b @ B
        layer.B = B


def found_targets(rule: Rule, net: Network, trace: Trace) -> list[np.ndarray]:
    """Return every layer's target, from the first layer up, each in its own memory."""
    found = {layer: t.copy() for layer, t in rule.targets(net, trace)}
    return [found[layer] for layer in net.weighted]


def states(rule: Rule, net: Network, trace: Trace) -> list[np.ndarray]:
    """Return the states that the targets replace, from the first layer up."""
    return [rule.state(trace, layer).copy() for layer in net.weighted]


def up(net: Network, index: int, x: np.ndarray) -> np.ndarray:
    """Return the state of a layer for a state of the layer below, by the textbook."""
    layer, last = net.weighted[index], index == len(net.weighted) - 1
    b = 0 if layer.b is None else layer.b
    f = oracles.ACTIVATIONS[layer.activation.name][0]
    for apart in net.weightless_above(net.below(layer)):
        x = oracles.ACTIVATIONS[apart.activation.name][0](x)
    return x @ layer.W + b if last else f(x @ layer.W + b)
