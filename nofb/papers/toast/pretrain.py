"""Pretrain the small vision transformer that nofb ships.

`python -m nofb.papers.toast.pretrain` takes about five minutes on one core. It may be stopped: the
same command resumes it after the last finished epoch, from `nofb-pretrain.npz`.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

from nofb import AdamW, Network, datasets, rules
from nofb.datasets import Dataset, composites
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
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("vision.npz"), metavar="FILE")
    given = parser.parse_args(arguments)
    run = pretrain(datasets.load(composites.PRETRAINING), CHECKPOINT)
    made = {
        "command": COMMAND,
        "seed": SEED,
        "epochs": EPOCHS,
        "minutes": round(float(run.history["seconds"].sum()) / 60, 1),
        "test_accuracy": round(float(run.history["test_accuracy"][-1]), 4),
    }
    with TemporaryDirectory() as folder:
        run.net.save(Path(folder, "whole.npz"))
        pretrained.keep(Path(folder, "whole.npz"), given.out, made)
    print(f"{given.out}: {made}")


if __name__ == "__main__":
    main()
