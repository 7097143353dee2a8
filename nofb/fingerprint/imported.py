"""When was a module imported? A file that was changed since is not what Python has loaded."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

_START = time.time_ns()  # modules that were imported before nofb count as imported now
_began: dict[str, int] = {}


class _Clock:
    """Stands first among those that Python asks for a module: notes the time, and finds nothing."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        _began[name] = time.time_ns()


def is_edited(module: str, file: Path) -> bool:
    """Say whether a file was changed after the import of its module had begun.

    Examples
    --------
    >>> import nofb
    >>> is_edited("nofb", Path(nofb.__file__))
    False
    """
    there = file.stat()
    changed = max(there.st_mtime_ns, there.st_ctime_ns)  # a file that is moved here keeps its mtime
    return changed > _began.get(module, _START)


sys.meta_path.insert(0, _Clock)
