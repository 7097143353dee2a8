"""The lessons: where they are, and what a script shows cell by cell, as in a notebook."""

from __future__ import annotations

import ast
import contextlib
import io
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from nofb import checks

if TYPE_CHECKING:
    from nofb.plots import Picture

PACKAGE = Path(__file__).parents[1]


@dataclass(frozen=True)
class Cell:
    """A cell of a lesson.

    Attributes
    ----------
    first, last
        Its lines in the script, counted from 1.
    text
        The Markdown, or "" for code.
    """

    first: int
    last: int
    text: str


@dataclass(frozen=True)
class Shown:
    """A picture that a lesson shows.

    Attributes
    ----------
    section
        The heading above it.
    caption
        What the paragraph above it says of the figure; "" if an earlier figure has said it.
    picture
        The picture; of sliders, the one for their middle values.
    """

    section: str
    caption: str
    picture: Picture


def folder() -> Path:
    """Return where the lessons are: in the installed package, or beside it in a checkout."""
    inside = PACKAGE / "notebooks"
    return inside if inside.is_dir() else PACKAGE.parent / "notebooks"


def scripts() -> dict[str, Path]:
    """Return the script of each lesson, by its number such as "02"."""
    return {path.name[:2]: path for path in sorted(folder().glob("[0-9][0-9]_*.py"))}


def script(number: str) -> Path:
    """Return the script of a lesson.

    Raises
    ------
    ValueError
        If there is no such lesson.
    """
    found = scripts()
    checks.choice("lesson", number, found)
    return found[number]


def title(path: Path) -> str:
    """Return the heading of a lesson, without its number.

    Examples
    --------
    >>> title(script("06"))
    'Kolen-Pollack: two matrices with the same local update'
    """
    found = re.search(r"^# # \d\d (.+)$", path.read_text("utf-8"), re.MULTILINE)
    return found[1] if found else path.stem


def cells(source: str) -> list[Cell]:
    """Return the cells of a script in jupytext's percent format."""
    lines = source.splitlines()
    starts = [place for place, line in enumerate(lines) if line.startswith("# %%")]
    found = []
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        is_text = lines[start].startswith("# %% [markdown]")
        text = "\n".join(line[2:] for line in lines[start + 1 : end]) if is_text else ""
        found.append(Cell(start + 1, end, text.strip()))
    return found


def shown(path: Path) -> Iterator[Shown]:
    """Run a lesson and yield each picture with which a cell ends."""
    from nofb.plots import Picture, Sliders  # late: matplotlib loads slowly

    source = path.read_text("utf-8")
    module = ModuleType(f"lesson_{path.name[:2]}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # where classes and their source are looked up
    statements = ast.parse(source, str(path)).body
    section = caption = ""
    for cell in cells(source):
        if cell.text:
            section, caption = heading(cell.text) or section, last_paragraph(cell.text)
            continue
        own = [each for each in statements if cell.first <= each.lineno <= cell.last]
        result = run(own, path, module)
        picture = result.picture if isinstance(result, Sliders) else result
        if isinstance(picture, Picture):
            yield Shown(section, about_the_figure(caption), picture)
            caption = ""


def run(statements: list[ast.stmt], path: Path, module: ModuleType) -> object:
    """Run statements in a module, without their printing; return the value of a last expression."""
    *before, last = statements or [ast.Pass(lineno=1, col_offset=0)]
    if not isinstance(last, ast.Expr):
        before, ends = [*before, last], None
    else:
        ends = ast.Expression(last.value)
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(ast.Module(before, []), str(path), "exec"), vars(module))
        return None if ends is None else eval(compile(ends, str(path), "eval"), vars(module))


def heading(text: str) -> str:
    """Return the last heading in Markdown, or ""."""
    found = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return str(found[-1]) if found else ""


def last_paragraph(text: str) -> str:
    """Return the last paragraph of Markdown that is neither a heading nor an equation."""
    parts = [part.strip() for part in text.split("\n\n")]
    prose = [part for part in parts if part and part[0] not in "#$|>*"]
    return " ".join(prose[-1].split()) if prose else ""


def about_the_figure(paragraph: str) -> str:
    """Return a paragraph from the sentence on that first names the figure; all of it if none does.

    Examples
    --------
    >>> about_the_figure("So B is fixed. In the figure, lines are measured. Dots are computed.")
    'In the figure, lines are measured. Dots are computed.'
    """
    sentences = re.split(r"(?<=[.:?!]) (?=[A-Z$])", paragraph)
    first = next((n for n, each in enumerate(sentences) if re.search(r"\bfigure\b", each)), 0)
    return " ".join(sentences[first:])
