"""The kinds of values in code, and how each kind enters a hash."""

from __future__ import annotations

import copyreg
import random
import types
from typing import Any

import numpy as np

# Compared by their text.
PLAIN = (type(None), bool, int, float, complex, str, bytes, type(...), type(NotImplemented))

# Compared by their name.
NAMED = (
    types.BuiltinFunctionType,
    types.WrapperDescriptorType,
    types.MethodDescriptorType,
    types.MemberDescriptorType,
    types.GetSetDescriptorType,
    types.ClassMethodDescriptorType,
    types.MethodWrapperType,
    np.ufunc,
)

# Attributes that Python creates for each class, and that change no result.
SKIPPED = {
    "__abstractmethods__", "__annotate__", "__annotate_func__", "__annotations__",
    "__annotations_cache__", "__dataclass_fields__", "__dataclass_params__", "__dict__", "__doc__",
    "__firstlineno__", "__module__", "__qualname__", "__slotnames__", "__static_attributes__",
    "__weakref__", "_abc_impl",
}  # fmt: skip

# The global random generators of Python and NumPy: they are not part of a rule.
SHARED = (random.random.__self__, np.random.normal.__self__)  # type: ignore[attr-defined]

EMPTY = types.CellType()  # a closure's cell of a name that is not bound yet


def pieces(value: Any, whole: bool) -> list[Any]:
    """Return what pickle would store of an object; with `whole`, its complete state.

    Examples
    --------
    >>> import re
    >>> pieces(re.compile("a+"), whole=False)[1:3]
    [('a+', 32), None]
    """
    registered = copyreg.dispatch_table.get(type(value))  # as for the patterns of re
    kept = registered(value) if registered else value.__reduce_ex__(4)
    state = object.__getstate__(value) if whole else None  # its own __getstate__ may omit something
    if isinstance(kept, str):
        return [kept, state]
    make, arguments, reduced, items, entries = (*kept, None, None, None)[:5]
    return [make, arguments, reduced, list(items or ()), dict(entries or ()), state]
