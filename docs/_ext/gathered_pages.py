"""Pages that live elsewhere in the repository, or nowhere, brought into the site.

Notebooks and the benchmarks' page are copied, and the page of each rule, and of each method of
transfer, is written from its own file, before the site is read. Links keep working on both sides:
what points to a file that has a page of its own here leads to that page, and to any other file, to
the file.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import method_pages
import rule_pages
from sphinx.application import Sphinx

DOCS = Path(__file__).parents[1]
ROOT = DOCS.parent
LINK = re.compile(r"(?<=\]\()(?!https?:|#|mailto:)([^)#\s]+)(?=[)#])")


def origins() -> dict[Path, Path]:
    """Return, for each page that is copied, where it goes and where it comes from."""
    found = [ROOT / "benchmarks/README.md", *(ROOT / "notebooks").glob("*.ipynb")]
    found.append(ROOT / "notebooks/README.md")
    return {DOCS / page.relative_to(ROOT): page for page in found}


def destinations() -> dict[Path, Path]:
    """Return the page that stands for a file of the repository."""
    pages = {origin: page for page, origin in origins().items()}
    written = rule_pages.pages(DOCS / "rules") | method_pages.pages(DOCS / "methods")
    return {**pages, ROOT / "README.md": DOCS / "index.md", **written}


def gather(app: Sphinx) -> None:
    """Copy and write all pages, touching only those that have changed."""
    contents = {page: origin.read_bytes() for page, origin in origins().items()}
    for picture in (ROOT / "benchmarks").glob("*.png"):
        contents[DOCS / "benchmarks" / picture.name] = picture.read_bytes()
    written = rule_pages.contents(DOCS / "rules") | method_pages.contents(DOCS / "methods")
    contents |= {page: text.encode() for page, text in written.items()}
    for folder in {page.parent for page in contents}:
        folder.mkdir(exist_ok=True)
        for left_over in set(folder.iterdir()) - set(contents):
            shutil.rmtree(left_over) if left_over.is_dir() else left_over.unlink()
    for page, content in contents.items():
        if not page.is_file() or page.read_bytes() != content:
            page.write_bytes(content)


def lead(app: Sphinx, docname: str, source: list[str]) -> None:
    """Make each link of a page lead to where its target is on the site."""
    page = Path(app.env.doc2path(docname))
    origin, pages = origins().get(page, page), destinations()

    def led(match: re.Match[str]) -> str:
        target = (origin.parent / match[1]).resolve()
        if not target.exists():
            return match[1]  # for Sphinx to complain about
        return Path(os.path.relpath(pages.get(target, target), page.parent)).as_posix()

    source[0] = LINK.sub(led, source[0])


def setup(app: Sphinx) -> dict[str, bool]:
    """Join the build."""
    app.connect("builder-inited", gather)
    app.connect("source-read", lead)
    return {"parallel_read_safe": True}
