"""nofb: learning without weight transport, line by line, in NumPy and Numba."""

from nofb import datasets, rules
from nofb.layers import Conv2D, Dense, Dropout, Flatten, MaxPool2D
from nofb.network import Network
from nofb.trace import Trace, Update
from nofb.training import SGD, Adam, AdamW, History, RMSprop, Run, fit

__version__ = "0.1.0"

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "Conv2D",
    "Dense",
    "Dropout",
    "Flatten",
    "History",
    "MaxPool2D",
    "Network",
    "RMSprop",
    "Run",
    "Trace",
    "Update",
    "datasets",
    "fit",
    "rules",
]
