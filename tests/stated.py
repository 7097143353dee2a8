"""What the tests of one rule state about it, for the tests of all rules.

A rule's own tests are in tests/rules/test_<file>.py, where <file> is the file of the rule. Their
names in capitals are read here, so a new rule needs no row in any other table:

EQUATIONS
    For each name, a function of (net, x, target) that computes its updates again.
DEFAULTS, USES
    For each name, the defaults of its settings, and its uses as one string, as in test_defaults.py.
KERNELS
    For each kernel, as "file.name", a function that gives arguments for a call.
BOUNDS
    For each (name, setting) with its own range, as in test_bounds_of_settings.py.
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
    """Return all names that the tests of a file of rules define; nothing, if there are no tests."""
    path = TESTS / f"test_{file}.py"
    return runpy.run_path(str(path)) if path.exists() else {}


def stated(what: str) -> dict[Any, Any]:
    """Return what all files of tests of one rule state, such as EQUATIONS."""
    found: dict[Any, Any] = {}
    for file in FILES:
        found |= tests_of(file).get(what, {})
    return found
