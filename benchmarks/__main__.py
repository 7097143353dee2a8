"""`python -m benchmarks`: measure everything, write `results.json`, then the tables and figures.

`python -m benchmarks report` writes only the tables and figures, from existing results. With the
name of a part, such as `steps`, only this part is measured, and the others are kept.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks import report, start

RESULTS = Path(__file__).with_name("results.json")
THREADS = (1, 2)
LIBRARIES = ("numpy", "numba", "torch", "jax", "biotorch")


def in_process(module: str, threads: int) -> Any:
    """Run one of our modules in a process with a number of cores, and return its output."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    cores = sorted(os.sched_getaffinity(0))[:threads]
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{module}", str(threads)],
        env=os.environ | dict.fromkeys(names, str(threads)),
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def with_threads(module: str) -> Callable[[], dict[str, Any]]:
    return lambda: {str(threads): in_process(module, threads) for threads in THREADS}


PARTS: dict[str, Callable[[], Any]] = {
    "steps": with_threads("measure"),
    "growth": with_threads("growth"),
    "branches": with_threads("branches"),
    "epoch": with_threads("epoch"),
    "start": start.main,
    "memory": lambda: in_process("memory", 1),
}


def origin() -> dict[str, str]:
    """Return the machine and the versions of the measurements."""
    installed = {each.metadata["Name"].lower() for each in metadata.distributions()}
    versions = {name: metadata.version(name) for name in LIBRARIES if name in installed}
    processor = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            processor = line.split(":")[1].strip()
    return {"processor": processor, "system": platform.platform(), **versions}


def main(words: list[str]) -> None:
    """Measure the named parts, or all, and write the report."""
    found = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for part in [word for word in words if word != "report"] or (PARTS if not words else []):
        found[part] = PARTS[part]()
        found["origin"] = origin()
        RESULTS.write_text(json.dumps(found, indent=1) + "\n")
    report.write(found, RESULTS.parent)


if __name__ == "__main__":
    main(sys.argv[1:])
