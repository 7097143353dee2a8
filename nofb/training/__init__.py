"""The one training loop, and what it needs: optimizers, schedules, a history."""

from nofb.optimizers import OPTIMIZERS, SGD, Adam, AdamW, Optimizer, RMSprop
from nofb.training.checkpoint import CheckpointWarning
from nofb.training.fit import DivergenceWarning, Run, fit
from nofb.training.history import History

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
