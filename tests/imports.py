"""Which module of nofb imports which, including imports inside functions and for types."""

import ast
from functools import cache
from pathlib import Path

import nofb

HOME = Path(nofb.__file__).parent


def modules():
    """Return the file of each module of nofb by its full name."""
    found = {}
    for file in HOME.rglob("*.py"):
        parts = ("nofb", *file.relative_to(HOME).with_suffix("").parts)
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


@cache
def imports():
    """Return the modules of nofb that each module names in an import."""
    known = modules()
    return {
        name: {each for each in _named(file, known) if each != name} for name, file in known.items()
    }


def _named(file, known):
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module in known:
            inner = [f"{node.module}.{each.name}" for each in node.names]
            yield from (name if name in known else node.module for name in inner)


def reached(*starts):
    """Return all modules that these modules import, directly or through others."""
    found, waiting = set(), list(starts)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += imports()[name]
    return found


def circles():
    """Return the groups of modules that import each other, each as a sorted list."""
    below = {name: reached(*imports()[name]) for name in imports()}
    groups = {tuple(sorted(other for other in below[name] if name in below[other]))
              for name in below if name in below[name]}  # fmt: skip
    return sorted(map(list, groups))
