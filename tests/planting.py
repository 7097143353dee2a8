"""Plant a fault into a copy of nofb, and run the tests that must see it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import nofb

OPTIONS = ["--import-mode=importlib", "-x", "-q", "-p", "no:cacheprovider"]
PASSED, FAILED = 0, 1  # pytest's codes; 2 and above mean that the tests did not run


@dataclass(frozen=True)
class Fault:
    """A line of `file` that stands there, the wrong one, and the test that must see it."""

    file: str
    stands: str
    wrong: str
    seen_by: str


def plant(fault: Fault, package: Path) -> None:
    """Put the fault into a copy of the package; its place must still exist."""
    file = package / fault.file
    text = file.read_text(encoding="utf-8")
    assert text.count(fault.stands) == 1, f"{fault.file} must hold once: {fault.stands}"
    file.write_text(text.replace(fault.stands, fault.wrong), encoding="utf-8")


def run_with(
    fault: Fault | None, tests: Iterable[str], copied: Iterable[Path], place: Path
) -> subprocess.CompletedProcess[str]:
    """Copy the package and some tests to `place`, plant the fault, and run tests by address."""
    leave_out = shutil.ignore_patterns("__pycache__", "*.npz")
    for each in [Path(nofb.__file__).parent, *copied]:
        if each.is_dir():
            shutil.copytree(each, place / each.name, ignore=leave_out)
        else:
            shutil.copy(each, place)
    if fault:
        plant(fault, place / "nofb")
    settings = {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(place), "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-m", "pytest", *sorted(set(tests)), *OPTIONS],
        cwd=place, env=os.environ | settings, capture_output=True, text=True, check=False,
    )  # fmt: skip


def assert_every_fault_is_seen(
    faults: Mapping[str, Fault], copied: Iterable[Path], place: Path
) -> None:
    """Demand that the test of each fault fails on it, and that without one all of them pass."""
    chosen: list[tuple[str, Fault | None]] = [("no fault", None), *faults.items()]
    everything = [fault.seen_by for fault in faults.values()]
    with ThreadPoolExecutor(max_workers=2) as pool:
        runs = [
            pool.submit(
                run_with, fault, [fault.seen_by] if fault else everything, copied, place / str(i)
            )
            for i, (_, fault) in enumerate(chosen)
        ]
    for (name, fault), run in zip(chosen, runs, strict=True):
        done = run.result()
        expected = FAILED if fault else PASSED
        assert done.returncode == expected, f"{name}: {done.stdout}{done.stderr}"
