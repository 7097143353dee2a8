"""Oracles of the rules with further passes, as in their papers, with samples as columns."""

from typing import Any

import numpy as np
import oracles

from nofb import Network, Update
from nofb.rules.forward_forward import EPSILON

Array = np.ndarray[Any, Any]


def pepita(net: Network, x: Array, target: Array) -> list[Update]:
    """Return PEPITA's updates: the second pass has the error on its input."""
    F = net.weighted[0].rule_state.F
    _, first = oracles.columns_forward(net, x)
    e = first[-1] - target.T
    _, second = oracles.columns_forward(net, (x.T + F.T @ e).T)
    moved = [h - other for h, other in zip(first[1:-1], second[1:-1], strict=True)]
    return [
        update(layer, delta, h, len(x))
        for layer, delta, h in zip(net.weighted, [*moved, e], second[:-1], strict=True)
    ]


def forward_forward(net: Network, x: Array, target: Array) -> list[Update]:
    """Return forward-forward's updates, for the wrong labels that the rule itself drew."""
    rule = net.rule
    found = oracles.columns_updates("shallow", net, x, target)
    wrong = net.weighted[0].rule_state.draw(target)
    for labels, sign in ((target, -1), (wrong, 1)):
        for update_of, (layer, received, h) in zip(found, labelled(net, x, labels), strict=False):
            odds = (h**2).sum(axis=0) - rule.threshold * len(h)
            p = 1 / (1 + np.exp(-sign * odds))
            slope = oracles.ACTIVATIONS[layer.activation.name][1](
                layer.W.T @ received + bias(layer)
            )
            more = update(layer, sign * p * 2 * h * slope, received, len(x))
            update_of.dW = update_of.dW + more.dW
            if more.db is not None:
                update_of.db = update_of.db + more.db
    return found


def labelled(net: Network, x: Array, labels: Array) -> list[tuple[Any, Array, Array]]:
    """Return each hidden layer, its input in a labelled pass, and its activations."""
    h, found = x.T.copy(), []
    h[: labels.shape[1]] = labels.T
    for layer in net.weighted[:-1]:
        received = h / np.sqrt((h**2).mean(axis=0) + EPSILON)
        h = oracles.ACTIVATIONS[layer.activation.name][0](layer.W.T @ received + bias(layer))
        found.append((layer, received, h))
    return found


def bias(layer: Any) -> Array:
    return np.zeros((layer.n_out, 1)) if layer.b is None else layer.b[:, None]


def update(layer: Any, delta: Array, h_below: Array, samples: int) -> Update:
    """Return the mean update of a layer; arrays have samples as columns."""
    db = None if layer.b is None else delta.sum(axis=1) / samples
    return Update(dW=(delta @ h_below.T).T / samples, db=db)
