"""The command `nofb course grade`: what is wrong is said before an hour of grading, not after."""

import csv
import io
import json
import os
import sys

import pytest
from course.folders import filled, path_of

from nofb.cli import main
from nofb.course import find
from nofb.course.folder import new
from nofb.course.guard import Guard
from nofb.course.tasks import TITLES


@pytest.fixture
def anna(tmp_path):
    return filled(tmp_path / "anna", ["3.3", "3.4"], "anna")


def graded(*words):
    return main(["course", "grade", *map(str, words), "--chapter", "3"])


@pytest.mark.parametrize("name", ["results", "results.txt", "results.json"])
def test_a_class_with_another_file_than_a_table_is_refused_at_once(name, anna, tmp_path, capsys):
    """It failed after all folders were graded, and nothing was kept."""
    bob = filled(tmp_path / "bob", ["3.3"])
    assert graded(anna, bob, "--output", tmp_path / name) == 2
    printed = capsys.readouterr()
    assert ".csv" in printed.err and "3.3" not in printed.out and not (tmp_path / name).exists()


def test_the_suffix_decides_what_is_written(anna, tmp_path):
    """A class of one is a class: a spreadsheet opens .csv."""
    assert graded(anna, "--output", tmp_path / "one.csv") == 0
    (row,) = csv.DictReader(io.StringIO((tmp_path / "one.csv").read_text()))
    assert row["student"] == "anna" and (tmp_path / "one" / "anna.json").exists()
    assert graded(anna, "--output", tmp_path / "one.json") == 1
    assert json.loads((tmp_path / "one.json").read_text())["score"] == float(row["score"])
    assert graded(anna, "--output", tmp_path / "one") == 2


def test_a_folder_that_is_named_twice_is_graded_once(anna, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    bob = filled(tmp_path / "bob", ["3.3"])
    assert graded(anna, "anna/", bob, "./anna", "--output", tmp_path / "class.csv") == 0
    rows = list(csv.DictReader(io.StringIO((tmp_path / "class.csv").read_text())))
    assert [row["student"] for row in rows] == ["anna", ""]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_folder_whose_name_is_no_utf8_is_graded(tmp_path, capsys):
    """A class's archive from another system may hold such names."""
    folders = [os.fsdecode(os.fsencode(tmp_path) + name) for name in (b"/anna\xff", b"/bob\xe4")]
    for folder in folders:
        filled(type(tmp_path)(folder), ["3.4"], "anna")
    assert graded(folders[0], "--output", tmp_path / "anna.json") == 1
    assert json.loads((tmp_path / "anna.json").read_text())["score"] == find("3.4").points
    assert graded(*folders, "--output", tmp_path / "class.csv") == 0, capsys.readouterr().out
    rows = list(csv.DictReader(io.StringIO((tmp_path / "class.csv").read_text())))
    assert [float(row["score"]) for row in rows] == 2 * [find("3.4").points]


def test_a_folder_of_one_chapter_is_not_a_list_of_missing_files(anna, capsys):
    """Fifty lines hid the six that were of interest."""
    assert main(["course", "grade", str(anna)]) == 1
    lines = capsys.readouterr().out.splitlines()
    missing = [line for line in lines if "none of its files is here" in line]
    assert len(missing) == len(TITLES) - 1 and "--folder" not in "\n".join(lines)
    assert [line[:3] for line in lines if line.startswith("3.")] == [f"3.{n}" for n in range(1, 7)]


def test_check_says_which_option_names_the_folder(tmp_path, capsys):
    """`grade` has no --folder, and `check` has."""
    new(tmp_path, chapter=2)
    assert main(["course", "check", "3.3", "--folder", str(tmp_path)]) == 1
    assert "--folder names the student's folder" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("option", "value"), [("--seconds", "0"), ("--seconds", "-1"), ("--seconds", "nan"),
                          ("--megabytes", "10"), ("--megabytes", "0")],
)  # fmt: skip
def test_limits_that_no_answer_can_keep_are_refused(option, value, anna, capsys):
    """Everybody would get 0 points, and a sentence about their own code."""
    assert graded(anna, option, value) == 2
    assert f"{option[2:]} must be" in capsys.readouterr().err


def test_what_a_submission_prints_is_shown_without_control_characters(anna, capsys):
    """Escape codes in a log, or in another's terminal, hide what stands beside them."""
    path = path_of(anna, "3.4")
    path.write_text("print('\\x1b[31mred\\x1b[2J', 'a\\tb')\n" + path.read_text())
    assert main(["course", "check", "3.4", "--folder", str(anna)]) == 0
    printed = capsys.readouterr().out
    assert "\x1b" not in printed and "red" in printed


def test_a_task_that_does_not_exist_is_told_in_one_short_line(capsys):
    """A list of 56 numbers helps nobody."""
    for number, named in (("99.1", "chapters 1 to 9"), ("3.33", "chapter 3 has 3.1 to 3.6")):
        assert main(["course", "check", number]) == 2
        said = capsys.readouterr().err
        assert named in said and len(said) < 120


def test_a_grading_without_a_fence_is_marked_in_every_result(anna, tmp_path, monkeypatch, capsys):
    """The points of such a system mean less, and the table goes on without the terminal."""
    for module in ("nofb.course.grade", "nofb.cli.course_grade"):
        monkeypatch.setattr(f"{module}.guard", Guard)
    results, page, table = tmp_path / "a.json", tmp_path / "page.json", tmp_path / "a.csv"
    assert graded(anna, "--output", results, "--gradescope", page) == 1
    said = "does not keep submissions from opening files"
    assert f"note: this system {said}" in capsys.readouterr().out
    assert said in json.loads(results.read_text())["notes"][0]
    shown = [test for test in json.loads(page.read_text())["tests"] if said in test["output"]]
    assert [test["visibility"] for test in shown] == ["hidden"] * len(shown) and shown
    assert main(["course", "grade", str(anna), "--chapter", "3", "--jobs", "1",
                 "--output", str(table)]) == 0  # fmt: skip
    (row,) = csv.DictReader(io.StringIO(table.read_text()))
    assert said in row["notes"]
