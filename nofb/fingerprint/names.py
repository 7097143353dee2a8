"""The outside names that bytecode reads: globals, attributes of modules, and imports."""

from __future__ import annotations

from collections.abc import Iterator
from dis import get_instructions
from importlib.util import resolve_name
from types import CodeType
from typing import Any, NamedTuple

GLOBAL = ("LOAD_GLOBAL", "LOAD_NAME")
ATTRIBUTE = ("LOAD_ATTR", "LOAD_METHOD")


class Read(NamedTuple):
    """A global name that is read, and the attributes that are read from it directly."""

    name: str
    attributes: tuple[str, ...]


class Import(NamedTuple):
    """A module that is imported inside a function, and the names imported from it."""

    name: str  # with leading dots, if it is relative
    names: tuple[str, ...]


def reads(code: CodeType) -> set[Read | Import]:
    """Return the outside names that a function and its inner functions read.

    Examples
    --------
    >>> def scaled(x):
    ...     from math import tau
    ...     return tau * np.linalg.norm(x)
    >>> sorted(reads(scaled.__code__))
    [Import(name='math', names=('tau',)), Read(name='np', attributes=('linalg', 'norm'))]
    """
    inner = (constant for constant in code.co_consts if isinstance(constant, CodeType))
    return {*_reads(code), *(each for one in inner for each in reads(one))}


def _reads(code: CodeType) -> Iterator[Read | Import]:
    instructions = [each for each in get_instructions(code) if each.opname != "CACHE"]
    for place, each in enumerate(instructions):
        if each.opname in GLOBAL:
            yield Read(each.argval, _following(instructions[place + 1 :], ATTRIBUTE))
        elif each.opname == "IMPORT_NAME":
            level = instructions[place - 2].argval
            taken = (part.argval for part in instructions if part.opname == "IMPORT_FROM")
            yield Import("." * (level or 0) + each.argval, tuple(sorted(set(taken))))


def _following(instructions: list[Any], kinds: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names in the first instructions, as long as they are of these kinds."""
    names = []
    for each in instructions:
        if each.opname not in kinds:
            break
        names.append(each.argval)
    return tuple(names)


def full_name(each: Import, there: dict[str, Any]) -> str:
    """Return the full name of an imported module, given the globals of the importing code."""
    if not each.name.startswith("."):
        return each.name
    return resolve_name(each.name, there.get("__package__") or "")


def words(code: CodeType) -> Iterator[object]:
    """Yield everything in bytecode that can change a result, except its constants."""
    yield from (code.co_name, code.co_flags)
    yield from (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount)
    yield from (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    yield from (code.co_code.hex(), code.co_exceptiontable.hex())
