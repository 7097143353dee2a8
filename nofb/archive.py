"""One file of arrays and JSON. It is written completely or not at all, and never executed.

The file is what `numpy.savez` writes (an uncompressed zip with a checksum for every array), plus
one member, about.json. `numpy.load` opens it.
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
    """Write a file; if writing fails at any point, an existing file stays complete.

    Parameters
    ----------
    path
        The file; an existing one is replaced.
    kind
        What the file is, such as "weights"; `read` checks it.
    about
        JSON values.
    arrays
        The arrays by name; a name may contain slashes.

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
    path = Path(path).resolve()  # the target of a link, so that the link stays a link
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

    It never allocates more memory than the file has bytes, even if the headers claim more.

    Parameters
    ----------
    path
        The file.
    kinds
        The kinds that are allowed.
    parts
        The names that its JSON must contain, and the type of each value.

    Raises
    ------
    OSError
        If there is no such file, or it cannot be read.
    ValueError
        If the file is truncated, changed, of another format or kind, or lacks a part.
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
    """Return the error for a file that nofb did not write, or that was changed."""
    reason = reason.strerror if isinstance(reason, OSError) else reason
    return ValueError(
        f"{path} is not a whole file of nofb: it was cut short, was changed, or never was one "
        f"({reason})"
    )


def fitted(
    path: str | os.PathLike[str], held: Mapping[str, Array], wanted: Mapping[str, Array]
) -> dict[str, Array]:
    """Return the arrays of a file that will fill others, each cast to the type that it fills.

    Parameters
    ----------
    path
        The file, for errors.
    held, wanted
        What the file holds, and the arrays to fill, by the same names.

    Raises
    ------
    ValueError
        If one is missing, has another shape, does not hold real floating-point numbers, or holds
        some that the wanted type cannot represent.

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
    """Let only this process write the file, and remove what killed processes left behind.

    Parameters
    ----------
    path
        The path of the file, which need not exist yet.

    Raises
    ------
    BlockingIOError
        If another run is writing it.
    OSError
        If no file can be written there; the error names the place.

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
    """Return the resolved path, or refuse it if no file can be written there."""
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
    """Return a new name in the same folder, different for every writer of the file."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")


def _sync(folder: Path) -> None:
    """Make a rename survive a power cut; Windows has no call for that."""
    if hasattr(os, "O_DIRECTORY"):
        handle = os.open(folder, os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
