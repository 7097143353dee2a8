"""Pages of the site that are copied from elsewhere in the repository, or generated.

Notebooks and the benchmarks' page are copied. The page of each rule, of each method of transfer and
of the course's wrong answers is generated from the code before the site is read, and tables of the
kept runs from their logs. Links work in both places: a link to a file with a page on the site leads
to this page, and a link to any other file leads to the file.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import course_pages
import kept_pages
import method_pages
import rule_pages

from nofb.explain import stepper, walk
from nofb.rules import RULES
from nofb.transfer import METHODS

if TYPE_CHECKING:  # the tests need these files, and not Sphinx
    from sphinx.application import Sphinx

DOCS = Path(__file__).parents[1]
ROOT = DOCS.parent
LINK = re.compile(r"(?<=\]\()(?!https?:|#|mailto:)([^)#\s]+)(?=[)#])")


def origins() -> dict[Path, Path]:
    """Return, for each copied page, its destination and its origin."""
    found = [ROOT / "benchmarks/README.md", *(ROOT / "notebooks").glob("*.ipynb")]
    found.append(ROOT / "notebooks/README.md")
    return {DOCS / page.relative_to(ROOT): page for page in found}


def destinations() -> dict[Path, Path]:
    """Return the page of each file of the repository that has one."""
    pages = {origin: page for page, origin in origins().items()}
    written = rule_pages.pages(DOCS / "rules") | method_pages.pages(DOCS / "methods")
    written |= course_pages.pages(DOCS / "course")
    return {**pages, ROOT / "README.md": DOCS / "index.md", **written}


def step_pages(folder: Path) -> dict[Path, str]:
    """Return the page of one update of every rule and every method."""
    return {folder / f"{name}.html": stepper.page(walk(name)) for name in (*RULES, *METHODS)}


def gather(app: Sphinx) -> None:
    """Copy and write all pages; unchanged ones are not written."""
    contents = {page: origin.read_bytes() for page, origin in origins().items()}
    for picture in (ROOT / "benchmarks").glob("*.png"):
        contents[DOCS / "benchmarks" / picture.name] = picture.read_bytes()
    written = rule_pages.contents(DOCS / "rules") | method_pages.contents(DOCS / "methods")
    written |= kept_pages.contents(DOCS)
    written |= course_pages.contents(DOCS / "course")
    written |= step_pages(DOCS / "_static" / "steps")
    contents |= {page: text.encode() for page, text in written.items()}
    for folder in {page.parent for page in contents}:
        folder.mkdir(exist_ok=True)
        for left_over in set(folder.iterdir()) - set(contents):
            shutil.rmtree(left_over) if left_over.is_dir() else left_over.unlink()
    for file, content in contents.items():
        if not file.is_file() or file.read_bytes() != content:
            file.write_bytes(content)


def lead(app: Sphinx, docname: str, source: list[str]) -> None:
    """Change each link of a page to the place of its target on the site."""
    page = Path(app.env.doc2path(docname))
    origin, pages = origins().get(page, page), destinations()

    def led(match: re.Match[str]) -> str:
        target = (origin.parent / match[1]).resolve()
        if not target.exists():
            return match[1]  # for Sphinx to complain about
        return Path(os.path.relpath(pages.get(target, target), page.parent)).as_posix()

    source[0] = LINK.sub(led, source[0])


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with the build."""
    app.connect("builder-inited", gather)
    app.connect("source-read", lead)
    return {"parallel_read_safe": True}
