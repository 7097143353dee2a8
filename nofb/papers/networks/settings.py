"""The settings: four networks, the rules that work on all of them, and their learning rates.

A rule that sends targets needs a chain of dense layers, so these rules are left out.
"""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from nofb.diagnosis import ALIGNMENT
from nofb.papers.study import Task
from nofb.runs.specification import Specification

FOUND = "found.json"  # in this folder; `python -m nofb.papers.networks.search` writes it
MEASURES = tuple(each for each in ALIGNMENT if each.name == "delta_angle_end_to_end")

OPTIONS: dict[str, dict[str, Any]] = {
    "lenet": {},
    "resnet": {"blocks": 1},
    "vision_transformer": {"patch": 2, "units": 32, "blocks": 2},
    "language_model": {"units": 64, "blocks": 2},
}
TITLES = {
    "lenet": "LeNet",
    "resnet": "ResNet-8",
    "vision_transformer": "vision transformer",
    "language_model": "language model",
}
IMAGES = ("lenet", "resnet", "vision_transformer")
TEXT = "language_model"
RULES = ("bp", "wm", "kp", "sa", "ia", "np_feedback", "usf", "brsf", "frsf", "fa", "dfa_blocks",
         "dkp", "dfa", "ifa", "drtp", "sdfa", "pepita", "ff", "shallow")  # fmt: skip
TEXT_RULES = ("bp", "wm", "kp", "fa", "dfa_blocks", "dfa", "shallow")


def run_of(network: str, rule: str, **chosen: Any) -> Specification:
    """Return one run: on the text for the language model, on digits for the others.

    Examples
    --------
    >>> run_of("lenet", "fa", seed=1, epochs=2, lr=0.002).load().x_train.shape
    (1438, 1, 8, 8)
    """
    data = "text" if network == TEXT else "digits"
    return Specification(
        data=data, network=network, optimizer="adam", rule=rule, **OPTIONS[network], **chosen
    )


def run_for(task: Task) -> Specification:
    """Return the run of a task of the study."""
    chosen = {name: task[name] for name in ("network", "rule", "seed", "epochs", "lr")}
    return run_of(**chosen)


def rate(network: str, rule: str) -> float:
    """Return the learning rate that the committed search chose for a rule."""
    text = resources.files(__package__).joinpath(FOUND).read_text("utf-8")
    found: dict[str, dict[str, float]] = json.loads(text)["rates"]
    return found[network][rule]
