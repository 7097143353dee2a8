"""Keeps the memory that a step frees, so that the next step need not ask the system for it.

A step uses arrays of many megabytes. The C library of Linux returns such memory to the system as
soon as it is free. To get it back can cost more time than the kernel that fills it.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache

MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1  # what glibc's mallopt calls them
LARGEST = 2**30  # bytes: larger blocks are still returned


@cache
def keep_freed() -> bool:
    """Ask the C library to keep freed memory for later use, and return whether it can.

    The process keeps the memory of its largest step until it ends.

    Examples
    --------
    >>> keep_freed() in (True, False)
    True
    """
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries lack it
    if mallopt is None:
        return False
    return bool(mallopt(MMAP_THRESHOLD, LARGEST) and mallopt(TRIM_THRESHOLD, LARGEST))
