"""Makes the embedded files from their originals, so that their content can be checked.

Run `python -m nofb.datasets.embed digits.csv.gz FASHION_DIR --text shakespeare.txt`: the digits as
scikit-learn ships them, a folder with the four Fashion-MNIST files, and the data set "shakespeare".
"""

from __future__ import annotations

import argparse
import gzip
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nofb.datasets.download import checked_content
from nofb.datasets.idx import parse_idx
from nofb.datasets.sources import FASHION_MNIST
from nofb.datasets.splits import stratified_split
from nofb.datasets.texts import EMBEDDED

FOLDER = Path(__file__).parent / "embedded"
SEED = 0
FASHION_TRAIN_PER_CLASS = 200
FASHION_TEST_PER_CLASS = 50
# From Richard III on, over Richard II, to the end of Romeo and Juliet.
FIRST_LINE = "GLOUCESTER:\nNow is the winter of our discontent"
NEXT_PLAY = "WARWICK:\nI wonder how the king escaped our hands"

Bytes = NDArray[np.uint8]
Rows = NDArray[np.int64]


def main(arguments: list[str] | None = None) -> None:
    """Write the embedded files into their folder, the text if its original is given."""
    parser = argparse.ArgumentParser(prog="python -m nofb.datasets.embed", description=__doc__)
    parser.add_argument("digits", type=Path, metavar="digits.csv.gz")
    parser.add_argument("fashion", type=Path, metavar="FASHION_DIR")
    parser.add_argument("--text", type=Path, metavar="shakespeare.txt")
    given = parser.parse_args(arguments)
    embed_digits(given.digits, FOLDER / "digits.npz")
    embed_fashion(given.fashion, FOLDER / "fashion_small.npz")
    if given.text is not None:
        embed_text(given.text, FOLDER / EMBEDDED)


def embed_digits(csv: Path, target: Path) -> None:
    """Write all 1,797 digits, a stratified fifth of them as the test split."""
    table = np.loadtxt(csv, delimiter=",", dtype=np.uint8)  # (1797, 65), the label comes last
    images, labels = table[:, :-1].reshape(-1, 1, 8, 8), table[:, -1]
    rng = np.random.default_rng(SEED)
    train, test = stratified_split(labels.astype(np.int64), 0.2, rng)
    train, test = rng.permutation(train), rng.permutation(test)
    _write(target, (images, labels, train), (images, labels, test))


def embed_fashion(folder: Path, target: Path) -> None:
    """Write a balanced part of the training files, and of the test files as the test split."""
    train_images, train_labels, test_images, test_labels = (
        parse_idx(checked_content(folder / file.name, file, file.name), file.name)
        for file in FASHION_MNIST.files
    )
    rng = np.random.default_rng(SEED)
    train = _balanced_rows(train_labels, FASHION_TRAIN_PER_CLASS, rng)
    test = _balanced_rows(test_labels, FASHION_TEST_PER_CLASS, rng)
    _write(
        target,
        (train_images[:, None], train_labels, train),
        (test_images[:, None], test_labels, test),
    )


def embed_text(original: Path, target: Path) -> None:
    """Write three of the plays, unchanged."""
    plays = original.read_text("utf-8")
    part = plays[plays.index(FIRST_LINE) : plays.index(NEXT_PLAY)]
    target.write_bytes(gzip.compress(part.encode("utf-8"), 9, mtime=0))


def _balanced_rows(labels: Bytes, per_class: int, rng: np.random.Generator) -> Rows:
    chosen = [
        rng.choice(np.flatnonzero(labels == label), per_class, replace=False)
        for label in np.unique(labels)
    ]
    return rng.permutation(np.concatenate(chosen))


def _write(target: Path, *splits: tuple[Bytes, Bytes, Rows]) -> None:
    np.savez_compressed(
        target,
        images=np.concatenate([images[rows] for images, _, rows in splits]),
        labels=np.concatenate([labels[rows] for _, labels, rows in splits]),
        source_rows=np.concatenate([rows for *_, rows in splits]).astype(np.uint16),
        n_train=np.int64(len(splits[0][2])),
    )


if __name__ == "__main__":
    main()
