"""What the commands share that make the weights of nofb: train, and write in half precision."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from nofb.training import Run
from nofb.transfer import pretrained


def ship(
    train: Callable[[], Run],
    measure: str,
    *,
    command: str,
    about: str | None,
    file: str,
    seed: int,
    epochs: int,
    arguments: Sequence[str] | None,
) -> None:
    """Train, and write the weights, with a note on how they were made.

    Parameters
    ----------
    train
        Returns the finished run.
    measure
        What the note says of its last epoch, such as "test_accuracy".
    command, about, file
        The command, what it does, and the file that it writes unless it is told another one.
    seed, epochs
        Those of the run, for the note.
    arguments
        The words after the command; `None` for those of the process.
    """
    parser = argparse.ArgumentParser(prog=command, description=about)
    parser.add_argument("--out", type=Path, default=Path(file), metavar="FILE")
    target = parser.parse_args(arguments).out
    run = train()
    made = {
        "command": command,
        "seed": seed,
        "epochs": epochs,
        "minutes": round(float(run.history["seconds"].sum()) / 60, 1),
        measure: round(float(run.history[measure][-1]), 4),
    }
    with TemporaryDirectory() as folder:
        run.net.save(Path(folder, "whole.npz"))
        pretrained.keep(Path(folder, "whole.npz"), target, made)
    print(f"{target}: {made}")
