"""A button on the page of each lesson that downloads its notebook."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nofb.cli.lessons import without_links

if TYPE_CHECKING:  # the tests need these files, and not Sphinx
    from sphinx.application import Sphinx


LESSONS = Path(__file__).parents[2] / "notebooks"


def button(page: str) -> str:
    """Return the button for a page, or nothing if the page is not a lesson.

    Examples
    --------
    >>> button("notebooks/README"), button("start")
    ('', '')
    """
    notebook = LESSONS.parent / f"{page}.ipynb"
    if not notebook.is_file():
        return ""
    return f'<a class="download-lesson" href="{notebook.name}" download>Download this lesson</a>'


def add_button(app: Sphinx, page: str, template: str, context: dict[str, Any], *_: Any) -> None:
    """Put the button below the title of a lesson."""
    if "body" in context:
        context["body"] = context["body"].replace("</h1>", f"</h1>{button(page)}", 1)


def copy_lessons(app: Sphinx, failure: Exception | None) -> None:
    """Put each notebook beside its page, without outputs, as `nofb lessons` copies it."""
    if failure is None and app.builder.name == "html":
        for notebook in LESSONS.glob("*.ipynb"):
            copy = Path(app.outdir) / "notebooks" / notebook.name
            copy.write_bytes(without_links(notebook.read_bytes()))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with the build."""
    app.connect("html-page-context", add_button)
    app.connect("build-finished", copy_lessons)
    return {"parallel_read_safe": True}
