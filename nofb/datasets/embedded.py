"""The two small data sets that are in the package, so that everything runs offline.

Their split is in the file, so it does not depend on the version of a random generator.
"""

from __future__ import annotations

from importlib.resources import files

import numpy as np

from nofb.datasets.dataset import Dataset
from nofb.datasets.pixels import Split, image_dataset


def load_embedded(name: str, white: int) -> Dataset:
    """Read embedded/`name`.npz and divide its uint8 pixels by `white`, the brightest value."""
    return image_dataset(name, *stored(name), white)


def stored(name: str) -> tuple[Split, Split]:
    """Return the training and the test images and labels of embedded/`name`.npz, as bytes.

    The file holds `images` (n, C, H, W) with the training samples first, `labels` (n,),
    `n_train`, and `source_rows` (n,): the row of each sample in the original file.
    """
    with (
        files("nofb.datasets").joinpath("embedded", f"{name}.npz").open("rb") as stream,
        np.load(stream, allow_pickle=False) as stored,
    ):
        images, labels, n_train = stored["images"], stored["labels"], int(stored["n_train"])
    train, test = slice(None, n_train), slice(n_train, None)
    return (images[train], labels[train]), (images[test], labels[test])
