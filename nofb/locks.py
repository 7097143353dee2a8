"""One writer for each file: a lock of the system, which ends with the process that holds it.

After a crash there is nothing to clean up. Some network drives have no locks: then a warning says
so, and the work continues.
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

LOCKED_BYTE = 1 << 30  # beyond the text: on Windows no other process can read a locked byte
UNSUPPORTED = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP}


class LockWarning(RuntimeWarning):
    """The file system has no locks: two writers of one file would not be noticed."""


def lock(file: BinaryIO, path: Path, refusal: str) -> None:
    """Lock an open file until it is closed, at the latest when the process ends.

    Parameters
    ----------
    file
        The open file.
    path
        The name of the file in a warning.
    refusal
        The error message if another process, or another part of this one, holds the lock.

    Raises
    ------
    BlockingIOError
        With the message `refusal`.

    Warns
    -----
    LockWarning
        If the file system has no locks.
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
    """Hold the lock of a file that is replaced as a whole, within this context.

    The lock is on a second file beside it, which exists as long as the context lasts.

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
    place = path.resolve()  # two links to the same file have the same lock
    beside = place.with_name(f".{place.name}.lock")
    file = _take(beside, path, refusal)
    try:
        yield
    finally:
        # In this order: who opens it now finds it locked; who opened it before finds it removed.
        with suppress(OSError):  # Windows cannot remove an open file
            beside.unlink()
        file.close()


def _take(beside: Path, path: Path, refusal: str) -> BinaryIO:
    """Open and lock the file; repeat if it was removed before it was locked."""
    while True:
        file = beside.open("a+b")
        try:
            lock(file, path, refusal)
            if os.path.samestat(os.fstat(file.fileno()), beside.stat()):
                return file
        except FileNotFoundError:
            pass  # the previous holder of the lock has removed it
        except BaseException:
            file.close()
            raise
        file.close()
