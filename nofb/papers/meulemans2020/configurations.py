"""With what each rule runs, on a laptop and at the paper's scale.

The laptop's is the embedded part of Fashion-MNIST, four layers of 128, one learning rate, and each
rule's own attributes. The full one is the paper's: Fashion-MNIST, five layers of 256, 100 epochs,
ten seeds, double precision, and `PAPER`, what its released code has.

What the released code does otherwise:

    η̂ multiplies the gradient of a batch's mean, so that ours is η̂ / N
    a rate is divided by η̂, and Adam's ε is for steps 2 η̂ / N times ours   `Configuration`
    the inverses' Adam has β, ε and a decay in the gradient of its own      left out
    a batch's targets come before its inverse step                          here after it
    c is chosen for each layer and rule, where the angle is smallest        here one c for all
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nofb.diagnosis.step_angles import DAMPING
from nofb.optimizers import Adam
from nofb.rules import Rule, make

LR = 1e-3


@dataclass(frozen=True)
class Scale:
    """How much is run, and how exactly."""

    data: str
    hidden: tuple[int, ...]
    batch: int
    epochs: int
    seeds: int
    dtype: type[np.float32] | type[np.float64]


SCALES = {
    "laptop": Scale("fashion_small", (128,) * 4, 32, 20, 3, np.float32),
    "full": Scale("fashion_mnist", (256,) * 5, 128, 100, 10, np.float64),
}


@dataclass(frozen=True)
class Configuration:
    """A rule's hyper-parameters as the released code writes them; without η̂ they are ours."""

    lr: float
    step_size: float | None = None
    beta2: float = 0.999
    epsilon: float = 1e-8
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def optimizer(self, batch: int) -> Adam:
        """Return Adam for steps that are means over the batch, and free of η̂."""
        if self.step_size is None:
            return Adam(self.lr, beta2=self.beta2, epsilon=self.epsilon)
        epsilon = self.epsilon * batch / (2 * self.step_size)
        return Adam(self.lr / self.step_size, beta2=self.beta2, epsilon=epsilon)

    def rule(self, name: str, batch: int) -> Rule:
        """Return the rule, with the η̂ of a sample's gradient where it sends targets."""
        size = {} if self.step_size is None else {"step_size": self.step_size / batch}
        return make(name, **self.attributes, **size)


ALONE = {"epochs_before": 6, "epochs_between": 1}  # for the inverses
THEIRS = {"preset": "meulemans2020"}  # their form of difference target propagation
PAPER = {
    "bp": Configuration(4.730e-4, epsilon=1.291e-4),
    "dfa": Configuration(  # η̂ = 1 there, and half of N = 128
        3.226e-3, epsilon=64 * 3.634e-5, attributes={"feedback_init": "xavier"}
    ),
    "dtp": Configuration(
        6.543e-5, 0.2329, 0.99, 1.273e-7, {**THEIRS, "inverse_lr": 1.957e-3, "noise": 0.2915}
    ),
    "dtp_drl": Configuration(
        5.007e-5, 0.03418, 0.99, 1.164e-7, {**ALONE, "inverse_lr": 1.027e-5, "noise": 0.06003}
    ),
    "ddtp": Configuration(
        1.451e-4, 0.06121, 0.999, 9.734e-8, {**ALONE, "inverse_lr": 2.824e-5, "noise": 0.02589}
    ),
}
OWN: dict[str, dict[str, Any]] = {
    "dtp": {**THEIRS, "noise": 0.3598, "inverse_lr": 0.005011},  # Lee et al.'s, as the kept runs
    "gnt": {"damping": DAMPING},
}
PAPERS_RATE = 6.543e-5 / 0.2329  # dtp's, for the rules that the paper does not have


def configuration(scale: str, rule: str) -> Configuration:
    """Return what a rule is run with."""
    if scale == "full" and rule in PAPER:
        return PAPER[rule]
    return Configuration(PAPERS_RATE if scale == "full" else LR, attributes=OWN.get(rule, {}))
