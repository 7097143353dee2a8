"""Pretrain the small vision transformer that nofb ships.

`python -m nofb.papers.toast.pretrain` takes about five minutes on one core. It may be stopped: the
same command resumes it after the last finished epoch, from `nofb-pretrain.npz`.
"""

from __future__ import annotations

from pathlib import Path

from nofb import AdamW, Network, datasets, rules
from nofb.datasets import Dataset, composites
from nofb.papers.shipping import ship
from nofb.schedules import warmup
from nofb.training import Checkpoint, Run, fit
from nofb.transfer import pretrained

COMMAND = "python -m nofb.papers.toast.pretrain"
CHECKPOINT = Path("nofb-pretrain.npz")
EPOCHS, BATCH_SIZE, SEED = 5, 128, 0
LR, DECAY = 2.5e-3, 0.05  # as in PyTorch: decay is multiplied by the rate


def pretrain(
    data: Dataset,
    checkpoint: Path | None = None,
    epochs: int = EPOCHS,
    net: Network | None = None,
) -> Run:
    """Train a transformer by backprop; a checkpoint is resumed."""
    return fit(
        net or pretrained.empty(SEED),
        rules.make("bp"),
        data.as_images(),
        epochs,
        BATCH_SIZE,
        AdamW(lr=LR, decay=LR * DECAY, schedule=warmup(0.05)),
        seed=SEED,
        probe=0,
        checkpoint=None if checkpoint is None else Checkpoint(checkpoint, resume=True),
    )


def main(arguments: list[str] | None = None) -> None:
    """Pretrain, and write the weights, with a note on how they were made."""
    ship(
        lambda: pretrain(datasets.load(composites.PRETRAINING), CHECKPOINT),
        "test_accuracy",
        command=COMMAND,
        about=__doc__,
        file="vision.npz",
        seed=SEED,
        epochs=EPOCHS,
        arguments=arguments,
    )


if __name__ == "__main__":
    main()
