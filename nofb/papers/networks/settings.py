"""What is trained: four networks, the rules that work on all of them, and their learning rates.

A rule that sends targets needs dense layers in a chain, so none of those is here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import resources
from typing import Any

from nofb import Adam, datasets, networks
from nofb.datasets import Dataset
from nofb.diagnosis import ALIGNMENT
from nofb.rules import make
from nofb.training import Run, fit
from nofb.training.interrupts import end_everything

FOUND = "found.json"  # beside this file; `python -m nofb.papers.networks.search` writes it
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
BATCH_SIZE = {"lenet": 32, "resnet": 32, "vision_transformer": 32, "language_model": 32}


def load(network: str) -> Dataset:
    """Return the text for the language model, and digits for the others, pixels in [-1, 1]."""
    if network == TEXT:
        return datasets.load("text")
    return networks.prepared(network, datasets.load("digits").centred())


@end_everything()
def train(task: Mapping[str, Any], data: Dataset, **options: Any) -> Run:
    """Train what a task says: its network, rule, seed, epochs and learning rate."""
    network = task["network"]
    return fit(
        networks.make(network, data, seed=task["seed"], **OPTIONS[network]),
        make(task["rule"]),
        data,
        task["epochs"],
        BATCH_SIZE[network],
        Adam(lr=task["lr"], schedule="cosine"),
        seed=task["seed"],
        progress=False,
        **options,
    )


def rate(network: str, rule: str) -> float:
    """Return the learning rate that the committed search chose for a rule."""
    text = resources.files(__package__).joinpath(FOUND).read_text("utf-8")
    found: dict[str, dict[str, float]] = json.loads(text)["rates"]
    return found[network][rule]
