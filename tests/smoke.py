"""The smoke tests: one part of each area, in less than two minutes on two cores.

`python -m pytest -m smoke` runs them, and its last lines say how many tests it left out, and where.
They are for a first look after a change, and for versions of Python and of the dependencies.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
SMOKE = (
    "cli/test_cli.py",
    "datasets/test_dataset.py",
    "datasets/test_shipped.py",
    "diagnosis/test_diagnosis.py",
    "docs/test_readme.py",
    "explain/test_explain.py",
    "graph/test_branches.py",
    "kernels/test_gradients.py",
    "rules/test_defaults.py",
    "rules/test_identities.py",
    "rules/test_targets.py",
    "test_import_map.py",
    "training/test_checkpoints.py",
    "training/test_optimizers.py",
    "training/test_training.py",
    "transfer/test_methods.py",
)
LEFT_OUT = pytest.StashKey[Counter[str]]()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests in the files above, before pytest selects by mark."""
    chosen = {TESTS / name for name in SMOKE}
    for item in items:
        if item.path in chosen and item.get_closest_marker("slow") is None:
            item.add_marker("smoke")


def pytest_configure(config: pytest.Config) -> None:
    """Prepare the count of the tests that do not run."""
    config.stash[LEFT_OUT] = Counter()


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Count the tests that do not run, for each folder."""
    for item in items:
        item.config.stash[LEFT_OUT][area(item.path)] += 1


def area(path: Path) -> str:
    """Return the part of nofb that a file tests."""
    if not path.is_relative_to(TESTS):
        return "examples in docstrings"
    inside = path.relative_to(TESTS).parts
    return inside[0] if len(inside) > 1 else "the package as a whole"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what the smoke tests left out."""
    config = terminalreporter.config
    if config.option.markexpr == "smoke":
        left_out = config.stash[LEFT_OUT]
        areas = ", ".join(f"{name} {number}" for name, number in sorted(left_out.items()))
        terminalreporter.write_line(f"smoke: left out {left_out.total()} tests: {areas}")
        terminalreporter.write_line("`python -m pytest` runs all but the slow ones")
