"""Mutation testing: change nofb in one place at a time, and check that a test fails.

    pip install -e '.[test,mutation]'
    python tests/mutation/run.py                  # every module of plan.toml; hours
    python tests/mutation/run.py kernels/steps    # the modules whose path holds these words
    python tests/mutation/run.py --most 40        # a random sample of each module
    python tests/mutation/run.py --again          # survivors again, after new tests
    python tests/mutation/run.py --table          # only write results.md from earlier runs

cosmic-ray makes the mutants and keeps their results, in one session for each version of a module,
so a run that was stopped can be resumed. (mutmut skips decorated functions, and so all kernels.)
Each mutant is tested in a fork of this process, which has imported NumPy, Numba and pytest already:
so most mutants take well under a second. The mutants are planted in a copy, never in the sources,
and kernels run as plain Python.
"""

import argparse
import contextlib
import io
import os
import random
import re
import resource
import shutil
import signal
import sys
import tempfile
import tomllib
from hashlib import sha256
from pathlib import Path

os.environ |= {"NUMBA_DISABLE_JIT": "1", "OPENBLAS_NUM_THREADS": "1", "NOFB_NUM_THREADS": "1"}

import hypothesis  # noqa: F401 - what is loaded before a fork need not be loaded after it
import numba  # noqa: F401
import pytest
from cosmic_ray.commands import init
from cosmic_ray.mutating import use_mutation
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import TestOutcome, WorkerOutcome, WorkItem, WorkResult
from outcomes import AGAIN, equivalents, kind_of, write_table

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
KEPT = ROOT / "build" / "mutants"  # sessions
REWRITING = "-Wignore::pytest.PytestAssertRewriteWarning"  # a fork has hypothesis already
LEFT_OUT = "left out"  # as results.md calls it
OPTIONS = ["-x", "-q", "-p", "no:cacheprovider", "--no-header", "--tb=line", REWRITING]


def main() -> None:
    """Run what the command line asks for, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*", help="parts of the paths of modules")
    parser.add_argument("--most", type=int, help="so many mutants of each module: a random sample")
    parser.add_argument("--again", action="store_true", help="run survivors once more")
    parser.add_argument("--table", action="store_true", help="only write the table")
    asked = parser.parse_args()
    plan = tomllib.loads((HERE / "plan.toml").read_text("utf-8"))
    if not asked.table:
        chosen = {
            module: [*tests, *(f"--deselect={test}" for test in plan["deselect"])]
            for module, tests in plan["modules"].items()
            if any(word in module for word in asked.words or [""])
        }
        with tempfile.TemporaryDirectory(prefix="mutants-") as place:
            copy_sources(Path(place))
            warm_up()
            for module, tests in chosen.items():
                with use_db(session(module)) as kept:
                    prepare(kept, module, plan["leave_out"])
                    items = survivors(kept, module) if asked.again else pending(kept, asked.most)
                    run(kept, module, items, tests, AGAIN if asked.again else "")
            os.chdir(ROOT)
    write_table({module: session(module) for module in plan["modules"]})


def session(module: str) -> Path:
    """Return the file that keeps the mutants of this version of a module."""
    version = sha256((ROOT / module).read_bytes()).hexdigest()[:8]
    return KEPT / f"{module.removesuffix('.py').replace('/', '.')}-{version}.sqlite"


def copy_sources(place: Path) -> None:
    """Copy all files that a test needs, and change to the copy."""
    KEPT.mkdir(parents=True, exist_ok=True)
    leave_out = shutil.ignore_patterns("__pycache__")
    for folder in ("nofb", "tests"):
        shutil.copytree(ROOT / folder, place / folder, ignore=leave_out)
    shutil.copy(ROOT / "pyproject.toml", place)
    os.chdir(place)
    os.environ["PYTHONPATH"] = str(place)
    sys.path.insert(0, str(place))


def warm_up() -> None:
    """Import all of pytest, so that no fork has to."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        pytest.main(["--collect-only", "-c", os.devnull, os.devnull])


def prepare(kept: WorkDB, module: str, leave_out: list[str]) -> None:
    """List all mutants of a module at the first call, and remove those that are left out."""
    if kept.num_work_items:
        return
    init([Path(module)], kept, {})
    unwanted = re.compile("|".join(leave_out))
    struck = [
        item.job_id for item in kept.work_items if unwanted.search(mutation(item).operator_name)
    ]
    kept.set_multiple_results(struck, WorkResult(WorkerOutcome.SKIPPED, output=LEFT_OUT))


def mutation(item: WorkItem):
    """Return the one change that a mutant makes."""
    return item.mutations[0]


def pending(kept: WorkDB, most: int | None) -> list[WorkItem]:
    """Return what to run: of the first `most` mutants in a random order, those not yet run."""
    struck = {
        item.job_id for item, result in kept.completed_work_items if result.output == LEFT_OUT
    }
    items = [item for item in kept.work_items if item.job_id not in struck]
    items.sort(key=lambda item: str(mutation(item)))
    random.Random(0).shuffle(items)
    waiting = {item.job_id for item in kept.pending_work_items}
    return [item for item in items[:most] if item.job_id in waiting]


def run(kept: WorkDB, module: str, items: list[WorkItem], tests: list[str], note: str) -> None:
    """Run some mutants of a module, after its tests have passed without one."""
    if not items:
        return
    code, used = run_tests([*tests, *OPTIONS], seconds=600, keep_bytecode=True)
    if code:
        sys.exit(f"the tests of {module} fail without a mutant: pytest's code {code}")
    seconds = 10 + 3 * round(used)
    print(f"{module}: {len(items)} mutants, at most {seconds} s each", flush=True)
    for item in items:
        kept.set_result(item.job_id, outcome(item, [*tests, *OPTIONS], seconds, note))


def survivors(kept: WorkDB, module: str) -> list[WorkItem]:
    """Return the mutants that no test detected when they were run, and that no reason excuses."""
    excuses = equivalents()
    return [
        item
        for item, result in kept.completed_work_items
        if kind_of(module, result, excuses) == "survived"
    ]


def outcome(item: WorkItem, arguments: list[str], seconds: int, note: str) -> WorkResult:
    """Plant one mutant, run the tests, and remove it again."""
    change = mutation(item)
    operator = get_operator(change.operator_name)(**change.operator_args)
    with use_mutation(change.module_path, operator, change.occurrence) as (before, after):
        if after is None or not is_python(after):
            return WorkResult(WorkerOutcome.NO_TEST, output="not Python")
        code, _ = run_tests(arguments, seconds)
    seen = TestOutcome.KILLED if code else TestOutcome.SURVIVED
    changed = difference(before, after)
    return WorkResult(WorkerOutcome.NORMAL, output=f"{code}{note}", test_outcome=seen, diff=changed)


def is_python(code: str) -> bool:
    """Return whether a mutant compiles; one that does not could never be shipped."""
    try:
        compile(code, "mutant", "exec")
    except SyntaxError:
        return False
    return True


def difference(before: str, after: str) -> str:
    """Return the lines that a mutant changes, before and after."""
    pairs = zip(before.splitlines(), after.splitlines(), strict=False)
    return "\n".join(f"{old.strip()}\n{new.strip()}" for old, new in pairs if old != new)


def run_tests(arguments: list[str], seconds: int, keep_bytecode: bool = False) -> tuple[int, float]:
    """Run pytest in a fork, for at most so many seconds of processor time.

    Returns its exit code, or the number of the signal that ended it, and the time that it took.
    Bytecode of a mutant must not be kept: Python would use it for the next mutant, which has the
    same length and was written in the same second.
    """
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        signal.alarm(20 * seconds)  # a mutant that waits forever uses no processor time
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's `&` lets it be ignored
        sys.dont_write_bytecode = not keep_bytecode
        be_quiet()
        os._exit(pytest.main(arguments))
    _, status, used = os.wait4(child, 0)
    return abs(os.waitstatus_to_exitcode(status)), used.ru_utime + used.ru_stime


def be_quiet() -> None:
    """Discard everything that this process prints."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


if __name__ == "__main__":
    main()
