"""Memory that one step gives back is kept by the process, for the next step.

The C library of most Linux systems returns large arrays to the system when they are freed, and the
system clears every page of them when they are asked for again. In a convolutional network that
took a third of a step.
"""

import ctypes
import os
from functools import cache

MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1  # the names of both settings in malloc.h
LARGEST = 2**25  # bytes of one array, the most that the C library accepts
KEPT = 2**28  # bytes in all
SETTINGS = ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "GLIBC_TUNABLES")


@cache
def keep() -> bool:
    """Let the process keep up to 256 MB of freed memory, and say whether it does.

    Nothing changes where the C library is another one, or where the environment sets `SETTINGS`.
    """
    if any(name in os.environ for name in SETTINGS):
        return False
    try:
        setting = ctypes.CDLL(None).mallopt
    except (OSError, TypeError, AttributeError):  # not Linux, or not the GNU library
        return False
    return bool(setting(MMAP_THRESHOLD, LARGEST)) and bool(setting(TRIM_THRESHOLD, KEPT))
