"""The implementations that are compared. `available()` returns the installed ones."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from benchmarks.cases import Case, Step

MODULES = ("ours", "bare", "plain_numpy", "pytorch", "jaxed", "biotorch_fa")


@dataclass(frozen=True)
class Contender:
    """One implementation of a step.

    Parameters
    ----------
    name
        Its name in the table.
    make
        A function that returns one step of a case with a rule, or `None` if it does not have the
        rule.
    threads
        Within the context `threads(n)`, its steps use n threads.
    """

    name: str
    make: Callable[[Case, str], Step | None]
    threads: Callable[[int], AbstractContextManager[object]]


def available() -> list[Contender]:
    """Return the contenders whose libraries are installed."""
    found: list[Contender] = []
    for name in MODULES:
        try:
            module = importlib.import_module(f"benchmarks.contenders.{name}")
        except ImportError as missing:
            print(f"left out: {name} ({missing})", file=sys.stderr, flush=True)
            continue
        found += module.CONTENDERS
    return found
