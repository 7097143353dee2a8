"""One file of arrays and JSON: it is there whole or not at all, and nothing in it is ever executed.

The file is what `numpy.savez` writes, an uncompressed zip with a checksum for every array, and one
more member, about.json. `numpy.load` opens it.
"""

from __future__ import annotations

import glob
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from nofb import checks, locks, npz
from nofb.types import Array

FORMAT = 1


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
            npz.pack(file, {"kind": kind, "format": FORMAT, **about, "arrays": [*arrays]}, arrays)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        _sync(path.parent)
    finally:
        beside.unlink(missing_ok=True)


def read(
    path: str | os.PathLike[str], *kinds: str, parts: Mapping[str, type] | None = None
) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return what `write` was given, from a file of one of these kinds.

    No more memory is taken than the file has bytes, whatever its tables claim.

    Parameters
    ----------
    path
        The file.
    kinds
        What it may be.
    parts
        The names that its JSON must have, and the type of each value.

    Raises
    ------
    OSError
        If there is no such file, or it may not be read.
    ValueError
        If the file is cut short, changed, of another format or of another kind, or lacks a part.
    """
    with Path(path).open("rb") as file:
        try:
            about, arrays = npz.unpack(file)
            kind, version = about["kind"], about["format"]
        except npz.DAMAGE as error:
            raise damaged(path, error) from error
    if version != FORMAT:
        raise ValueError(f"{path} has the format {version}, but this nofb reads format {FORMAT}")
    checks.choice(f"the kind of {path}", kind, kinds)
    for name, wanted in (parts or {}).items():
        if type(about.get(name)) is not wanted:
            raise damaged(path, f"its about.json has no {name!r} that is a {wanted.__name__}")
    return about, arrays


def damaged(path: str | os.PathLike[str], reason: object) -> ValueError:
    """Return the one refusal of a file that nofb did not write, or not like this."""
    reason = reason.strerror if isinstance(reason, OSError) else reason
    return ValueError(
        f"{path} is not a whole file of nofb: it was cut short, was changed, or never was one "
        f"({reason})"
    )


def fitted(
    path: str | os.PathLike[str], held: Mapping[str, Array], wanted: Mapping[str, Array]
) -> dict[str, Array]:
    """Return the arrays of a file that are to fill others, each with the type of the one it fills.

    Parameters
    ----------
    path
        The file, for errors.
    held, wanted
        What the file holds, and what is to be filled, by the same names.

    Raises
    ------
    ValueError
        If one is missing, has another shape, holds no real floating-point numbers, or some that the
        wanted type cannot hold.

    Examples
    --------
    >>> fitted("a.npz", {"W": np.zeros((2, 3))}, {"W": np.zeros((3, 2), np.float32)})
    Traceback (most recent call last):
    ...
    ValueError: a.npz holds W as float64 (2, 3), but needed is float32 (3, 2)
    """
    found = {}
    for name, array in wanted.items():
        if name not in held:
            raise damaged(path, f"it has no array {name}")
        given = held[name]
        if given.shape != array.shape or given.dtype.kind != "f":
            raise ValueError(
                f"{path} holds {name} as {given.dtype} {given.shape}, but needed is "
                f"{array.dtype} {array.shape}"
            )
        with np.errstate(over="ignore"):
            found[name] = given.astype(array.dtype)
        if not np.array_equal(np.isfinite(given), np.isfinite(found[name])):
            raise ValueError(f"{path} holds values of {name} that are too large for {array.dtype}")
    return found


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


def _sync(folder: Path) -> None:
    """Make a rename outlast a power cut; Windows has no way to ask for that."""
    if hasattr(os, "O_DIRECTORY"):
        handle = os.open(folder, os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
