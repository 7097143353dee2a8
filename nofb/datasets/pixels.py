"""Turns images stored as uint8 into float32 pixels between 0 and 1.

All image data sets use this function, for every file format.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nofb.datasets.dataset import Dataset

Split = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def image_dataset(name: str, train: Split, test: Split, white: int = 255) -> Dataset:
    """Return flat samples from two splits of (images (n, C, H, W), labels (n,)), both uint8.

    `white` is the brightest value a pixel can have.

    Examples
    --------
    >>> import numpy as np
    >>> images = np.array([0, 8, 16, 4], dtype=np.uint8).reshape(2, 1, 1, 2)
    >>> labels = np.array([0, 1], dtype=np.uint8)
    >>> image_dataset("dots", (images, labels), (images, labels), white=16).x_train
    array([[0.  , 0.5 ],
           [1.  , 0.25]], dtype=float32)
    """
    return Dataset(
        _unit_range(train[0], white),
        train[1],
        _unit_range(test[0], white),
        test[1],
        name=name,
        image_shape=train[0].shape[1:],
    ).flat()


def _unit_range(images: NDArray[np.uint8], white: int) -> NDArray[np.float32]:
    # With dtype given, NumPy 1 does not fall back to float16 for bytes over a small scalar.
    return np.divide(images, white, dtype=np.float32)
