"""Writes several files into a folder, all of them completely or none.

They are first written beside their final place, and moved when all of them are complete.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any


def as_files(stem: str, picture: Any) -> dict[str, bytes]:
    """Return a `nofb.plots.Picture` as a PNG and an SVG file, by their names."""
    return {f"{stem}.{kind}": picture.to_bytes(kind) for kind in ("png", "svg")}


def check_folder(folder: str | Path) -> None:
    """Refuse a folder that cannot be created or written, before any work is done.

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
    """Put files into a folder; if this fails, the folder does not change.

    Parameters
    ----------
    files
        The content of each, by name; they are moved into place in this order.
    folder
        The folder; it is made, with its parents, if necessary.

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
                path.rmdir()  # works only for an empty folder


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


def _refusal(folder: Path, reason: str) -> OSError:
    return OSError(f"the report cannot be written to {folder}: {reason}")
