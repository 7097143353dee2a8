"""The time when a module was imported: a file that changed later is not the loaded code."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

_START = time.time_ns()  # modules that were imported before nofb count as imported now
_began: dict[str, int] = {}


class _Clock:
    """The first finder on Python's import path: it records the time, and finds nothing."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        _began[name] = time.time_ns()


def is_edited(module: str, file: Path) -> bool:
    """Return whether a file was changed after the import of its module had begun.

    Examples
    --------
    >>> import nofb
    >>> is_edited("nofb", Path(nofb.__file__))
    False
    """
    there = file.stat()
    changed = max(there.st_mtime_ns, there.st_ctime_ns)  # a moved file keeps its mtime
    return changed > _began.get(module, _START)


sys.meta_path.insert(0, _Clock)
