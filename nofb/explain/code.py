"""A function as its source reads: its lines, and what the comment at the end of each one says."""

from __future__ import annotations

import ast
import inspect
import io
import re
import sys
import textwrap
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import cast

Definition = ast.FunctionDef | ast.AsyncFunctionDef
FOR_TOOLS = re.compile(r"\s*#\s*(noqa|type:|fmt:).*")


@dataclass(frozen=True)
class Written:
    """One line of source.

    Attributes
    ----------
    number
        In the file, or the notebook's cell.
    code
        Without the comment at its end.
    comment
        That comment; "" for none.
    """

    number: int
    code: str
    comment: str


@dataclass(frozen=True)
class Listing:
    """The source of a function, without its docstring.

    Attributes
    ----------
    says
        The first line of its docstring.
    lines
        Its lines, decorators included.
    statements
        For the number of each line, the first and the last line of the statement it belongs to; of
        a kernel, whose loops are one thing, of the outermost statement.
    """

    says: str
    lines: tuple[Written, ...]
    statements: dict[int, tuple[int, int]]


def listing(code: CodeType) -> Listing:
    """Return the source of a function from its code, or say that there is none."""
    try:
        lines, first = inspect.getsourcelines(code)
    except OSError:
        raise OSError(
            f"the source of {code.co_qualname} is in no file: define it in one, or in a notebook"
        ) from None
    source = textwrap.dedent("".join(lines))
    function = cast(Definition, ast.parse(source).body[0])
    doc = ast.get_docstring(function)
    body = function.body[1:] if doc else function.body
    lines_of_doc = _extent(function.body[0]) if doc else range(0)
    return Listing(
        says=(doc or "").split("\n")[0],
        lines=tuple(
            each for each in _written(source, first) if each.number - first + 1 not in lines_of_doc
        ),
        statements={
            first + line - 1: (first + span[0] - 1, first + span[-1] - 1)
            for span in _spans(body, any(map(_compiles, function.decorator_list)))
            for line in span
        },
    )


def file_of(module: str) -> str:
    """Return the path of a module's file within the project, or its name; or that of the module."""
    if module.startswith("nofb."):
        return f"{module.replace('.', '/')}.py"
    return Path(getattr(sys.modules.get(module), "__file__", None) or module).name


def _written(source: str, first: int) -> Iterator[Written]:
    """Take the lines apart into code and the comment that ends it."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = {t.start[0]: t.start[1] for t in tokens if t.type == tokenize.COMMENT}
    for offset, line in enumerate(source.splitlines()):
        column = comments.get(offset + 1, len(line))
        code, comment = line[:column].rstrip(), FOR_TOOLS.sub("", line[column:]).lstrip("# ")
        if code or comment:
            own = code or f"{line[:column]}# {comment}"  # a comment that stands alone is a line
            yield Written(first + offset, own, comment if code else "")


def _compiles(decorator: ast.expr) -> bool:
    """Say whether a decorator makes a kernel of a function: `@kernel`, or Numba's own."""
    return bool(re.search(r"\b(kernel|n?jit)\b", ast.unparse(decorator)))


def _spans(body: Sequence[ast.stmt], whole_loops: bool) -> Iterator[range]:
    """Give the lines of every statement; of one with a body of its own, those of its heading."""
    for statement in body:
        inner = list(_inner(statement))
        if inner and not whole_loops:
            yield range(statement.lineno, max(statement.lineno + 1, inner[0].lineno))
            yield from _spans(inner, whole_loops)
        else:
            yield _extent(statement)


def _extent(statement: ast.stmt) -> range:
    return range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)


def _inner(node: ast.AST) -> Iterator[ast.stmt]:
    """Give the statements within one, those of its branches too."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            yield child
        elif isinstance(child, ast.ExceptHandler | ast.match_case):
            yield from _inner(child)
