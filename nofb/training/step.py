"""One step of training: the rule computes updates, the optimizer applies them."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from nofb.network import Network
from nofb.optimizers import Move, Optimizer
from nofb.rules import Rule
from nofb.trace import Trace
from nofb.updates import Update, other_updates

Call = Callable[..., Any]


def plainly(method: Call, *arguments: Any) -> Any:
    """A function that calls a method of a rule."""
    return method(*arguments)


def step(
    net: Network, rule: Rule, optimizer: Optimizer, trace: Trace, call: Call = plainly
) -> list[Update]:
    """Take one step on a batch.

    Parameters
    ----------
    net, rule
        A network, and the rule that is attached to it.
    optimizer
        The optimizer of the weights, and of the feedback if the rule has updates for it.
    trace
        The trace of a training pass, with its target.
    call
        Calls the methods of the rule; an observer may replace it.

    Returns
    -------
    list[Update]
        The updates of the rule.
    """
    call(rule.before_step, net, trace)
    updates: list[Update] = call(rule.teach, net, trace)
    moving = list(moves(net, rule, with_local(net, trace, updates)))
    if trace.passed:
        moving += other_moves(net, trace)
    optimizer.step_all(moving)
    for layer in net.weightless:
        layer.remember(trace[layer])
    call(rule.after_step, net)
    return updates


def with_local(net: Network, trace: Trace, updates: list[Update]) -> list[Update]:
    """Return the updates of all layers, plus the terms of extra losses of the network."""
    local = net.local_updates(trace)
    return [
        replace(update, dW=update.dW + local[layer]) if layer in local else update
        for layer, update in zip(net.weighted, updates, strict=True)
    ]


def moves(net: Network, rule: Rule, updates: list[Update]) -> Iterator[Move]:
    """Yield the name, the array and the update of everything that the rule trains."""
    for index, (layer, update) in enumerate(zip(net.weighted, updates, strict=True)):
        if layer.frozen or not rule.learns(net, layer):
            continue  # even weight decay must leave it alone
        yield f"{index}.W", layer.W, update.dW
        if layer.b is not None and update.db is not None:
            yield f"{index}.b", layer.b, update.db
        if layer.B is not None and update.dB is not None:
            yield f"{index}.B", layer.B, update.dB
        if layer.D is not None and update.dD is not None:
            yield f"{index}.D", layer.D, update.dD


def other_moves(net: Network, trace: Trace) -> Iterator[Move]:
    """Yield the same for parameters of other layers, such as γ and β, which learn by themselves."""
    for layer, updates in other_updates(trace).items():
        arrays, index = layer.parameters(), net.nodes.index(layer)
        for name, update in updates.items():
            yield f"layers.{index}.{name}", arrays[name], update
