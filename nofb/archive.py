"""One file of arrays and JSON: it is there whole or not at all, and nothing in it is ever executed.

The file is what `numpy.savez` writes, an uncompressed zip with a checksum for every array, and one
more member, about.json. `numpy.load` opens it.
"""

from __future__ import annotations

import glob
import io
import json
import os
import secrets
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from zipfile import BadZipFile, ZipFile

import numpy as np

from nofb import checks, locks
from nofb.types import Array

FORMAT = 1
ABOUT = "about.json"

# What the zip, JSON and array readers raise when they meet bytes that nobody wrote.
DAMAGE = (BadZipFile, EOFError, KeyError, OSError, OverflowError, RuntimeError, TypeError,
          ValueError, zlib.error)  # fmt: skip


def write(
    path: str | os.PathLike[str], kind: str, about: Mapping[str, Any], arrays: Mapping[str, Array]
) -> None:
    """Write a file; whatever goes wrong, and whenever, an earlier one in its place stays whole.

    Parameters
    ----------
    path
        Where to; a file that is there already is replaced.
    kind
        What the file is, such as "weights"; who reads it asks for this.
    about
        JSON values.
    arrays
        By name; a name may have slashes.

    Raises
    ------
    OSError
        If the disk is full or the folder cannot be written.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write(Path(folder, "a.npz"), "example", {"n": 2}, {"x/y": np.ones(2)})
    ...     about, arrays = read(Path(folder, "a.npz"), "example")
    >>> about["n"], arrays["x/y"].tolist()
    (2, [1.0, 1.0])
    """
    path = Path(path).resolve()  # where a link leads to, so that it stays a link
    beside = _beside(path)
    try:
        with beside.open("wb") as file:
            _pack(file, {"kind": kind, "format": FORMAT, **about, "arrays": [*arrays]}, arrays)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        _sync(path.parent)
    finally:
        beside.unlink(missing_ok=True)


def read(path: str | os.PathLike[str], *kinds: str) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return what `write` was given, from a file of one of these kinds.

    Raises
    ------
    OSError
        If there is no such file, or it may not be read.
    ValueError
        If the file is cut short, changed, of another format or of another kind.
    """
    with Path(path).open("rb") as file:
        try:
            about, arrays = _unpack(file)
            kind, version = about["kind"], about["format"]
        except DAMAGE as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise ValueError(
                f"{path} is not a whole file of nofb: it was cut short, was changed, or never was "
                f"one ({reason})"
            ) from error
    if version != FORMAT:
        raise ValueError(f"{path} has the format {version}, but this nofb reads format {FORMAT}")
    checks.choice(f"the kind of {path}", kind, kinds)
    return about, arrays


@contextmanager
def only_writer(path: Path) -> Iterator[None]:
    """Within this context, only this process writes the file; leftovers of killed ones are removed.

    Parameters
    ----------
    path
        Of the file, which need not be there.

    Raises
    ------
    BlockingIOError
        If another run is writing it.
    OSError
        If no file could be written there, with a sentence that names the place.

    Warns
    -----
    LockWarning
        If the file system has no locks, so that a second writer would not be noticed.

    Examples
    --------
    >>> with only_writer(Path("nowhere", "run.npz")):
    ...     pass
    Traceback (most recent call last):
    ...
    FileNotFoundError: nowhere/run.npz cannot be written: No such file or directory
    """
    place = _place(path)
    refusal = f"{path} is being written by another run: wait for its end, or give another path"
    with locks.only_writer(path, refusal):
        for left in place.parent.glob(f".{glob.escape(place.name)}.*.part"):
            left.unlink(missing_ok=True)
        yield


def _place(path: Path) -> Path:
    """Return where a path leads to, or refuse it if no file could be written there."""
    try:
        if path.is_dir():
            raise IsADirectoryError(None, "it is a folder")
        place = path.resolve()
        trial = _beside(place)
        trial.touch()
        trial.unlink(missing_ok=True)
    except OSError as error:
        raise type(error)(f"{path} cannot be written: {error.strerror}") from error
    return place


def _beside(path: Path) -> Path:
    """Return a new name in the same folder; two writers of one file must not share it."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")


def _pack(file: IO[bytes], about: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    with ZipFile(file, "w") as members:
        members.writestr(ABOUT, json.dumps(about, allow_nan=False, ensure_ascii=False, indent=1))
        for name, array in arrays.items():
            with members.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def _unpack(file: IO[bytes]) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return about.json and the arrays it names; reading a member to its end checks its sum."""
    with ZipFile(file) as members:
        about = json.loads(members.read(ABOUT))
        content = {name: io.BytesIO(members.read(f"{name}.npy")) for name in about["arrays"]}
    read_array = np.lib.format.read_array
    return about, {name: read_array(it, allow_pickle=False) for name, it in content.items()}


def _sync(folder: Path) -> None:
    """Make a rename outlast a power cut; Windows has no way to ask for that."""
    if hasattr(os, "O_DIRECTORY"):
        handle = os.open(folder, os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
