"""Files that appear in a folder all at once and whole, or not at all.

They are written beside their place first, and moved into it when every one of them is there.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory


def check_folder(folder: str | Path) -> None:
    """Refuse a folder that could not be made or written, before any work is done for it.

    Raises
    ------
    OSError
        With a sentence that names the folder.

    Examples
    --------
    >>> check_folder(Path(os.devnull) / "report")
    Traceback (most recent call last):
    ...
    OSError: the report cannot be written to /dev/null/report: /dev/null is not a folder
    """
    folder = Path(folder)
    try:
        nearest = next(p for p in (folder.absolute(), *folder.absolute().parents) if p.exists())
    except OSError as error:
        raise _refusal(folder, _reason(error)) from error
    if not nearest.is_dir():
        raise _refusal(folder, f"{nearest} is not a folder")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise _refusal(folder, f"{nearest} is not writable")


def put(files: Mapping[str, bytes], folder: Path) -> None:
    """Put files into a folder; if that fails, the folder is as it was.

    Parameters
    ----------
    files
        The content of each, by name; they are moved into place in this order.
    folder
        Is made, with its parents, if there is none.

    Raises
    ------
    OSError
        With a sentence that names the folder.
    """
    new = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder, prefix=".nofb-") as beside:
            for name, content in files.items():
                Path(beside, name).write_bytes(content)
            for name in files:
                Path(beside, name).replace(folder / name)
    except OSError as error:
        raise _refusal(folder, _reason(error)) from error
    finally:
        for path in new:
            with suppress(OSError):
                path.rmdir()  # which only an empty folder allows


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


def _refusal(folder: Path, reason: str) -> OSError:
    return OSError(f"the report cannot be written to {folder}: {reason}")
