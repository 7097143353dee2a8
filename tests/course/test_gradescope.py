"""Gradescope's side: the zip that it unpacks, the script that it runs, the results that it reads.

Its documentation is "Autograder Specifications" of gradescope-autograders.readthedocs.io.
"""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from course.folders import filled, path_of, right

import nofb
from nofb.cli import main
from nofb.course import find, gradescope, hidden
from nofb.course.tasks import of_chapter

OF_RESULTS = {"score", "execution_time", "output", "visibility", "stdout_visibility", "extra_data",
              "tests", "leaderboard"}  # fmt: skip
OF_TESTS = {"score", "max_score", "name", "number", "output", "tags", "visibility", "extra_data"}
VISIBILITY = {"hidden", "after_due_date", "after_published", "visible"}


def unpacked(folder, **options):
    """Unpack the zip as Gradescope does, and return the folder of its root."""
    gradescope.write_zip(folder / "autograder.zip", **options)
    source = folder / "source"
    with zipfile.ZipFile(folder / "autograder.zip") as archive:
        archive.extractall(source)
        modes = {each.filename: each.external_attr >> 16 for each in archive.infolist()}
    assert modes["setup.sh"] & 0o111 and modes["run_autograder"] & 0o111
    return source


def test_the_zip_has_what_gradescope_runs_at_its_root_and_all_of_nofb(tmp_path):
    """A package file that is missing would show on Gradescope only."""
    source = unpacked(tmp_path)
    assert (source / "run_autograder").read_bytes().startswith(b"#!/usr/bin/env bash\n")
    package = Path(nofb.__file__).parent
    ours = {each.relative_to(package) for each in package.rglob("*") if each.is_file()}
    theirs = {each.relative_to(source / "nofb") for each in (source / "nofb").rglob("*")}
    left_out = {each for each in ours - theirs if "__pycache__" not in each.parts}
    assert {each.suffix for each in left_out} <= {".pyc", ".nbi", ".nbc"}
    needed = (source / "requirements.txt").read_text()
    assert "numpy" in needed and "pytest" not in needed
    for script in ("setup.sh", "run_autograder"):
        assert subprocess.run(["bash", "-n", source / script]).returncode == 0


@pytest.mark.skipif(os.name != "posix", reason="Gradescope runs Ubuntu")
def test_the_script_grades_a_submission_with_the_nofb_of_the_zip(tmp_path):
    """What Gradescope has: /autograder with source, submission and results; here in a folder."""
    secret = tmp_path / "secret.py"
    hidden.write(secret)
    source = unpacked(tmp_path, chapter=3, hidden=secret)
    filled(tmp_path / "submission", ["3.3", "3.4"], "anna")
    path_of(tmp_path / "submission", "3.3").write_text("import os\nos._exit(0)\n")
    (tmp_path / "results").mkdir()
    script = (source / "run_autograder").read_text()
    script = script.replace("/autograder", str(tmp_path))
    start = f"import sys; sys.path.insert(0, {str(source)!r}); from nofb.cli import main; "
    own = f'{sys.executable} -I -c "{start}sys.exit(main())"'
    script = script.replace("/opt/nofb/bin/python -I -m nofb", own)
    (tmp_path / "run_autograder").write_text(script)
    done = subprocess.run(["bash", tmp_path / "run_autograder"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "results" / "results.json").read_text())
    check_format(found)
    scores = {test["number"]: test["score"] for test in found["tests"] if "score" in test}
    assert scores["3.4"] == find("3.4").points == found["score"] and scores["3.3"] == 0


def check_format(found):
    """Compare with the documented fields."""
    assert set(found) <= OF_RESULTS and isinstance(found["score"], float)
    assert found["visibility"] in VISIBILITY and found["stdout_visibility"] in VISIBILITY
    for test in found["tests"]:
        assert set(test) <= OF_TESTS and test["visibility"] in VISIBILITY and test["output"]
        assert test.get("score", 0) <= test.get("max_score", 0)


def test_files_without_folders_are_graded_too(tmp_path, capsys):
    """Gradescope's page lets students upload files, which then lie side by side."""
    (tmp_path / "flat").mkdir()
    (tmp_path / "flat" / find("3.4").file).write_text(right("3.4"))
    results = tmp_path / "results.json"
    words = ["course", "grade", str(tmp_path / "flat"), "--chapter", "3"]
    assert main([*words, "--gradescope", str(results)]) == 1
    found = json.loads(results.read_text())
    check_format(found)
    assert found["score"] == find("3.4").points and len(found["tests"]) == len(of_chapter(3))
    assert "there is no course.json" in found["output"]
    assert f"{find('3.4').points:g} of" in capsys.readouterr().out


def test_a_task_that_a_person_grades_has_no_score_on_gradescope(tmp_path):
    """A score of 0 would look like a wrong answer until the teacher has read it."""
    from nofb.course.verdict import Verdict

    (test,) = gradescope.results([Verdict("2.4", 3, 0.0, "written down", by_hand=True)])["tests"]
    assert "score" not in test and "max_score" not in test
