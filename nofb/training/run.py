"""What `fit` returns: the trained parts, the history, and why the run ended early, if it did."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from nofb.layers import Dense
from nofb.layers.base import WeightlessLayer
from nofb.network import Network
from nofb.optimizers import Optimizer
from nofb.rules import Rule
from nofb.training.history import History

ACCURACIES = "train_accuracy", "test_accuracy", "validation_accuracy"


@dataclass(repr=False)
class Run:
    """A run, finished or stopped.

    Attributes
    ----------
    net, rule, optimizer
        As given to `fit`, trained.
    history
        One value of each measure for each finished epoch.
    stopped
        Why the run ended early, in a sentence, or `None`.
    interrupted
        Whether the user stopped it with Ctrl-C.

    Examples
    --------
    >>> from nofb import SGD, Dense, Network, rules
    >>> net = Network([Dense(64, 32, activation="tanh"), Dense(32, 10)])
    >>> Run(net, rules.FeedbackAlignment(), SGD())
    Run(FeedbackAlignment(), 64-32-10, 0 epochs)
    """

    net: Network
    rule: Rule
    optimizer: Optimizer
    history: History = field(default_factory=History)
    stopped: str | None = None
    interrupted: bool = False

    def __repr__(self) -> str:
        history = self.history
        last = [f"{name.replace('_', ' ')} {history[name][-1]:.3f}" for name in ACCURACIES
                if name in history and np.isfinite(history[name][-1])]  # fmt: skip
        epochs = f"{history.epochs} epoch{'s' * (history.epochs != 1)}"
        ended = ["stopped early"] * (self.stopped is not None)
        parts = [repr(self.rule), _outline(self.net), epochs, *last, *ended]
        return f"{type(self).__name__}({', '.join(parts)})"


def _outline(net: Network) -> str:
    """Return the numbers of units of a chain of dense layers, or how many layers have weights."""
    dense = all(isinstance(layer, Dense | WeightlessLayer) for layer in net.layers)
    if not dense:
        return f"{len(net.weighted)} layers with weights"
    return "-".join(str(n) for n in (net.weighted[0].n_in, *(each.n_out for each in net.weighted)))
