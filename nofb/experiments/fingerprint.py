"""Which code a run was made with, in short, so that no result outlives the code that gave it.

A student who mends a kernel and starts the same comparison again must see what the new kernel does.
"""

from __future__ import annotations

import hashlib
import inspect
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

from nofb.rules import Rule
from nofb.rules.own import is_own

PACKAGE = Path(__file__).parent.parent
NO_SAY = ("cli", "plots", "report")  # in what a run computes


@cache
def of_nofb() -> str:
    """Return a short hash of all of nofb that can change a number.

    Examples
    --------
    >>> len(of_nofb())
    12
    """
    files = (path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))
    ours = sorted(path.as_posix() for path in files if path.parts[0] not in NO_SAY)
    return _short("".join(name + (PACKAGE / name).read_text("utf-8") for name in ours))


def check(expected: str) -> None:
    """Refuse to run for somebody who has another nofb, as a cluster's workers might."""
    if of_nofb() != expected:
        raise RuntimeError(
            f"the nofb in {PACKAGE} is not the one that asks for this run: install the same on "
            "every machine"
        )


def of_rule(rule: type[Rule]) -> str | None:
    """Return a short hash of a class that is not nofb's own, `None` if its source is not known.

    It is of the class and of the whole file that it stands in, where there is one.
    """
    if not is_own(rule):
        return None
    for thing in (sys.modules.get(rule.__module__), rule):
        with suppress(OSError, TypeError):  # what stands in a notebook has no file
            return _short(rule.__qualname__ + inspect.getsource(thing))  # type: ignore[arg-type]
    return None


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
