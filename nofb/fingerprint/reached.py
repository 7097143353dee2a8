"""A hash of the loaded code of a class or function, and of all code that it reaches.

It includes the bytecode of the methods, their constants, defaults and closures, the global names
that they read, and the same for every function, class and value found in this way. From nofb and
from installed libraries only names are included. Comments and line numbers are left out.
"""

from __future__ import annotations

import builtins
import hashlib
import types
from functools import cached_property
from typing import Any

import numpy as np

from nofb.fingerprint.kinds import EMPTY, NAMED, PLAIN, SHARED, SKIPPED, pieces
from nofb.fingerprint.names import Import, Read, full_name, reads, words
from nofb.fingerprint.outside import UnknownCodeError, is_outside, outside, refusal
from nofb.fingerprint.owners import INTERACTIVE, is_own, load
from nofb.modules import is_nofb


class Reached:
    """A hash that is built from values and from everything that they reach.

    Parameters
    ----------
    root
        The package whose code is read even if it is installed; "" for none.

    Attributes
    ----------
    modules
        The names of the user's own modules that were reached.
    has_own
        Whether any of the user's own code was reached.
    """

    def __init__(self, root: str = "") -> None:
        self.root = root
        self.modules: dict[str, None] = {}
        self.has_own = False
        self._total = hashlib.sha256()
        self._seen: dict[int, int] = {}
        self._kept: list[object] = []  # so that no id is used for a second object
        self._path: list[str] = []

    def digest(self) -> str:
        """Return the hash of everything so far."""
        return self._total.hexdigest()

    def is_own(self, module: str) -> bool:
        """Return whether the code of a module is included."""
        return is_own(module) or (bool(self.root) and f"{module}.".startswith(f"{self.root}."))

    def take(self, value: Any, name: str) -> None:
        """Include a value with its name."""
        self._path.append(name)
        self._take(value)
        self._path.pop()

    def tell(self, *words: object) -> None:
        """Include plain words."""
        for word in words:
            text = str(word).encode()
            self._total.update(b"%d:" % len(text) + text)

    def _take(self, value: Any) -> None:
        if isinstance(value, PLAIN):
            self.tell(type(value).__name__, repr(value))
        elif is_outside(value):
            raise refusal(self._path[0], self._path[-1])
        elif type(value) is tuple:
            self._sequence(value)
        elif type(value) in (set, frozenset):
            self.tell(type(value).__name__, *sorted(self._apart(part) for part in value))
        elif isinstance(value, types.CodeType):
            self.code(value)
        elif isinstance(value, np.ndarray) and not value.dtype.hasobject:
            self.tell("array", value.dtype.str, value.shape)
            self._total.update(np.ascontiguousarray(value).reshape(-1).view(np.uint8).data)
        elif isinstance(value, types.ModuleType):
            self.module(value.__name__)
        elif isinstance(value, NAMED):
            self.tell(type(value).__name__, getattr(value, "__module__", ""), value.__name__)
            self._bound_to(getattr(value, "__self__", None))
        elif id(value) in self._seen:
            self.tell("again", self._seen[id(value)])
        else:
            self._seen[id(value)] = len(self._seen)
            self._kept.append(value)
            self._structure(value)

    def _structure(self, value: Any) -> None:
        """Include a value that contains other values; each only once."""
        if isinstance(value, type):
            self._class(value)
        elif isinstance(value, types.FunctionType):
            self._function(value)
        elif callable(getattr(value, "py_func", None)):  # a kernel of Numba
            self.take(value.py_func, "py_func")
            self.take(dict(getattr(value, "targetoptions", {})), "options")
        elif isinstance(value, types.MethodType | staticmethod | classmethod):
            self.tell(type(value).__name__)
            self._bound_to(getattr(value, "__self__", None))
            self._take(value.__func__)
        elif isinstance(value, property):
            self.tell("property")
            self._sequence((value.fget, value.fset, value.fdel))
        elif isinstance(value, cached_property):
            self.tell("property")
            self._take(value.func)
        elif type(value) is list:
            self._sequence(value)
        elif type(value) is dict:
            self.tell("dict", len(value))
            for key, part in value.items():
                self._take(key)
                self.take(part, str(key))
        elif callable(getattr(value, "__wrapped__", None)):  # such as functools.cache
            self.tell(type(value).__qualname__)
            self._take(value.__wrapped__)
        else:
            self._instance(value)

    def _bound_to(self, owner: Any) -> None:
        """Include the object of a bound method, unless it is a global generator."""
        if not (isinstance(owner, types.ModuleType) or any(owner is each for each in SHARED)):
            self.take(owner, "__self__")

    def _sequence(self, values: list[Any] | tuple[Any, ...]) -> None:
        self.tell(type(values).__name__, len(values))
        for value in values:
            self._take(value)

    def _apart(self, value: Any) -> str:
        """Return a hash of one value alone, since a set has no order."""
        one = Reached(self.root)
        one._seen, one._path = dict(self._seen), self._path
        one._take(value)
        self.modules |= one.modules
        self.has_own |= one.has_own
        return one.digest()

    def _instance(self, value: Any) -> None:
        """Include any other object: its type, and what pickle would store of it."""
        try:
            kept = pieces(value, whole=self.is_own(type(value).__module__))
        except Exception:  # a user's class may raise anything; it is then unknown
            raise UnknownCodeError(
                f"{self._path[0]} uses {self._path[-1]}, and {value!r} cannot be told from "
                "another (make it inside the rule, in __init__)"
            ) from None
        self.tell("instance")
        self._take(type(value))
        self._sequence(kept)

    def _class(self, kind: type) -> None:
        # For a metaclass of Cython it is a descriptor.
        module = kind.__module__ if isinstance(kind.__module__, str) else "builtins"
        self.tell("class", module, kind.__qualname__)
        own = self.is_own(module)
        if own:
            self.note(module)
            self._sequence(kind.__bases__)
            self.take(type(kind), "metaclass")
        for name in sorted(vars(kind).keys() - SKIPPED):
            value = vars(kind)[name]
            if own or (module.startswith("nofb.") and self._was_put_in(value)):
                self.tell(name)
                self.take(value, name)
        if module.startswith("nofb."):  # a base of nofb may have been changed by hand
            for base in kind.__bases__:
                self._take(base)

    def _was_put_in(self, value: Any) -> bool:
        """Return whether a user has replaced a function in a class of nofb."""
        function = getattr(value, "__func__", value)
        return self.is_own(getattr(function, "__globals__", {}).get("__name__", "nofb"))

    def _function(self, function: types.FunctionType) -> None:
        module = function.__globals__.get("__name__", "")
        self.tell("function", module, function.__qualname__)
        own = self.is_own(module)
        if own:
            self.note(module)
            self._sequence([function.__defaults__, function.__kwdefaults__, vars(function)])
            self._globals(function)
        elif is_nofb(function.__module__) and hasattr(function, "__wrapped__"):
            self.tell(function.__module__)
            return  # the closure of a decorated nofb function belongs to nofb
        if own or "<" in function.__qualname__:
            self.code(function.__code__)
        for name, cell in zip(
            function.__code__.co_freevars, function.__closure__ or (), strict=True
        ):
            self.tell(name)
            if cell != EMPTY:
                self.take(cell.cell_contents, name)

    def code(self, code: types.CodeType) -> None:
        """Include bytecode and its constants, also of inner functions."""
        self.tell("code", *words(code))
        self._sequence(code.co_consts)

    def _globals(self, function: types.FunctionType) -> None:
        """Include the global values that a function reads, and the modules that it imports."""
        if name := outside(function):
            raise refusal(self._path[0], name)
        there = function.__globals__
        for each in sorted(reads(function.__code__)):
            self.tell(*each)
            if isinstance(each, Import):
                self.module(full_name(each, there), *each.names)
            elif each.name in there:
                self._read(there[each.name], each)
            else:
                self.tell("built in" if hasattr(builtins, each.name) else "missing")

    def _read(self, value: Any, read: Read) -> None:
        if isinstance(value, types.ModuleType):
            self.module(value.__name__, *read.attributes[:1], more=read.attributes[1:])
        else:
            self.take(value, read.name)

    def module(self, name: str, *attributes: str, more: tuple[str, ...] = ()) -> None:
        """Include a module's name, and the names imported from it if it is the user's own."""
        self.tell("module", name)
        try:
            found = load(name)
        except (Exception, SystemExit) as error:  # a user's module may raise anything
            raise UnknownCodeError(
                f"{self._path[0]} uses the module {name}, which cannot be imported: {error}"
            ) from error
        if found is None or not self.is_own(name):
            return
        self.note(name)
        for attribute in attributes:
            value = getattr(found, attribute, None)
            if isinstance(value, types.ModuleType):
                self.module(value.__name__, *more[:1], more=more[1:])
            else:
                self.take(value, f"{name}.{attribute}")

    def note(self, module: str) -> None:
        """Record one of the user's own modules."""
        self.has_own = True
        if module not in INTERACTIVE:
            self.modules[module] = None
