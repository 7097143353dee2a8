"""Pretrain the small causal language model that nofb ships, on Shakespeare, by characters.

`python -m nofb.papers.pretrain_language` takes about four minutes on one idle core. It may be
stopped: the same command resumes it after the last finished epoch, from
`nofb-pretrain-language.npz`.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

from nofb import AdamW, datasets, rules
from nofb.datasets import Dataset
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
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("language.npz"), metavar="FILE")
    given = parser.parse_args(arguments)
    run = pretrain(shakespeare(), CHECKPOINT)
    made = {
        "command": COMMAND,
        "seed": SEED,
        "epochs": EPOCHS,
        "minutes": round(float(run.history["seconds"].sum()) / 60, 1),
        "test_loss": round(float(run.history["test_loss"][-1]), 4),
    }
    with TemporaryDirectory() as folder:
        run.net.save(Path(folder, "whole.npz"))
        pretrained.keep(Path(folder, "whole.npz"), given.out, made)
    print(f"{given.out}: {made}")


if __name__ == "__main__":
    main()
