"""Finds whether a module belongs to nofb, to a library, or to the user."""

from __future__ import annotations

import sys
import sysconfig
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

LIBRARIES = ("site-packages", "dist-packages")
STANDARD = tuple(Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib"))
INTERACTIVE = ("__main__", "__mp_main__")  # a notebook, a prompt, or a script


def is_own(name: str) -> bool:
    """Return whether a module is the user's own: not nofb's, not Python's, and not installed.

    Examples
    --------
    >>> is_own("nofb.rules"), is_own("numpy"), is_own("random"), is_own("__main__")
    (False, False, False, True)
    """
    if name in INTERACTIVE:
        return True
    if name.partition(".")[0] in ("nofb", "builtins"):
        return False
    module = sys.modules.get(name)
    file = file_of(module)
    if file is None:
        return getattr(module, "__spec__", None) is None  # else it is built in
    return is_own_file(file)


def is_own_file(file: Path) -> bool:
    """Return whether a file belongs to the user: not to Python or an installed library."""
    library = any(part in LIBRARIES for part in file.parts)
    return not library and not any(file.is_relative_to(folder) for folder in STANDARD)


def file_of(module: ModuleType | None) -> Path | None:
    """Return the file that a module was loaded from, or `None` if there is none."""
    file = getattr(module, "__file__", None)
    return None if file is None else Path(file)


def load(name: str) -> ModuleType | None:
    """Return a module; a module of the user is loaded if it was not loaded yet."""
    if name not in sys.modules:
        if _own_spec(name.partition(".")[0]) is None:
            return None
        import_module(name)
    return sys.modules[name]


def file_to_load(name: str) -> Path | None:
    """Return the file of a user's module that is not loaded yet, if there is one.

    Nothing is imported, not even the packages that contain the module.
    """
    first, *rest = name.split(".")
    try:
        spec = _own_spec(first)
    except ValueError:  # it was added to sys.modules by hand
        return None
    if spec is None:
        return None
    if not rest:
        return Path(str(spec.origin))
    for folder in spec.submodule_search_locations or ():
        place = Path(folder, *rest)
        for file in (place.with_name(f"{place.name}.py"), place / "__init__.py"):
            if file.is_file():
                return file
    return None


def _own_spec(name: str) -> ModuleSpec | None:
    """Return the location of a user's module or package, `None` if it is not the user's."""
    spec = find_spec(name)
    own = spec is not None and spec.has_location and is_own_file(Path(str(spec.origin)))
    return spec if own else None
