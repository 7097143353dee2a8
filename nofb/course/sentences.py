"""What is wrong with an answer, in a sentence that names the cause."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nofb.course.calls import Called, outputs
from nofb.course.task import Arguments, Task
from nofb.course.verdict import one_line
from nofb.types import Array

RTOL, ATOL = 1e-6, 1e-9
LARGE = 100.0  # an exp of it is 1e43


def wrong_shape(called: Called) -> str | None:
    """Say which result has the wrong shape, is not written, or which argument was changed."""
    return unlike(called) or unwritten(called) or changed(called)


def unlike(called: Called) -> str | None:
    """Say which result is no array of numbers of the right shape."""
    task, found, expected = called.task, called.found, called.expected
    if not task.in_place and len(found) == 1 and found[0] is None:
        return f"{task.name} returns nothing: end it with return"
    if len(found) != len(expected):
        return f"{task.name} returns {len(found)} results, but {len(expected)} are asked for"
    for mine, right in zip(found, expected, strict=True):
        shape, wanted = np.shape(mine), np.shape(right)
        if np.asarray(mine).dtype.kind not in "biuf":
            return f"{task.name} gives a {kind_of(mine)}, where real numbers are asked for"
        if shape != wanted:
            turned = ": it is transposed" if len(shape) == 2 and shape == wanted[::-1] else ""
            return f"{task.name} gives shape {shape}, but {wanted} is asked for{turned}"
    return None


def kind_of(value: Any) -> str:
    """Return what a value is, without a word of its own."""
    if isinstance(value, np.ndarray):
        return "complex array" if value.dtype.kind == "c" else "array of something else"
    return {str: "text", bytes: "text", complex: "complex number"}.get(type(value), "list")


def unwritten(called: Called) -> str | None:
    """Say that nothing was written into the arrays that must change."""
    changing = called.changing()
    if not changing or any(changing.values()):
        return None
    name = next(iter(changing))
    if called.returned is not None:
        return f"{called.task.name} returns its result: write it into {name}, {name}[...] = ..."
    return as_before(name)


def as_before(name: str) -> str:
    """Say that an array was not written, and why that can be."""
    return (
        f"{name} is as it was before: write into it, {name}[...] = ...; `{name} = ...` makes a new "
        "array, which the caller never sees"
    )


def changed(called: Called) -> str | None:
    """Say which argument was changed that had to stay as it was."""
    for name, stayed in called.staying().items():
        if not stayed:
            return f"{called.task.name} changes its argument {name}: make a new array instead"
    return None


def wrong_numbers(called: Called) -> str | None:
    """Say what is wrong with the numbers: a mistake that is known, or how they differ."""
    pairs = list(zip(called.found, called.expected, strict=False))
    if len(called.found) == len(called.expected) and all(same(*pair) for pair in pairs):
        return None
    return known_mistake(called) or difference(called)


def known_mistake(called: Called) -> str | None:
    """Return the cause of the wrong answer that gives the same numbers, if one does."""
    task, found = called.task, called.found
    for wrong in task.wrong:
        space: dict[str, Any] = {}
        exec(task.function_of(wrong.body), space)
        expected = _tried(space[task.name], task, called.arguments)
        pairs = zip(found, expected, strict=False)
        if len(found) == len(expected) and all(same(*pair) for pair in pairs):
            return wrong.cause
    return None


def _tried(function: Callable[..., Any], task: Task, arguments: Arguments) -> list[Any]:
    """Return the results of a wrong answer; none where it fails on these arguments."""
    try:
        with np.errstate(all="ignore"):
            return outputs(function, task, arguments)
    except (ArithmeticError, TypeError, ValueError, IndexError):
        return []


def same(mine: Any, right: Any) -> bool:
    """Say whether two results agree up to rounding."""
    if np.shape(mine) != np.shape(right):
        return False
    try:
        return bool(np.allclose(mine, right, rtol=RTOL, atol=ATOL, equal_nan=False))
    except TypeError:
        return False  # no numbers


def difference(called: Called) -> str:
    """Say how numbers differ, where no known mistake gives them."""
    if len(called.found) != len(called.expected):
        return unlike(called) or "the number of results is wrong for some arguments"
    rows = zip(called.names, called.found, called.expected, strict=True)
    name, mine, right = next(row for row in rows if not same(row[1], row[2]))
    try:
        mine, right = np.asarray(mine, float), np.asarray(right, float)
    except (TypeError, ValueError):
        return f"{name} does not consist of numbers"
    if mine.shape != right.shape:
        return f"{name} has shape {mine.shape} for some arguments, not {right.shape}"
    if not np.isfinite(mine).all():
        return f"{name} holds {not_finite(called.arguments)}"
    return _of_numbers(called, name, mine, right)


def _of_numbers(called: Called, name: str, mine: Array, right: Array) -> str:
    """Say how finite numbers of one shape differ."""
    before = called.before(name)
    if before is not None and np.array_equal(mine, before):
        return as_before(name)
    if name in called.task.writes and same(mine, right + before):
        return f"{name} is added to what it held before: write {name}[...] = ... instead of +="
    whole = "every number" if name == "the result" else f"every number of {name}"
    whole = whole if mine.ndim else name
    if same(mine, -right):
        return f"{whole} has the wrong sign"
    if (factor := _factor(mine, right)) is not None:
        return f"{whole} is {factor:.4g} times what it should be"
    place = np.argwhere(~np.isclose(mine, right, rtol=RTOL, atol=ATOL))[0]
    shown, wanted = mine[tuple(place)] + 0.0, right[tuple(place)] + 0.0  # no -0
    which = f"entry {[int(each) for each in place]} of {name}" if place.size else name
    return f"{which} is {shown:.6g}, but should be {wanted:.6g}"


def _factor(mine: Array, right: Array) -> float | None:
    """Return by which factor all numbers differ, if it is one for all."""
    if not np.any(right):
        return None
    factor = float((mine * right).sum() / (right * right).sum())
    return factor if factor and same(mine, factor * right) else None


def not_finite(arguments: Sequence[Any]) -> str:
    """Say why there can be NaN or infinity."""
    arrays = [each for each in arguments if isinstance(each, np.ndarray) and each.size]
    largest = max((float(np.abs(each).max()) for each in arrays), default=0.0)
    if largest > LARGE:
        return f"NaN or infinity where an argument is {largest:.0f}: does exp overflow?"
    return "NaN or infinity: is something divided by zero?"


def shapes(task: Task, arguments: Arguments) -> str:
    """Return the shapes of arguments, by name."""
    named = zip(task.arguments, arguments, strict=True)
    return one_line(", ".join(f"{n} {np.shape(each)}" for n, each in named if np.shape(each)))
