"""A class: one line for each folder, whatever stands in it."""

import csv
import io
import json

import pytest
from course.folders import filled, path_of

from nofb.cli import main
from nofb.course import find
from nofb.course.classes import as_csv, distinct_names, grade_class
from nofb.course.folder import new
from nofb.course.tasks import of_chapter

POINTS = {number: find(number).points for number in ("3.3", "3.4")}


def table(text):
    return {row["folder"]: row for row in csv.DictReader(io.StringIO(text))}


def test_a_class_has_a_line_for_each_folder_and_results_for_each_student(tmp_path, capsys):
    """A folder that is none, or that holds a trap, must not cost the others their line."""
    anna = filled(tmp_path / "in" / "anna", ["3.3", "3.4"], "anna")
    bob = filled(tmp_path / "in" / "bob", ["3.3"], "bob")
    path_of(bob, "3.4").write_text("import os\nos.kill(os.getppid(), 9)\nos._exit(0)\n")
    (tmp_path / "in" / "notes.txt").write_text("")
    folders = [str(path) for path in sorted((tmp_path / "in").iterdir())]
    output = tmp_path / "class.csv"
    code = main(["course", "grade", *folders, "--chapter", "3", "--output", str(output)])
    assert code == 1 and "notes.txt is no folder" in capsys.readouterr().out
    rows = table(output.read_text())
    assert rows[str(anna)]["student"] == "anna" and rows[str(bob)]["student"] == "bob"
    assert float(rows[str(anna)]["score"]) == sum(POINTS.values())
    assert float(rows[str(bob)]["score"]) == POINTS["3.3"] and rows[str(bob)]["3.4"] == "0.0"
    numbers = [item.number for item in of_chapter(3)]
    assert list(rows[str(anna)])[3:] == ["of", "to read", *numbers, "notes"]
    kept = json.loads((tmp_path / "class" / "anna.json").read_text())
    assert kept["score"] == sum(POINTS.values()) and len(kept["tasks"]) == len(of_chapter(3))


def test_the_table_is_there_after_each_folder(tmp_path):
    """Who stops the grading of a class keeps the lines that are done."""
    folders = [filled(tmp_path / name, ["3.4"]) for name in ("anna", "bob")]
    output = tmp_path / "class.csv"
    first = next(iter(grade_class(folders, output, chapter=3)))
    rows = table(output.read_text())
    assert len(first) == 1 and rows[str(folders[1])]["score"] == "not graded yet"


def test_folders_of_one_name_have_results_of_their_own(tmp_path):
    """Some systems download submissions as 1/course, 2/course and so on."""
    folders = [tmp_path / "1" / "course", tmp_path / "2" / "course", tmp_path / "anna"]
    names = distinct_names(folders)
    assert len(set(names.values())) == 3 and names[folders[2]] == "anna"


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+a()", "-a()", "@a"])
def test_a_name_is_no_formula_for_a_spreadsheet(name):
    """A student chooses the name in course.json; a spreadsheet would run it."""
    found = as_csv({"a": {"student": name, "score": 1.0, "tasks": []}}, 3)
    assert table(found)["a"]["student"] == f"'{name}"


def test_the_exit_code_says_whether_points_are_missing(tmp_path, capsys):
    """A script that grades one folder must learn the outcome without reading the text."""
    folder = filled(tmp_path / "anna", [item.number for item in of_chapter(4)], "anna")
    words = ["course", "grade", str(folder), "--chapter", "4"]
    by_hand = [item for item in of_chapter(4) if getattr(item, "by_hand", False)]
    for item in by_hand:
        path_of(folder, item.number).write_text("ANSWER = 'because'\n")
    assert main(words) == 0, capsys.readouterr().out
    new(tmp_path / "bob", chapter=4)
    assert main(["course", "grade", str(tmp_path / "bob"), "--chapter", "4"]) == 1
    assert main(["course", "grade", str(tmp_path / "nobody")]) == 2
    assert "is no folder" in capsys.readouterr().err


def test_check_has_the_same_exit_codes(tmp_path, capsys):
    folder = filled(tmp_path / "anna", ["3.4"])
    assert main(["course", "check", "3.4", "--folder", str(folder)]) == 0
    assert main(["course", "check", "3.3", "--folder", str(folder)]) == 1
    assert main(["course", "check", "3.33", "--folder", str(folder)]) == 2
    assert main(["course", "check", "3.3", "--hint", "3"]) == 0
    assert find("3.3").hints[2] in capsys.readouterr().out


def test_gradescope_is_for_one_folder(tmp_path, capsys):
    folders = [str(new(tmp_path / name, chapter=3) and tmp_path / name) for name in ("a", "b")]
    assert main(["course", "grade", *folders, "--gradescope", str(tmp_path / "r.json")]) == 2
    assert "one submission at a time" in capsys.readouterr().err
