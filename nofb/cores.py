"""How many cores a process may use: all of the machine, or as many as its container grants.

Linux limits a container by control groups. The number of cores does not show this limit: a
container with half of the time of sixteen cores still sees sixteen cores.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")
MINE = Path("/proc/self/cgroup")
QUOTAS = (["cpu.max"], ["cpu.cfs_quota_us", "cpu.cfs_period_us"])  # of version 2, and of version 1


def count() -> int:
    """Return how many cores this process may use, at least 1; a part of a core counts as one."""
    return max(1, math.ceil(min(_allowed(), granted(GROUPS, MINE))))


def granted(groups: Path, mine: Path) -> float:
    """Return how many cores the control groups of this process grant, infinity if all.

    Parameters
    ----------
    groups
        The folder of all groups.
    mine
        The file that names the groups of this process.
    """
    try:
        lines = mine.read_text().splitlines()
    except OSError:  # not Linux
        return math.inf
    folders = (folder for line in lines for folder in _folders(groups, line))
    return min(map(_quota, folders), default=math.inf)


def _folders(groups: Path, line: str) -> Iterator[Path]:
    """Yield the group that a line names, and all groups above it; each may set a limit."""
    _, controllers, path = line.split(":", 2)  # such as "4:cpu,cpuacct:/docker/1f2e" or "0::/"
    if controllers and "cpu" not in controllers.split(","):
        return
    group = Path(path.lstrip("/"))
    for hierarchy in dict.fromkeys(("", controllers, "cpu" if controllers else "unified")):
        for above in (group, *group.parents):
            yield groups / hierarchy / above


def _quota(folder: Path) -> float:
    """Return how many cores one group grants."""
    for names in QUOTAS:
        with suppress(OSError, ValueError):  # not there, or "max"
            text = " ".join((folder / name).read_text() for name in names)
            quota, period = map(int, text.split())
            if quota > 0 and period > 0:  # -1 is no limit
                return quota / period
    return math.inf


def _allowed() -> int:
    """Return how many cores the system lets this process use."""
    if hasattr(os, "process_cpu_count"):  # Python 3.13; it reads PYTHON_CPU_COUNT too
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
