"""Notebooks are lessons: each must run, have the same content in both files, and no outputs.

The scripts run with the other tests. The notebooks themselves run in a kernel, with live figures,
in a minute and a half with

    python -m pytest -m slow tests/docs/test_notebooks.py
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LESSONS = sorted((ROOT / "notebooks").glob("*.py"))
PAIRS = [lesson.with_suffix(".ipynb") for lesson in LESSONS]


def cells(notebook):
    return json.loads(notebook.read_text(encoding="utf-8"))["cells"]


def source(cell):
    return "".join(cell["source"])


def test_every_lesson_has_both_of_its_files():
    """Students open the notebook, and teachers review the script."""
    assert LESSONS
    assert sorted((ROOT / "notebooks").glob("*.ipynb")) == PAIRS


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_runs_from_top_to_bottom(lesson, tmp_path):
    """A cell that fails in front of a class ends the lesson; a warning would be confusing."""
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-W", "error", str(lesson)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": paths, "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("notebook", PAIRS, ids=lambda path: path.stem)
def test_a_notebook_runs_in_its_own_kernel(notebook, tmp_path):
    """Live figures and sliders work only in a kernel; a script would not show that they fail."""
    nbclient = pytest.importorskip("nbclient", reason="needs the extra notebooks")
    nbformat = pytest.importorskip("nbformat")
    book = nbformat.read(notebook, as_version=4)
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    client = nbclient.NotebookClient(
        book, timeout=180, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute(env=os.environ | {"PYTHONPATH": paths})
    outputs = [output for cell in book.cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output.get("name") == "stderr"]
    figures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert figures
    sliders = sum("\nslider(" in "\n" + cell.source for cell in book.cells)
    views = "application/vnd.jupyter.widget-view+json"
    assert sum(views in output.get("data", {}) for output in outputs) == sliders


@pytest.mark.parametrize("notebook", PAIRS, ids=lambda path: path.stem)
def test_both_files_of_a_lesson_have_the_same_content(notebook):
    """A correction in only one of the two files leaves the mistake in the other."""
    jupytext = pytest.importorskip("jupytext")
    script = jupytext.read(notebook.with_suffix(".py"))
    expected = [(cell.cell_type, cell.source) for cell in script.cells]
    assert [(cell["cell_type"], source(cell)) for cell in cells(notebook)] == expected


@pytest.mark.parametrize("notebook", PAIRS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_without_outputs(notebook):
    """Old figures below new code would be wrong, and differences of pictures cannot be read."""
    code = [cell for cell in cells(notebook) if cell["cell_type"] == "code"]
    assert not any(cell["outputs"] or cell["execution_count"] for cell in code)


@pytest.mark.parametrize("notebook", PAIRS, ids=lambda path: path.stem)
def test_a_lesson_states_what_a_student_needs(notebook):
    """A teacher plans with the minutes, and a student needs the list of earlier lessons."""
    first, last = source(cells(notebook)[0]), source(cells(notebook)[-1])
    assert all(f"**{word}**" in first for word in ("Minutes", "Before this", "Seed"))
    assert last.startswith("## Questions")


def test_every_lesson_is_in_the_table_with_its_title_and_its_minutes():
    """A teacher plans a course with this table."""
    table = (ROOT / "notebooks" / "README.md").read_text(encoding="utf-8")
    for notebook in PAIRS:
        first = source(cells(notebook)[0])
        title = re.match(r"# (\d\d) ([^:\n]+)", first)
        minutes = re.search(r"\*\*Minutes\*\*: (\d+)", first)
        row = rf"\| {title[1]} \| \[{title[2]}\]\({notebook.name}\) \|.*\| {minutes[1]} \|"
        assert re.search(row, table), row
