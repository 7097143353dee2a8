"""The hash of nofb itself: of its files when this process imported it."""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path
from uuid import uuid4

PACKAGE = Path(__file__).parent.parent
# Parts that have no effect on a run.
WITHOUT_EFFECT = ("audit", "check", "cli", "course", "explain", "papers", "plots", "report")
PROCESS = uuid4().hex  # different in every process


class StaleCodeWarning(UserWarning):
    """A file was changed after this process had loaded it: what runs is the older code."""


def of_nofb() -> str:
    """Return a short hash of the files of nofb that can change a result.

    Examples
    --------
    >>> len(of_nofb())
    12
    """
    return _IMPORTED


def warn_of_changes() -> None:
    """Warn if nofb was changed on the disk since this process imported it."""
    if _on_disk() != _IMPORTED:
        warnings.warn(
            f"the nofb in {PACKAGE} was changed after this process had imported it, and still runs "
            "as it was: start Python again to run the new code",
            StaleCodeWarning,
            stacklevel=2,
        )


def check(expected: str, found: str | None = None) -> None:
    """Refuse to run a task for a process with another version of nofb.

    Parameters
    ----------
    expected, found
        The hash of the process that sent the task, and that of this one (by default `of_nofb()`).

    Raises
    ------
    RuntimeError
        If they differ; the error lists the two possible causes.
    """
    if expected != (_IMPORTED if found is None else found):
        raise RuntimeError(
            f"the nofb in {PACKAGE} is not the one that asks for this run: if it was changed "
            "since, start Python again; if this is another machine, install the same nofb on both"
        )


def _on_disk() -> str:
    files = (path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))
    ours = sorted(path.as_posix() for path in files if path.parts[0] not in WITHOUT_EFFECT)
    total = hashlib.sha256()
    for name in ours:
        total.update(name.encode() + b"\0" + (PACKAGE / name).read_bytes() + b"\0")
    return total.hexdigest()[:12]


_IMPORTED = _on_disk()
