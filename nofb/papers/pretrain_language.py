"""Pretrain the small causal language model that nofb ships, on Shakespeare, by characters.

`python -m nofb.papers.pretrain_language` takes about four minutes on one idle core. It may be
stopped: the same command resumes it after the last finished epoch, from
`nofb-pretrain-language.npz`.
"""

from __future__ import annotations

from pathlib import Path

from nofb import AdamW, datasets, rules
from nofb.datasets import Dataset
from nofb.papers.shipping import ship
from nofb.schedules import warmup
from nofb.training import Checkpoint, Run, fit
from nofb.transfer import pretrained

COMMAND = "python -m nofb.papers.pretrain_language"
CHECKPOINT = Path("nofb-pretrain-language.npz")
EPOCHS, BATCH_SIZE, SEED = 6, 32, 0
LR = 3e-3


def shakespeare() -> Dataset:
    """Return the text, with the tokens that source code needs too."""
    return datasets.with_vocabulary(datasets.load("shakespeare"), datasets.PRINTABLE)


def pretrain(data: Dataset, checkpoint: Path | None = None, epochs: int = EPOCHS) -> Run:
    """Train the transformer by backprop; a checkpoint is resumed."""
    return fit(
        pretrained.empty(SEED, name="language"),
        rules.make("bp"),
        data,
        epochs,
        BATCH_SIZE,
        AdamW(lr=LR, schedule=warmup(0.05)),
        seed=SEED,
        probe=0,
        checkpoint=None if checkpoint is None else Checkpoint(checkpoint, resume=True),
    )


def main(arguments: list[str] | None = None) -> None:
    """Pretrain, and write the weights, with a note on how they were made."""
    ship(
        lambda: pretrain(shakespeare(), CHECKPOINT),
        "test_loss",
        command=COMMAND,
        about=__doc__,
        file="language.npz",
        seed=SEED,
        epochs=EPOCHS,
        arguments=arguments,
    )


if __name__ == "__main__":
    main()
