"""The binary version of CIFAR-10: records of one label byte and 3,072 pixel bytes in a tar archive.

Fixed-length records need no pickle, so reading the archive can never run code from it.
"""

from __future__ import annotations

import io
import tarfile
import zlib

import numpy as np
from numpy.typing import NDArray

from nofb.datasets.pixels import Split

FOLDER = "cifar-10-batches-bin"
TRAINING_FILES = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
TEST_FILES = ("test_batch.bin",)
IMAGE_SHAPE = (3, 32, 32)
RECORD_BYTES = 1 + 3 * 32 * 32
MOST_RECORDS = 10_000  # in a file


def parse_cifar10(archive: bytes, source: str) -> tuple[Split, Split]:
    """Return (images, labels) of the training and of the test split, images (n, 3, 32, 32).

    The three channels are red, green and blue; everything is uint8.

    Raises
    ------
    ValueError
        If `archive` is not a gzipped tar archive, lacks a file, or holds a damaged record; `source`
        is its name in the message.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
            return _records(tar, TRAINING_FILES, source), _records(tar, TEST_FILES, source)
    # A cut gzip stream ends in EOFError, damaged bytes in zlib.error or an OSError.
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise ValueError(f"{source} is not a complete tar.gz archive ({error}).") from error


def _records(tar: tarfile.TarFile, files: tuple[str, ...], source: str) -> Split:
    rows = np.concatenate([_rows(tar, f"{FOLDER}/{file}", source) for file in files])
    return rows[:, 1:].reshape(-1, *IMAGE_SHAPE), rows[:, 0]


def _rows(tar: tarfile.TarFile, member: str, source: str) -> NDArray[np.uint8]:
    try:
        stream = tar.extractfile(member)
    except KeyError as error:
        raise ValueError(f"{source} lacks the file {member}.") from error
    size = tar.getmember(member).size
    if stream is None or size == 0 or size % RECORD_BYTES or size > MOST_RECORDS * RECORD_BYTES:
        raise ValueError(
            f"{member} in {source} has {size} bytes; "
            f"it must hold 1 to {MOST_RECORDS} whole records of {RECORD_BYTES}."
        )
    content = stream.read()
    return np.frombuffer(content, dtype=np.uint8).reshape(-1, RECORD_BYTES)
