"""The code of nofb itself: what was on the disk when this process imported it."""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path
from uuid import uuid4

PACKAGE = Path(__file__).parent.parent
NO_SAY = ("audit", "check", "cli", "explain", "papers", "plots", "report")  # of a run
PROCESS = uuid4().hex  # tells this process from every other one


class StaleCodeWarning(UserWarning):
    """A file was changed after this process had loaded it: what runs is the older code."""


def of_nofb() -> str:
    """Return a short hash of all of nofb that can change a number, as this process imported it.

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
    """Refuse to run for a process that has another nofb.

    Parameters
    ----------
    expected, found
        The code that asks for a run, and that of this process, `of_nofb` if it is left out.

    Raises
    ------
    RuntimeError
        With the two ways in which it can have another one.
    """
    if expected != (_IMPORTED if found is None else found):
        raise RuntimeError(
            f"the nofb in {PACKAGE} is not the one that asks for this run: if it was changed "
            "since, start Python again; if this is another machine, install the same nofb on both"
        )


def _on_disk() -> str:
    files = (path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))
    ours = sorted(path.as_posix() for path in files if path.parts[0] not in NO_SAY)
    total = hashlib.sha256()
    for name in ours:
        total.update(name.encode() + b"\0" + (PACKAGE / name).read_bytes() + b"\0")
    return total.hexdigest()[:12]


_IMPORTED = _on_disk()
