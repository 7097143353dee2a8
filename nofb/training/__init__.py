"""The one training loop, and what it needs: optimizers, schedules, a history."""

from nofb.training.checkpoint import CheckpointWarning
from nofb.training.fit import DivergenceWarning, Run, fit
from nofb.training.history import History
from nofb.training.optimizers import OPTIMIZERS, SGD, Adam, AdamW, Optimizer, RMSprop

__all__ = [
    "OPTIMIZERS",
    "SGD",
    "Adam",
    "AdamW",
    "CheckpointWarning",
    "DivergenceWarning",
    "History",
    "Optimizer",
    "RMSprop",
    "Run",
    "fit",
]
