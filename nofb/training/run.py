"""What `fit` returns: the trained parts, the history, and why the run ended early, if it did."""

from __future__ import annotations

from dataclasses import dataclass, field

from nofb.network import Network
from nofb.optimizers import Optimizer
from nofb.rules import Rule
from nofb.training.history import History


@dataclass
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
    """

    net: Network
    rule: Rule
    optimizer: Optimizer
    history: History = field(default_factory=History)
    stopped: str | None = None
    interrupted: bool = False
