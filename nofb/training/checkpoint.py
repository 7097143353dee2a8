"""What a run is told of its checkpoint: the file, how often it is written, whether to resume."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from nofb import checks


@dataclass(frozen=True)
class Checkpoint:
    """A file that `nofb.fit` keeps a run in, so that it can be resumed when it was stopped.

    Parameters
    ----------
    path
        Of the file.
    every
        The file is written after so many epochs, and after the last one.
    resume
        Whether to resume the run in the file. If there is no file yet, the run starts from the
        beginning. Without it, a file that is there already is refused.

    Raises
    ------
    TypeError, ValueError
        If the path is none, or a number is out of its range.

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
        """Return the checkpoint that `fit` was given, or the one with this path, if any."""
        if given is None or isinstance(given, Checkpoint):
            return given
        _check_path("checkpoint", given)
        return cls(given)

    @property
    def file(self) -> Path:
        """The path as pathlib has it."""
        return Path(self.path)


def _check_path(name: str, given: object) -> None:
    if not isinstance(given, str | os.PathLike) or not isinstance(os.fspath(given), str):
        raise TypeError(f"{name} must be the path of a file, but is {given!r}")
