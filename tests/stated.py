"""What the tests of one rule state of it, for the tests of all rules.

A rule's own tests stand in tests/rules/test_<file>.py, where <file> is that of the rule. What they
hold in capitals is read here, so that a new rule needs no row in any other table:

EQUATIONS
    For each name, a function of (net, x, target) that gives its updates, once more.
DEFAULTS, USES
    For each name, the defaults of its settings, and its uses as one string, as in test_defaults.py.
KERNELS
    For each kernel, as "file.name", a function that gives arguments to call it with.
BOUNDS
    For each (name, setting) whose range is its own, as in test_bounds_of_settings.py.
"""

import runpy
from functools import cache
from pathlib import Path
from typing import Any

from nofb import rules

TESTS = Path(__file__).with_name("rules")
FILES = sorted({rule.__module__.rpartition(".")[2] for rule in rules.RULES.values()})


@cache
def tests_of(file: str) -> dict[str, Any]:
    """Return all that the tests of a file of rules define; nothing, if it has none."""
    path = TESTS / f"test_{file}.py"
    return runpy.run_path(str(path)) if path.exists() else {}


def stated(what: str) -> dict[Any, Any]:
    """Return what all files of tests of one rule state, such as EQUATIONS."""
    found: dict[Any, Any] = {}
    for file in FILES:
        found |= tests_of(file).get(what, {})
    return found
