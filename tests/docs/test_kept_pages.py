"""Tables that pages include: they come from the kept logs, and grow with them."""

import re
import shutil
from pathlib import Path

import kept_pages
import pytest

from nofb import papers
from nofb.papers.kept import kept

DOCS = Path(__file__).parents[2] / "docs"
STUDIES = {study.name: study for study in papers.every()}


@pytest.fixture
def docs(tmp_path):
    """Return a folder of docs with the log of one study alone."""
    folder = tmp_path / "lillicrap2016"
    folder.mkdir()
    shutil.copy(DOCS / "lillicrap2016" / "runs.jsonl", folder)
    return tmp_path


def text(docs, name):
    study = STUDIES[name]
    (part,) = study.parts
    runs = kept(study, docs / name)
    return "\n".join(kept_pages.shown(study, part, runs, docs))


def test_a_part_without_runs_says_so(docs):
    """A page can be written while its runs are under way."""
    assert text(docs, "two_gradients") == kept_pages.MISSING


def test_a_part_with_runs_has_its_table_and_its_note(docs):
    """They are those of `nofb reproduce`, and nobody copies them."""
    shown = text(docs, "lillicrap2016")
    assert "| 30-20-10-10 | fa |" in shown and "figure 3: curves, no numbers" in shown
    assert "![" not in shown and "](lillicrap2016" not in shown


def test_a_figure_and_the_page_with_every_number_are_linked_once_they_are_there(docs):
    """A link to a file that is missing would stop the site."""
    folder = docs / "lillicrap2016"
    (folder / "nonlinear_teacher.png").touch()
    (folder / "lillicrap2016.md").touch()
    shown = text(docs, "lillicrap2016")
    assert "(lillicrap2016/nonlinear_teacher.png)" in shown
    assert "[Every number](lillicrap2016/lillicrap2016.md)" in shown
    assert "lillicrap2016/lillicrap2016" in kept_pages.pages(docs)
    assert "two_gradients" not in kept_pages.pages(docs)


def test_every_file_that_a_page_includes_is_generated():
    """A part that was renamed would stop the site only when it is built."""
    generated = {f"kept/{s.name}-{part.name}.txt" for s in STUDIES.values() for part in s.parts}
    generated |= {"kept/beside.txt", "kept/pages.txt", "kept/cluster.txt"}
    included = set()
    for page in DOCS.glob("*.md"):
        included |= set(re.findall(r"```\{include\} (kept/\S+)", page.read_text("utf-8")))
    assert included <= generated and len(included) >= 12


@pytest.mark.parametrize("name", ["nokland2016", "depth", "two_gradients", "frenkel2021",
                                  "sign_symmetry", "residual", "akrout2019_cifar10"])  # fmt: skip
def test_every_part_of_a_new_study_is_on_a_page(name):
    """A part that no page includes is run for hours, and read by nobody."""
    pages = "".join(page.read_text("utf-8") for page in DOCS.glob("*.md"))
    for part in STUDIES[name].parts:
        assert f"```{{include}} kept/{name}-{part.name}.txt\n" in pages
