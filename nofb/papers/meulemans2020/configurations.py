"""The settings of each rule, on a laptop and at the paper's scale.

On a laptop: the embedded part of Fashion-MNIST, four layers of 128, the same learning rate for all,
and the attributes of each rule. Full, as in the paper: Fashion-MNIST, five layers of 256, 100
epochs, ten seeds, double precision, and `PAPER`, the settings of the released code.

Differences of the released code:

    η̂ multiplies the gradient of a batch's mean, so that ours is η̂ / N
    a rate is divided by η̂, and Adam's ε is for steps 2 η̂ / N times ours   `Released`
    the inverses' Adam has β, ε and a decay in the gradient of its own      left out
    a batch's targets come before its inverse step                          here after it
    c is chosen for each layer and rule, where the angle is smallest        here one c for all
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nofb.diagnosis.step_angles import DAMPING
from nofb.runs.specification import Specification

SEEDS = {"laptop": 3, "full": 10}
SCALES = {
    "laptop": Specification(
        data="fashion_small",
        hidden=(128,) * 4,
        batch_size=32,
        epochs=20,
        optimizer="adam",
        lr=1e-3,
        optimizer_options={"schedule": "constant"},
        input_dropout=0.0,
        centred=False,
        probe=0,
    )
}
SCALES["full"] = SCALES["laptop"].replace(
    data="fashion_mnist",
    hidden=(256,) * 5,
    dtype="float64",
    batch_size=128,
    epochs=100,
    lr=6.543e-5 / 0.2329,  # that of dtp, for rules that are not in the paper
)


@dataclass(frozen=True)
class Released:
    """A rule's hyper-parameters as in the released code; without η̂ they are ours."""

    lr: float
    step_size: float | None = None
    beta2: float = 0.999
    epsilon: float = 1e-8
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def applied_to(self, run: Specification) -> Specification:
        """Return a run with Adam for steps that are means over the batch, without η̂.

        A rule that sends targets keeps the η̂ of a sample's gradient.
        """
        lr, epsilon, attributes = self.lr, self.epsilon, dict(self.attributes)
        if self.step_size is not None:
            lr /= self.step_size
            epsilon *= run.batch_size / (2 * self.step_size)
            attributes["step_size"] = self.step_size / run.batch_size
        options = {**run.optimizer_options, "beta2": self.beta2, "epsilon": epsilon}
        return run.replace(lr=lr, optimizer_options=options, attributes=attributes)


ALONE = {"epochs_before": 6, "epochs_between": 1}  # for the inverses
THEIRS = {"preset": "meulemans2020"}  # their form of difference target propagation
PAPER = {
    "bp": Released(4.730e-4, epsilon=1.291e-4),
    "dfa": Released(  # η̂ = 1 there, and half of N = 128
        3.226e-3, epsilon=64 * 3.634e-5, attributes={"feedback_init": "xavier"}
    ),
    "dtp": Released(
        6.543e-5, 0.2329, 0.99, 1.273e-7, {**THEIRS, "inverse_lr": 1.957e-3, "noise": 0.2915}
    ),
    "dtp_drl": Released(
        5.007e-5, 0.03418, 0.99, 1.164e-7, {**ALONE, "inverse_lr": 1.027e-5, "noise": 0.06003}
    ),
    "ddtp": Released(
        1.451e-4, 0.06121, 0.999, 9.734e-8, {**ALONE, "inverse_lr": 2.824e-5, "noise": 0.02589}
    ),
}
OWN: dict[str, dict[str, Any]] = {
    "dtp": {**THEIRS, "noise": 0.3598, "inverse_lr": 0.005011},  # Lee et al.'s, as the kept runs
    "gnt": {"damping": DAMPING},
}


def specified(scale: str, rule: str) -> Specification:
    """Return the run of a rule, with seed 0.

    Examples
    --------
    >>> specified("full", "dtp").make_rule().step_size * 128
    0.2329
    """
    run = SCALES[scale].replace(rule=rule, attributes=OWN.get(rule, {}))
    return PAPER[rule].applied_to(run) if scale == "full" and rule in PAPER else run
