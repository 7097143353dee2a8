"""Composites: a digit and a garment side by side, for learning to attend to one of two objects.

An image has 28 x 56 pixels. A digit (MNIST) and a garment (Fashion-MNIST) are on random sides; or
there is only a garment, and the other side is black. Two tasks use the same images:

- *pretraining*: the class of a pair is its digit (0 to 9), that of a garment alone is the garment
  (10 to 19). A network learns both kinds, and to prefer the digit.
- *transfer*: every image is a pair, and its class is the garment (0 to 9).

No original image is in two splits. Of both training files, the first 50,000 images are for
pretraining, and the last 10,000 for transfer; every test image comes from the test files, whose
first halves are for pretraining and whose second halves are for transfer.

`composites_small` is the transfer task from the embedded data: enlarged digits of UCI optdigits,
and the garments of `fashion_small`. Some of its training images are also used in pretraining.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nofb import checks
from nofb.datasets import sources
from nofb.datasets.dataset import Dataset
from nofb.datasets.embedded import stored
from nofb.datasets.idx import Labelled, fetch_idx
from nofb.datasets.pixels import image_dataset

Images = NDArray[np.uint8]
Labels = NDArray[np.uint8]

SIDE = 28
INNER = 20  # pixels of MNIST's digits, without the margin
N_DIGITS = 10
TRANSFER, SMALL, PRETRAINING = NAMES = "composites", "composites_small", "composites_pretraining"

# Of the training file and of the test file.
ROWS = {
    PRETRAINING: (slice(0, 50_000), slice(0, 5_000)),
    TRANSFER: (slice(50_000, 60_000), slice(5_000, 10_000)),
}
SIZES = {PRETRAINING: (115_000, 10_000), TRANSFER: (8_000, 2_000)}
ALONE = {PRETRAINING: 0.5, TRANSFER: 0.0}


@dataclass(frozen=True)
class Composites:
    """Composite images, and the objects in them.

    Attributes
    ----------
    images
        (n, 1, 28, 56), from 0 to 255.
    digits, garments
        (n,), the class of each object.
    alone
        (n,), whether the image has only a garment.
    right
        (n,), whether the garment is on the right.
    """

    images: Images
    digits: Labels
    garments: Labels
    alone: NDArray[np.bool_]
    right: NDArray[np.bool_]

    def by_priority(self) -> Labels:
        """Return the classes for pretraining: the digit's, or 10 + the garment's if it is alone."""
        return np.where(self.alone, self.garments + np.uint8(N_DIGITS), self.digits)


def compose(
    digits: Labelled, garments: Labelled, n: int, seed: int, alone: float = 0.0
) -> Composites:
    """Draw composites.

    Parameters
    ----------
    digits, garments
        Images (m, 28, 28) and their classes (m,). No image is used twice before all have been used
        once.
    n
        The number of composites.
    seed
        Seed of the generator.
    alone
        The fraction of garments without a digit, from 0 to less than 1.

    Examples
    --------
    >>> black, white = np.zeros((3, 28, 28), np.uint8), np.full((2, 28, 28), 255, np.uint8)
    >>> drawn = compose((black, np.arange(3)), (white, np.arange(2)), n=4, seed=0)
    >>> drawn.images[:, 0, 0, -1] == np.where(drawn.right, 255, 0)
    array([ True,  True,  True,  True])
    """
    n, seed = checks.whole("n", n), checks.whole("seed", seed, least=0)
    alone = checks.number("alone", alone, least=0, below=1)
    rng = np.random.default_rng(seed)
    rows = [_turns(len(labels), n, rng) for _, labels in (digits, garments)]
    lonely = np.arange(n) < round(alone * n)
    rng.shuffle(lonely)
    right = rng.random(n) < 0.5
    images = np.zeros((n, 1, SIDE, 2 * SIDE), np.uint8)
    halves = images.reshape(n, SIDE, 2, SIDE)  # n, row, side, column: a view
    halves[np.arange(n), :, right.astype(int)] = garments[0][rows[1]]
    pairs = np.flatnonzero(~lonely)
    halves[pairs, :, 1 - right[pairs].astype(int)] = digits[0][rows[0][pairs]]
    return Composites(images, digits[1][rows[0]], garments[1][rows[1]], lonely, right)


def _turns(count: int, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return n row indices: all rows in a random order, then all of them in another order."""
    return np.concatenate([rng.permutation(count) for _ in range(-(-n // count))])[:n]


def load(name: str) -> tuple[Composites, Composites]:
    """Return the training and the test composites of a data set, one of `NAMES`.

    Examples
    --------
    >>> train, test = load("composites_small")
    >>> train.images.shape, test.images.shape
    ((2000, 1, 28, 56), (500, 1, 28, 56))
    """
    checks.choice("name", name, NAMES)
    if name == SMALL:
        digits, garments = _small_digits(), _unchannelled(stored("fashion_small"))
        train, test = zip(digits, garments, strict=True)
        return compose(*train, n=2_000, seed=0), compose(*test, n=500, seed=1)
    digits, garments = fetch_idx(sources.MNIST), fetch_idx(sources.FASHION_MNIST)
    parts = []
    for file, (rows, n) in enumerate(zip(ROWS[name], SIZES[name], strict=True)):
        digit, garment = ((x[rows], y[rows]) for x, y in (digits[file], garments[file]))
        parts.append(compose(digit, garment, n, seed=file, alone=ALONE[name]))
    return parts[0], parts[1]


def dataset(name: str) -> Dataset:
    """Return composites with their classes as a data set."""
    splits = [
        (each.images, each.by_priority() if name == PRETRAINING else each.garments)
        for each in load(name)
    ]
    return image_dataset(name, splits[0], splits[1])


def _small_digits() -> tuple[Labelled, Labelled]:
    """Return the embedded digits at the size of MNIST's: 20 x 20 pixels, and a black margin."""
    train, test = ((enlarged(x[:, 0]), y) for x, y in stored("digits"))
    return train, test


def enlarged(images: Images, white: int = 16) -> Images:
    """Enlarge images of 8 x 8 pixels to 20 x 20 by linear interpolation, in the middle of 28 x 28.

    Examples
    --------
    >>> large = enlarged(np.full((1, 8, 8), 16, np.uint8))
    >>> large.shape, int(large[0, 4, 4]), int(large[0, 3, 4])
    ((1, 28, 28), 255, 0)
    """
    places = np.linspace(0, images.shape[1] - 1, INNER)  # of the new pixels, in the old grid
    mix = np.maximum(0, 1 - abs(places[:, None] - np.arange(images.shape[1])))  # (20, 8)
    inner = mix @ (images * (255 / white)) @ mix.T
    margin = (SIDE - INNER) // 2
    return np.pad(inner.round().astype(np.uint8), ((0, 0), (margin, margin), (margin, margin)))


def _unchannelled(splits: tuple[Labelled, Labelled]) -> tuple[Labelled, Labelled]:
    train, test = ((x[:, 0], y) for x, y in splits)
    return train, test
