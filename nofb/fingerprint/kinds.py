"""The kinds of values that code is made of, by how they are told from others of their kind."""

from __future__ import annotations

import random
import types

import numpy as np

# Told by their text.
PLAIN = (type(None), bool, int, float, complex, str, bytes, type(...), type(NotImplemented))

# Told by their name.
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

# What Python makes anew for each class, and what no number depends on.
SKIPPED = {
    "__abstractmethods__", "__annotate__", "__annotate_func__", "__annotations__",
    "__annotations_cache__", "__dataclass_fields__", "__dataclass_params__", "__dict__", "__doc__",
    "__firstlineno__", "__module__", "__qualname__", "__slotnames__", "__static_attributes__",
    "__weakref__", "_abc_impl",
}  # fmt: skip

# Generators of random numbers that all of Python shares: they are no part of a rule.
SHARED = (random.random.__self__, np.random.normal.__self__)  # type: ignore[attr-defined]

EMPTY = types.CellType()  # what a closure holds for a name that is not bound yet
