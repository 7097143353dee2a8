"""The one training loop, and what it needs: optimizers, schedules, a history."""

from nofb.optimizers import OPTIMIZERS, SGD, Adam, AdamW, Optimizer, RMSprop
from nofb.training.adversarial import FastGradientSign
from nofb.training.callbacks import Callback, EarlyStopping, StopTraining
from nofb.training.checkpoint import Checkpoint
from nofb.training.checkpoint_file import CheckpointWarning
from nofb.training.fit import DivergenceWarning, fit
from nofb.training.history import History
from nofb.training.run import Run

__all__ = [
    "OPTIMIZERS",
    "SGD",
    "Adam",
    "AdamW",
    "Callback",
    "Checkpoint",
    "CheckpointWarning",
    "DivergenceWarning",
    "EarlyStopping",
    "FastGradientSign",
    "History",
    "Optimizer",
    "RMSprop",
    "Run",
    "StopTraining",
    "fit",
]
