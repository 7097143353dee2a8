"""One writer for each file: the system's own lock, which ends with the process that holds it.

Nobody has to clear anything away after a crash. Where a file system knows no locks, as some
network drives do not, a warning says so and the work goes on.
"""

from __future__ import annotations

import errno
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

LOCKED_BYTE = 1 << 30  # beyond any line; Windows lets nobody read a byte that is locked
UNSUPPORTED = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP}


class LockWarning(RuntimeWarning):
    """The file system has no locks: two writers of one file would not be noticed."""


def lock(file: BinaryIO, path: Path, refusal: str) -> None:
    """Lock an open file until it is closed, be it by the end of the process.

    Parameters
    ----------
    file
        The open file.
    path
        What a warning calls it.
    refusal
        The sentence for the error if another process, or another part of this one, has locked it.

    Raises
    ------
    BlockingIOError
        With the refusal.

    Warns
    -----
    LockWarning
        If there are no locks here.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(LOCKED_BYTE)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError) as error:
        raise BlockingIOError(refusal) from error
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise
        warnings.warn(
            f"{path} cannot be locked here ({error.strerror}): take care that no second process "
            "writes it, or choose a folder on a local disk",
            LockWarning,
            stacklevel=2,
        )


@contextmanager
def only_writer(path: Path, refusal: str) -> Iterator[None]:
    """Within this context, nobody else gets the same lock; for a file that is replaced as a whole.

    The lock is on a file beside it, which is there for as long as the context lasts.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "run.npz")
    ...     with only_writer(path, "somebody is writing run.npz"):
    ...         with only_writer(path, "somebody is writing run.npz"):
    ...             pass
    Traceback (most recent call last):
    ...
    BlockingIOError: somebody is writing run.npz
    """
    place = path.resolve()  # two links to one file are one file
    beside = place.with_name(f".{place.name}.lock")
    file = _take(beside, path, refusal)
    try:
        yield
    finally:
        # In this order: who opens it now finds it locked, and who opened it before finds it gone.
        with suppress(OSError):  # Windows removes no open file
            beside.unlink()
        file.close()


def _take(beside: Path, path: Path, refusal: str) -> BinaryIO:
    """Open and lock a file that is still there when it is locked."""
    while True:
        file = beside.open("a+b")
        try:
            lock(file, path, refusal)
            if os.path.samestat(os.fstat(file.fileno()), beside.stat()):
                return file
        except FileNotFoundError:
            pass  # who held the lock before has removed it
        except BaseException:
            file.close()
            raise
        file.close()
