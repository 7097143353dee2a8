"""The worked number in a student's file: small arguments, and the right result for them.

Every student gets other numbers, small enough to be computed by hand.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from nofb.course.calls import outputs
from nofb.course.task import Arguments, Task
from nofb.types import Array

DECIMALS = 4


def arguments_for(task: Task, seed: int) -> Arguments:
    """Return the arguments of a student's worked number."""
    return task.example(np.random.default_rng([zlib.crc32(task.number.encode()), seed, 1000]))


def text(task: Task, seed: int) -> list[str]:
    """Return the lines that print a student's worked number."""
    arguments = arguments_for(task, seed)
    named = list(zip(task.arguments, arguments, strict=True))
    lines = ["A worked number, to check with pencil and paper:", ""]
    for name, value in named:
        lines += indented(name, value)
    results = results_of(task, arguments)
    ends = "Afterwards" if task.in_place else "This gives"
    rounded = "" if all(map(_is_short, results.values())) else f", rounded to {DECIMALS} decimals"
    lines += ["", f"{ends}{rounded}", ""]
    for name, value in results.items():
        lines += indented(name, value)
    return lines


def results_of(task: Task, arguments: Arguments) -> dict[str, Any]:
    """Return the right results, by name: of the arguments that change, or `result`."""
    return changed(task, arguments, outputs(task.reference, task, arguments))


def changed(task: Task, arguments: Arguments, found: Sequence[Any]) -> dict[str, Any]:
    """Return what a function has returned or changed, by name."""
    if not task.in_place:
        many = len(found) > 1
        return {f"result {n}" if many else "result": each for n, each in enumerate(found, 1)}
    named = [
        (name, value)
        for name, value in zip(task.arguments, arguments, strict=True)
        if isinstance(value, np.ndarray)
    ]
    return {
        name: after
        for (name, before), after in zip(named, found, strict=True)
        if not np.array_equal(before, after)
    }


def _is_short(value: Any) -> bool:
    return np.allclose(value, np.round(value, DECIMALS), rtol=0, atol=1e-12)


def indented(name: str, value: Any) -> list[str]:
    """Return the lines that show an array or a number, under its name."""
    start = f"    {name} = "
    if isinstance(value, np.ndarray):
        shape = value.shape
        value, index = _without_axes_of_one(value)
        start = f"    {name}{index} = "
        numbers = written(value).splitlines()
        lines = [start + numbers[0], *(" " * len(start) + line for line in numbers[1:])]
        return [*lines[:-1], f"{lines[-1]}  # {shape}"]
    return [f"{start}{_plain(value)}"]


def _plain(value: Any) -> str:
    return f"{round(value, DECIMALS):g}" if isinstance(value, float) else f"{value}"


def written(array: Array) -> str:
    """Return an array as Python writes it, rounded."""
    rounded = np.round(array, DECIMALS) + 0.0  # no -0
    return np.array2string(rounded, separator=", ", formatter={"float_kind": "{:g}".format})


def _without_axes_of_one(array: Array) -> tuple[Array, str]:
    """Leave out the axes of length 1 of an array with more than two axes; return how."""
    if array.ndim <= 2:
        return array, ""
    keep = [size > 1 for size in array.shape]
    index = ", ".join(":" if kept else "0" for kept in keep)
    return array[tuple(slice(None) if kept else 0 for kept in keep)], f"[{index}]"
