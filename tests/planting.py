"""Plant a fault into a copy of nofb, and run the tests that must detect it."""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

import nofb
from nofb.explain.reader import MARKS

OPTIONS = ["--import-mode=importlib", "-x", "-q", "-p", "no:cacheprovider"]
PASSED, FAILED = 0, 1  # pytest's codes; 2 and above mean that the tests did not run
NO_FAULT = "no fault"  # the control: all tests that must detect a fault pass without one
TESTS = Path(__file__).parent

Runs = dict[str, Future[subprocess.CompletedProcess[str]]]


@dataclass(frozen=True)
class Equation:
    """The line of a function with the number of an equation: `# eq. 2`."""

    function: str
    number: int


@dataclass(frozen=True)
class Fault:
    """A wrong line, and the test that must detect it.

    Attributes
    ----------
    file
        The file in the package.
    place
        The equation whose line is replaced, however the line is written; or, for a line without a
        number, the text that is replaced.
    wrong
        The text of the wrong line.
    seen_by
        The name of the test, with its parameters if one case is enough, and with its file if
        several files have a test of this name.
    """

    file: str
    place: Equation | str
    wrong: str
    seen_by: str


def plant(fault: Fault, package: Path) -> None:
    """Put the fault into a copy of the package; its place must still exist."""
    file = package / fault.file
    text = file.read_text(encoding="utf-8")
    if isinstance(fault.place, Equation):
        planted = _in_place_of(fault.place, text, fault.wrong, fault.file)
    else:
        assert text.count(fault.place) == 1, f"{fault.file} must hold once: {fault.place}"
        planted = text.replace(fault.place, fault.wrong)
    assert planted != text, f"{fault.file} holds the wrong line already: {fault.wrong}"
    ast.parse(planted)  # a test that fails because of a syntax error has detected nothing
    file.write_text(planted, encoding="utf-8")


def _in_place_of(equation: Equation, text: str, wrong: str, file: str) -> str:
    """Return the text with a wrong line instead of an equation's, with the same indentation."""
    lines = text.splitlines()
    functions = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef) and node.name == equation.function
    ]
    found = [
        number
        for node in functions
        for number in range(node.lineno - 1, node.end_lineno or 0)
        if equation.number in _numbers(lines[number])
    ]
    assert len(found) == 1, f"{file} must have eq. {equation.number} once in {equation.function}"
    (at,) = found
    indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
    lines[at] = "\n".join(indent + each for each in wrong.splitlines())
    return "\n".join(lines) + "\n"


def _numbers(line: str) -> set[int]:
    """Return the numbers of the equations in the comment of a line."""
    marks = MARKS.findall(line.partition("#")[2])
    return {int(number) for mark in marks for number in re.findall(r"\d+", mark)}


def address(test: str, folders: Iterable[str]) -> str:
    """Return the address of a test for pytest: its file in one of the folders, and its name."""
    if "::" in test:
        return test
    definition = f"def {test.partition('[')[0]}("
    files = [file for folder in folders for file in sorted((TESTS / folder).rglob("test_*.py"))]
    here = [file for file in files if definition in file.read_text("utf-8")]
    assert len(here) == 1, f"{test} is in {here}"
    return f"{here[0].relative_to(TESTS)}::{test}"


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


def planted_runs(faults: Mapping[str, Fault], folders: Iterable[str]) -> Callable[..., Runs]:
    """Return a fixture: the runs of all faults of a file that are tested, two at a time.

    `folders` of the tests are copied, and what tests have in common beside them.
    """
    names = list(folders)
    copied = [
        *(TESTS / name for name in names),
        *(file for file in TESTS.glob("*.py") if "test_" not in file.name),
    ]

    def run_of(fault: Fault | None, place: Path) -> subprocess.CompletedProcess[str]:
        chosen = [address(each.seen_by, names) for each in ([fault] if fault else faults.values())]
        return run_with(fault, chosen, copied, place)

    @pytest.fixture(scope="module")
    def runs(
        request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
    ) -> Iterator[Runs]:
        wanted = [
            item.callspec.params["name"]
            for item in request.session.items
            if item.path == request.path and hasattr(item, "callspec")
        ]
        with ThreadPoolExecutor(max_workers=2) as pool:
            yield {
                name: pool.submit(run_of, faults.get(name), tmp_path_factory.mktemp("planted"))
                for name in wanted
            }

    return runs


def assert_seen(name: str, runs: Runs) -> None:
    """Assert that the test of a fault fails on it, and that all tests pass without a fault."""
    done = runs[name].result()
    expected = PASSED if name == NO_FAULT else FAILED
    assert done.returncode == expected, f"{name}: {done.stdout}{done.stderr}"
