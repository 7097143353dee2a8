"""One step of training: the rule teaches, the optimizer moves, and the feedback may follow."""

from collections.abc import Iterator

from nofb.network import Network
from nofb.optimizers import Optimizer
from nofb.rules import Rule
from nofb.trace import Trace, Update
from nofb.types import Array


def step(net: Network, rule: Rule, optimizer: Optimizer, trace: Trace) -> None:
    """Take one step on a batch, from a trace of a training pass that knows its target."""
    rule.before_step(net, trace)
    optimizer.step_all(list(moves(net, rule, rule.teach(net, trace))))
    rule.share = optimizer.share
    rule.after_step(net)


def moves(net: Network, rule: Rule, updates: list[Update]) -> Iterator[tuple[str, Array, Array]]:
    """Yield the name, the array and the update of everything that a rule lets learn."""
    for index, (layer, update) in enumerate(zip(net.weighted, updates, strict=True)):
        if not rule.learns(net, layer):
            continue  # even weight decay must leave it alone
        yield f"{index}.W", layer.W, update.dW
        if layer.b is not None and update.db is not None:
            yield f"{index}.b", layer.b, update.db
        if layer.B is not None and update.dB is not None:
            yield f"{index}.B", layer.B, update.dB
