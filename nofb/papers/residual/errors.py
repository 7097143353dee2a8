"""Does the published order appear: FA far behind, sign-symmetry between, WM and KP near backprop?

Akrout et al. show it for ResNet-18 and ResNet-50 on ImageNet; here it is ResNet-8 on CIFAR-10.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nofb.papers.found import found
from nofb.papers.image_errors import ImageErrors
from nofb.runs.specification import Specification
from nofb.training.callbacks import AfterEpoch

RULES = ("bp", "kp", "wm", "usf", "fa", "dfa")
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
)


def train(task: dict[str, Any], callbacks: Sequence[AfterEpoch] = ()) -> dict[str, Any]:
    """Train once; return errors over epochs, and the angle at each layer at the end."""
    return TABLE.train(task, callbacks)


PART = TABLE.part(train, "residual")
