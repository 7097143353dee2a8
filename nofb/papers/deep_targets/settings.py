"""The settings of the runs: the network is fixed, the rest was searched for each rule."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import resources
from typing import Any

from nofb.runs.specification import Specification

FOUND = "found.json"  # in this folder; `python -m nofb.papers.deep_targets.search` writes it
RUN = Specification(
    data="mnist",
    centred=False,
    hidden=(256,) * 5,
    input_dropout=0.0,
    optimizer="adam",
    batch_size=128,
)
GRIDS: dict[str, dict[str, tuple[float, ...]]] = {
    "bp": {"lr": (3e-4, 1e-3)},
    "dfa": {"lr": (3e-4, 1e-3)},
    "dtp": {"lr": (5e-4, 1e-3, 2e-3), "noise": (0.0837, 0.3), "inverse_lr": (1.96e-3, 5e-4)},
    "sdtp": {"lr": (5e-4, 1e-3, 2e-3), "noise": (0.1, 0.3), "step_size": (0.2,)},
    "ddtp": {"lr": (5e-4, 1e-3, 2e-3), "noise": (0.0908, 0.3)},
    "itp_drl": {"lr": (5e-4, 1e-3, 2e-3), "noise": (0.0569, 0.2)},
}


def fixed(rule: str) -> dict[str, Any]:
    """Return the attributes of a rule's published form."""
    return {"preset": "meulemans2020"} if rule == "dtp" else {}


def run_of(rule: str, found: Mapping[str, float]) -> Specification:
    """Return the run with these values of a rule's grid."""
    searched = {name: value for name, value in found.items() if name != "lr"}
    return RUN.replace(rule=rule, lr=found["lr"], attributes={**fixed(rule), **searched})


def found() -> dict[str, dict[str, float]]:
    """Return the settings that the committed search chose for each rule."""
    text = resources.files(__package__).joinpath(FOUND).read_text("utf-8")
    best: dict[str, dict[str, float]] = json.loads(text)["best"]
    return best
