"""What is trained, and with what each rule is: the network is fixed, the rest was searched."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import resources
from typing import Any

from nofb import datasets
from nofb.datasets import Dataset
from nofb.experiments.settings import Settings

FOUND = "found.json"  # beside this file; `python -m nofb.papers.deep_targets.search` writes it
SETTINGS = Settings(
    data="mnist", hidden=(256,) * 5, optimizer="adam", input_dropout=0.0, batch_size=128
)
GRIDS: dict[str, dict[str, tuple[float, ...]]] = {
    "bp": {"lr": (3e-4, 1e-3)},
    "dfa": {"lr": (3e-4, 1e-3)},
    "dtp": {"lr": (5e-4, 1e-3, 2e-3), "noise": (0.0837, 0.3), "inverse_lr": (1.96e-3, 5e-4)},
    "sdtp": {"lr": (5e-4, 1e-3, 2e-3), "noise": (0.1, 0.3), "step_size": (0.2,)},
    "ddtp": {"lr": (5e-4, 1e-3, 2e-3), "noise": (0.0908, 0.3)},
    "itp_drl": {"lr": (5e-4, 1e-3, 2e-3), "noise": (0.0569, 0.2)},
}


def load(name: str) -> Dataset:
    """Return a data set with samples as rows, and pixels from 0 to 1, as they are in the paper."""
    return datasets.load(name).flat()


def attributes_of(rule: str, found: Mapping[str, float]) -> dict[str, Any]:
    """Return a rule's attributes: those of its published form, and those that were searched."""
    fixed = {"preset": "meulemans2020"} if rule == "dtp" else {}
    return {**fixed, **{name: value for name, value in found.items() if name != "lr"}}


def found() -> dict[str, dict[str, float]]:
    """Return the settings that the committed search chose for each rule."""
    text = resources.files(__package__).joinpath(FOUND).read_text("utf-8")
    best: dict[str, dict[str, float]] = json.loads(text)["best"]
    return best
