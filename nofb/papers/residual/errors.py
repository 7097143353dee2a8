"""Does the published order appear: FA far behind, sign-symmetry between, WM and KP near backprop?

Akrout et al. show it for ResNet-18 and ResNet-50 on ImageNet; here it is ResNet-8 on CIFAR-10.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from nofb.papers.compared import Claim
from nofb.papers.errors import results_of
from nofb.papers.found import found
from nofb.papers.image_errors import ImageErrors
from nofb.papers.study import Record
from nofb.runs.specification import Specification
from nofb.training.callbacks import AfterEpoch

RULES = ("bp", "kp", "wm", "usf", "fa", "dfa")
ORDER = (
    ("wm", "usf", "a mirror is better than sign-symmetry"),
    ("kp", "usf", "Kolen-Pollack is better than sign-symmetry"),
    ("usf", "fa", "sign-symmetry is better than feedback alignment"),
)
RUN = Specification(network="resnet", data="cifar10_jpeg", blocks=1, optimizer="adam",
                    epochs=10, batch_size=64)  # fmt: skip
TABLE = ImageErrors(
    heading="ResNet-8, CIFAR-10 re-encoded as JPEG: test error in per cent",
    run=RUN,
    data=("cifar10_jpeg",),
    rules=RULES,
    seeds=2,
    published={},
    rate=lambda data, rule: found(__package__)[rule]["lr"],
    network="ResNet-8",
)


def train(task: dict[str, Any], callbacks: Sequence[AfterEpoch] = ()) -> dict[str, Any]:
    """Train once; return errors over epochs, and the angle at each layer at the end."""
    return TABLE.train(task, callbacks)


def claims(records: Sequence[Record]) -> Iterator[Claim]:
    """Yield the order of Akrout et al., as far as the runs are here."""
    runs = {rule: results_of(records, rule=rule) for rule in RULES}
    last = {
        rule: float(np.mean([run["test_error"][-1] for run in seeds]))
        for rule, seeds in runs.items()
        if seeds
    }
    for better, worse, text in ORDER:
        if better in last and worse in last:
            measured = f"{better} {last[better]:.1f} %, {worse} {last[worse]:.1f} %"
            yield Claim(f"ResNet-8: {text}", measured, last[better] < last[worse])


PART = replace(TABLE.part(train, "residual"), claims=claims)
