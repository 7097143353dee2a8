"""nofb: learning without weight transport, line by line, in NumPy and Numba."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nofb import loaded_numpy as _first  # noqa: F401 (all others could fail without a reason)

# isort: split
from nofb import datasets, rules
from nofb.diagnosis import Probe
from nofb.layers import (
    Activation,
    Attention,
    AvgPool2D,
    BatchNorm,
    ClassToken,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    FirstToken,
    Flatten,
    LayerNorm,
    MaxPool2D,
    MeanToken,
    Patches,
    Positions,
    Present,
    Residual,
)
from nofb.network import Network
from nofb.trace import Trace
from nofb.training import (
    SGD,
    Adam,
    AdamW,
    Callback,
    Checkpoint,
    EarlyStopping,
    FastGradientSign,
    History,
    RMSprop,
    Run,
    StopTraining,
    fit,
)
from nofb.updates import Update
from nofb.version import __version__ as __version__

if TYPE_CHECKING:
    from nofb import explain, networks, plots, transfer
    from nofb.report.own import compare
    from nofb.report.sweep import sweep


__all__ = [
    "SGD",
    "Activation",
    "Adam",
    "AdamW",
    "Attention",
    "AvgPool2D",
    "BatchNorm",
    "Callback",
    "Checkpoint",
    "ClassToken",
    "Conv2D",
    "Dense",
    "Dropout",
    "EarlyStopping",
    "Embedding",
    "FastGradientSign",
    "FirstToken",
    "Flatten",
    "History",
    "LayerNorm",
    "MaxPool2D",
    "MeanToken",
    "Network",
    "Patches",
    "Positions",
    "Present",
    "Probe",
    "RMSprop",
    "Residual",
    "Run",
    "StopTraining",
    "Trace",
    "Update",
    "compare",
    "datasets",
    "explain",
    "fit",
    "networks",
    "plots",
    "rules",
    "sweep",
    "transfer",
]

DOCUMENTED = ("activations", "diagnosis", "initialisers", "schedules")  # further modules


def __getattr__(name: str) -> Any:
    """Import slow or rarely needed modules when they are first used."""
    if name in ("explain", "networks", "plots", "transfer"):
        return import_module(f"nofb.{name}")
    if name == "compare":
        return import_module("nofb.report.own").compare
    if name == "sweep":
        return import_module("nofb.report.sweep").sweep
    raise AttributeError(f"module 'nofb' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *DOCUMENTED, "__version__"])
