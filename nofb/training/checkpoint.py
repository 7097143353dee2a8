"""The settings of a checkpoint: its file, how often it is written, whether to resume."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from nofb import checks


@dataclass(frozen=True)
class Checkpoint:
    """A file in which `nofb.fit` keeps a run, so that a stopped run can be resumed.

    Parameters
    ----------
    path
        The path of the file.
    every
        The number of epochs between two writes; the file is also written after the last epoch.
    resume
        Whether to resume the run in the file. If there is no file yet, the run starts from the
        beginning. If `False`, an existing file is refused.

    Raises
    ------
    TypeError, ValueError
        If the path is not a path, or a number is out of its range.

    Examples
    --------
    >>> Checkpoint("run.npz", every=5, resume=True)
    Checkpoint(path='run.npz', every=5, resume=True)
    """

    path: str | os.PathLike[str]
    every: int = 1
    resume: bool = False

    def __post_init__(self) -> None:
        _check_path("path", self.path)
        checks.whole("every", self.every)
        checks.switch("resume", self.resume)

    @classmethod
    def of(cls, given: Checkpoint | str | os.PathLike[str] | None) -> Checkpoint | None:
        """Return the given checkpoint, or one with the given path, if any."""
        if given is None or isinstance(given, Checkpoint):
            return given
        _check_path("checkpoint", given)
        return cls(given)

    @property
    def file(self) -> Path:
        """The path, as an object of pathlib."""
        return Path(self.path)


def _check_path(name: str, given: object) -> None:
    if not isinstance(given, str | os.PathLike) or not isinstance(os.fspath(given), str):
        raise TypeError(f"{name} must be the path of a file, but is {given!r}")
