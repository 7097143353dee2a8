"""The page of a lesson offers its notebook."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from lesson_downloads import LESSONS, add_button, button, copy_lessons


def code_of(cell):
    """Return the code of a cell, or the type of another cell."""
    return "".join(cell["source"]) if cell["cell_type"] == "code" else cell["cell_type"]


@pytest.mark.parametrize("notebook", sorted(LESSONS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_lessons_page_has_a_button_for_the_file_beside_it(notebook, tmp_path):
    """A student who reads the page wants to run it, and has no copy of the repository."""
    (tmp_path / "notebooks").mkdir()
    app = SimpleNamespace(builder=SimpleNamespace(name="html"), outdir=tmp_path)
    copy_lessons(app, None)
    offered = tmp_path / "notebooks" / notebook.name
    original = json.loads(notebook.read_bytes())
    downloaded = json.loads(offered.read_bytes())
    assert [code_of(cell) for cell in downloaded["cells"]] == [
        code_of(cell) for cell in original["cells"]
    ]
    assert "](../" not in offered.read_text("utf-8")  # such a link leads nowhere from a download
    context = {"body": "<h1>lesson</h1>"}
    add_button(app, f"notebooks/{notebook.stem}", "page.html", context)
    title, _, below = context["body"].partition("</h1>")
    assert title == "<h1>lesson" and f'href="{notebook.name}" download' in below


@pytest.mark.parametrize("page", ["start", "notebooks/README", "rules/fa", "notebooks/99_missing"])
def test_other_pages_have_no_button(page):
    """A button that downloads nothing is worse than none."""
    assert button(page) == ""


def test_no_page_speaks_of_aims_that_only_the_authors_had():
    """A reader wants what was measured, and what it means."""
    root = Path(__file__).parents[2]
    pages = [root / "README.md", root / "benchmarks/README.md", *root.glob("docs/**/*.md")]
    phrases = ("target was", "aim was", "aims were", "was aimed at", "quoted from memory")
    found = [
        f"{page.name}: {phrase}"
        for page in pages
        for phrase in phrases
        if phrase in " ".join(page.read_text(encoding="utf-8").split())
    ]
    assert found == []
