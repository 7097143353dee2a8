"""A page for each method of transfer, in the form of the rules' pages, and tables that pages show.

A method that joins `nofb.transfer.METHODS` has its page by that.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

from rule_pages import code, equations, further, said, stepper, symbols
from wording import prose, sentence

from nofb.audit import top_down, top_down_table
from nofb.explain import header
from nofb.text import markdown
from nofb.transfer import METHODS


def pages(folder: Path) -> dict[Path, Path]:
    """Return the page that stands for each method's file."""
    return {Path(inspect.getfile(method)): folder / f"{name}.md"
            for name, method in METHODS.items()}  # fmt: skip


def contents(folder: Path) -> dict[Path, str]:
    """Return the text of every page, and the tables of the audit of TOAST's path."""
    found = top_down("toast")
    moved, read = top_down_table.rows(found), top_down_table.read_rows(found)
    written = {folder / "moved.txt": markdown(moved), folder / "read.txt": markdown(read)}
    return written | {folder / f"{name}.md": "\n".join(page(name)) for name in METHODS}


def page(name: str) -> Iterator[str]:
    """Write the page of a method."""
    method, known = METHODS[name], header(name)
    yield f"---\nhide-toc: true\n---\n# {name}: {known.title}\n"
    yield f":::{{container}} question\n{sentence(prose(known.question))}\n:::\n"
    yield f"{prose(known.summary)}\n"
    yield from further(name, method)
    yield f"**Uses** {prose(known.says('Uses'))}\n"
    yield "## The equations\n"
    yield from equations(known)
    yield "\n### Symbols\n"
    yield from symbols(known)
    yield from stepper(name, known.title)
    yield from code(name)
    yield from said(known)
    yield "## Options\n"
    for each in dict.fromkeys([method, method.options_type]):
        yield f"```{{eval-rst}}\n.. autoclass:: {each.__module__}.{each.__name__}\n```\n"
    yield f"## Try it\n\n```sh\nnofb transfer {name}\nnofb explain {name} --step\n```"
