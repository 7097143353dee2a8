"""The processes that a test has started, as Linux lists them; on other systems none are listed."""

import time
from pathlib import Path


def children(parent):
    """Return the processes that a process has started and that still run."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = status.read_text().rpartition(")")
        except OSError:
            continue
        if int(rest.split()[1]) == parent:
            found.append(int(name.split()[0]))
    return found


def gone(pid, seconds=5.0):
    """Wait for the end of a process that is not our child."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.05)
    return False


def workers(parent):
    """Return the processes among them that compute runs."""
    lines = {child: Path(f"/proc/{child}/cmdline").read_bytes() for child in children(parent)}
    return [child for child, line in lines.items() if b"popen_loky" in line]
