"""Memory that a step gives back: the next step takes it again, without asking the system for it.

A step borrows arrays of many megabytes. The C library of Linux returns such memory to the system as
soon as it is free; to get it anew costs more than many a kernel that fills it.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache

MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1  # what glibc's mallopt calls them
LARGEST = 2**30  # bytes: what is larger is returned all the same


@cache
def keep_freed() -> bool:
    """Ask the C library to keep what is freed for what comes next, and say whether it can.

    The process keeps the memory of its largest step until it ends.

    Examples
    --------
    >>> keep_freed() in (True, False)
    True
    """
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries have none
    if mallopt is None:
        return False
    return bool(mallopt(MMAP_THRESHOLD, LARGEST) and mallopt(TRIM_THRESHOLD, LARGEST))
