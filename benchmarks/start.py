"""The time from the start of a process to the end of the first step, and the time of an import.

Each measurement has its own process. A cold start has an empty folder for Numba's compiled kernels;
in a warm start they are in the folder.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

REPEATS = 5
MLP, CONV = "Case('', (784, 800, 800, 10), 64)", "Case('', (), 64)"
FIRST_STEP = """
from benchmarks.cases import Case
from benchmarks.contenders import {module} as contender
take = contender.CONTENDERS[0].make({case}, "bp")
with contender.CONTENDERS[0].threads(2):
    take()
"""


def seconds(code: str, **environment: str) -> float:
    """Return the time from the start of a new process until some code has run in it."""
    command = [sys.executable, "-c", f"{code}\nimport time\nprint(time.time())"]
    start = time.time()
    done = subprocess.run(command, env=os.environ | environment, stdout=subprocess.PIPE, check=True)
    return float(done.stdout.split()[-1]) - start


def first_step(module: str, case: str, cold: bool) -> float:
    """Return the median over processes of the time to the end of the first step."""
    code, times = FIRST_STEP.format(module=module, case=case), []
    with tempfile.TemporaryDirectory() as warm:
        if not cold:
            seconds(code, NUMBA_CACHE_DIR=warm)
        for _ in range(REPEATS):
            with tempfile.TemporaryDirectory() as empty:
                times.append(seconds(code, NUMBA_CACHE_DIR=empty if cold else warm))
    return statistics.median(times)


def main() -> dict[str, float]:
    """Measure starts and imports, in seconds."""
    measured = {
        "Python alone": statistics.median(seconds("pass") for _ in range(REPEATS)),
        "import nofb": statistics.median(seconds("import nofb") for _ in range(REPEATS)),
    }
    for net, case in (("MLP", MLP), ("conv net", CONV)):
        measured[f"nofb, {net}, warm"] = first_step("ours", case, cold=False)
        measured[f"nofb, {net}, cold"] = first_step("ours", case, cold=True)
        measured[f"PyTorch, {net}"] = first_step("pytorch", case, cold=False)
        measured[f"JAX, {net}"] = first_step("jaxed", case, cold=False)
    return measured
