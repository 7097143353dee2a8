"""One step of training: the rule teaches, the optimizer moves, and the feedback may follow."""

from nofb.network import Network
from nofb.rules import Rule
from nofb.trace import Trace
from nofb.training.optimizers import Optimizer


def step(net: Network, rule: Rule, optimizer: Optimizer, trace: Trace) -> None:
    """Take one step on a batch, from a trace of a training pass that knows its target."""
    for index, (layer, update) in enumerate(zip(net.weighted, rule.teach(net, trace), strict=True)):
        if not rule.learns(net, layer):
            continue  # even weight decay must leave it alone
        optimizer.step(f"{index}.W", layer.W, update.dW)
        if layer.b is not None and update.db is not None:
            optimizer.step(f"{index}.b", layer.b, update.db)
        if layer.B is not None and update.dB is not None:
            optimizer.step(f"{index}.B", layer.B, update.dB)
    rule.after_step(net)
