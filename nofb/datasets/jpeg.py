"""CIFAR-10 re-encoded as JPEG: a zip archive of a picture for each sample, in a folder a class.

The pictures are not the original pixels, and the original order of the samples is lost. A result on
this data set says so. Samples are in the order of their numbers, the classes in turn, so the first
thousand have a hundred of each class.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

import numpy as np

from nofb.datasets.pixels import Split

CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
SIDE = 32
LARGEST = 10_000  # bytes of a picture


def parse_pictures(archive: bytes, source: str) -> tuple[Split, Split]:
    """Return (images, labels) of the training and of the test split, images (n, 3, 32, 32).

    The three channels are red, green and blue; everything is uint8.

    Raises
    ------
    ValueError
        If `archive` is not a zip archive, or if a picture is damaged, too large or not 32 x 32;
        `source` is its name in the message.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as pictures:
            return _split(pictures, "train", source), _split(pictures, "test", source)
    except zipfile.BadZipFile as error:
        raise ValueError(f"{source} is not a complete zip archive ({error}).") from error


def _split(pictures: zipfile.ZipFile, folder: str, source: str) -> Split:
    members = sorted(_members(pictures, folder, source))
    if not members:
        raise ValueError(f"{source} has no pictures in {folder}/.")
    images = [_pixels(pictures, name, source) for _, _, name in members]
    labels = [label for _, label, _ in members]
    return np.stack(images), np.array(labels, np.uint8)


def _members(pictures: zipfile.ZipFile, folder: str, source: str) -> Iterator[tuple[str, int, str]]:
    """Yield (number, label, name) of every picture in a folder."""
    for name in pictures.namelist():
        split, *rest = name.split("/")
        if split != folder or not name.endswith(".jpg"):
            continue
        if len(rest) != 2 or rest[0] not in CLASSES:
            raise ValueError(f"{source} has {name}; a picture is in {folder}/CLASS/.")
        yield rest[1], CLASSES.index(rest[0]), name


def _pixels(pictures: zipfile.ZipFile, name: str, source: str) -> np.ndarray:
    """Return one picture (3, 32, 32)."""
    from PIL import Image  # matplotlib brings it, and no other data set needs it

    if pictures.getinfo(name).file_size > LARGEST:
        raise ValueError(f"{name} in {source} is larger than {LARGEST} bytes.")
    try:
        with Image.open(io.BytesIO(pictures.read(name)), formats=["JPEG"]) as picture:
            size = picture.size
            pixels = np.asarray(picture.convert("RGB")) if size == (SIDE, SIDE) else None
    # Pillow's own error is an OSError, for damaged data it can also be a SyntaxError or ValueError.
    except (OSError, SyntaxError, ValueError, zipfile.BadZipFile) as error:
        raise ValueError(f"{name} in {source} is damaged ({error}).") from error
    if pixels is None:
        raise ValueError(f"{name} in {source} has {size} pixels; it must have {(SIDE, SIDE)}.")
    return pixels.transpose(2, 0, 1)
