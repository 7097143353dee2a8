"""The arrays that a layer owns: each is checked and copied when it is assigned.

So kernels can rely on their form, and no other object shares the memory.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nofb import checks
from nofb.types import Array, FloatType

Pattern = tuple[int | None, ...]  # a shape; `None` allows any length


def owned(
    name: str, owner: object, given: Any, shape: Pattern, dtype: FloatType, hint: str = ""
) -> Array:
    """Return a copy of an array in the form for kernels: C-contiguous, writable, of one type.

    Parameters
    ----------
    name, owner
        The names of the array and of its owner, for errors.
    given
        Real numbers, in any memory layout.
    shape
        The shape that is needed.
    dtype
        The type that is needed; the values are cast to it.
    hint
        How to avoid a transposed array, for the error.

    Raises
    ------
    TypeError
        If `given` does not hold real numbers, or is a masked array that hides some.
    ValueError
        If it has another shape, or a value is not finite after the cast.

    Examples
    --------
    >>> owned("W", "the layer", np.ones((3, 2)).T, (2, 3), np.float32).flags.c_contiguous
    True
    >>> owned("W", "the layer", np.ones((3, 2)), (2, 3), np.float32)
    Traceback (most recent call last):
    ...
    ValueError: W of 'the layer' has shape (3, 2), but needs (2, 3); it is transposed: give its .T
    """
    what = f"{name} of {owner!r}"
    if given is None:
        raise TypeError(f"{what} must be an array, but is None")
    if isinstance(given, np.ma.MaskedArray):
        raise TypeError(f"{what} is a masked array, but no layer keeps a mask: give its .filled(0)")
    array = np.asarray(given)
    checks.real(what, array)
    if not _fits(array.shape, shape):
        needs = ", ".join("any" if length is None else str(length) for length in shape)
        needs = f"({needs},)" if len(shape) == 1 else f"({needs})"
        turned = array.ndim == 2 and _fits(array.shape[::-1], shape)
        cure = f"; it is transposed: {hint}give its .T" if turned else ""
        raise ValueError(f"{what} has shape {array.shape}, but needs {needs}{cure}")
    with np.errstate(over="ignore"):  # the next line refuses an overflow
        copy = np.array(array, dtype, order="C")
    checks.finite(what, copy)
    return copy


def _fits(shape: tuple[int, ...], pattern: Pattern) -> bool:
    return len(shape) == len(pattern) and all(
        wanted in (None, length) for length, wanted in zip(shape, pattern, strict=True)
    )
