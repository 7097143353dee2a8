"""Pre-tune a feedback path on the pretrained vision transformer: the path that nofb ships.

`python -m nofb.papers.toast.pretune` takes about two minutes on one core. A, C, ξ and a head learn
the pretraining task again, by the second pass, and A also learns to invert each block (L_var).
"""

from __future__ import annotations

import numpy as np

from nofb import AdamW, Network, rules
from nofb.datasets import Dataset, composites
from nofb.papers.shipping import ship
from nofb.schedules import warmup
from nofb.training import Run, fit
from nofb.transfer import Toast, pretrained

COMMAND = "python -m nofb.papers.toast.pretune"
SAMPLES, TEST = 35_000, 2_000
EPOCHS, BATCH_SIZE, SEED = 6, 128, 0
LR, RECONSTRUCTION, MAX_GRADIENT = 0.01, 0.1, 1.0


def samples(n: int = SAMPLES, test: int = TEST) -> Dataset:
    """Return the first samples of the pretraining task."""
    splits = zip(composites.load(composites.PRETRAINING), (n, test), strict=True)
    x_train, y_train, x_test, y_test = (
        part
        for split, count in splits
        for part in (split.images[:count] / np.float32(255), split.by_priority()[:count])
    )
    return Dataset(x_train, y_train, x_test, y_test, "composites_pretraining")


def pretune(net: Network, data: Dataset, epochs: int = EPOCHS) -> tuple[Toast, Run]:
    """Return a TOAST with a pre-tuned feedback path, and the run that tuned it."""
    model = Toast(net, data.n_outputs, SEED, stage="pretune", reconstruction=RECONSTRUCTION)
    optimizer = AdamW(lr=LR, decay=0, schedule=warmup(), max_gradient=MAX_GRADIENT)
    rule = rules.make("bp")
    run = fit(model, rule, data, epochs, BATCH_SIZE, optimizer, SEED, probe=0)
    return model, run


def main(arguments: list[str] | None = None) -> None:
    """Pre-tune, and write the path, with a note on how it was made."""
    ship(
        lambda: pretune(pretrained.backbone("vision"), samples())[1],
        "test_accuracy",
        command=COMMAND,
        about=__doc__,
        file="vision_toast.npz",
        seed=SEED,
        epochs=EPOCHS,
        arguments=arguments,
    )


if __name__ == "__main__":
    main()
