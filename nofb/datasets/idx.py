"""The idx format of the MNIST files: a magic number, the sizes, then the bytes of the array.

The two zero bytes, the type code and the number of dimensions come first, all big-endian.
"""

from __future__ import annotations

import math
import struct

import numpy as np
from numpy.typing import NDArray

from nofb.datasets import download
from nofb.datasets.sources import Source

Labelled = tuple[NDArray[np.uint8], NDArray[np.uint8]]  # (n, height, width), (n,)

UNSIGNED_BYTE = 0x08


def parse_idx(content: bytes, source: str) -> NDArray[np.uint8]:
    """Return the uint8 array that a decompressed idx file holds.

    Parameters
    ----------
    content : bytes
        The whole file, decompressed.
    source : str
        The name of the file in an error message.

    Raises
    ------
    ValueError
        If the header is not that of unsigned bytes, or the length differs from that in the header.

    Examples
    --------
    >>> parse_idx(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1]), "three labels")
    array([7, 2, 1], dtype=uint8)
    """
    if len(content) < 4 or content[:3] != bytes([0, 0, UNSIGNED_BYTE]):
        raise ValueError(
            f"{source} starts with the bytes {content[:4].hex()!r}; "
            "an idx file of unsigned bytes starts with '000008'."
        )
    start = 4 + 4 * content[3]
    if len(content) < start:
        raise ValueError(f"{source} is cut off in its header after {len(content)} bytes.")
    shape = struct.unpack(f">{content[3]}I", content[4:start])
    expected = start + math.prod(shape)
    if len(content) != expected:
        raise ValueError(
            f"{source} has {len(content)} bytes; its header announces shape {shape}, "
            f"which makes {expected}."
        )
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)


def fetch_idx(source: Source) -> tuple[Labelled, Labelled]:
    """Return the images and labels of the training files, and those of the test files."""
    x_train, y_train, x_test, y_test = (
        parse_idx(download.fetch(source, file), file.name) for file in source.files
    )
    return (x_train, y_train), (x_test, y_test)
