"""The table of a class: what waits for a teacher, the maximum, and two folders of one student."""

import csv
import io
import json
import os
import re
import subprocess
import sys

import pytest
from course.folders import filled, path_of

from nofb.cli import main
from nofb.course import find, gradescope
from nofb.course.classes import as_csv
from nofb.course.folder import new
from nofb.course.grade import total
from nofb.course.tasks import of_chapter
from nofb.course.verdict import Verdict

MOST = sum(item.points for item in of_chapter(2))  # 2.4 and 2.5 are read by a person


@pytest.fixture
def anna(tmp_path):
    """A folder with one right answer, and one that waits for a teacher."""
    folder = filled(tmp_path / "sub" / "anna", ["2.1"], "anna")
    path_of(folder, "2.4").write_text("ANSWER = 'since W moves'\n", encoding="utf-8")
    return folder


@pytest.fixture
def bob(tmp_path):
    return filled(tmp_path / "sub" / "bob", ["2.1"], "bob")


def graded(*words):
    return main(["course", "grade", *map(str, words), "--chapter", "2"])


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_an_answer_that_waits_for_a_teacher_looks_like_no_wrong_one(anna, bob, tmp_path):
    """Both had 0.0: the teacher would not have read the answer."""
    graded(anna, bob, "--output", tmp_path / "class.csv")
    first, second = rows((tmp_path / "class.csv").read_text())
    assert first["2.4"] == "by hand" and second["2.4"] == first["2.5"] == "0.0"
    assert first["to read"] == "2.4" and second["to read"] == ""
    assert float(first["score"]) == float(second["score"]) == find("2.1").points
    assert first["of"] == second["of"] == str(MOST)


def test_the_results_of_a_folder_have_no_score_for_an_answer_that_nobody_has_read(anna, tmp_path):
    graded(anna, "--output", tmp_path / "anna.json")
    kept = json.loads((tmp_path / "anna.json").read_text())
    scores = {task["number"]: task["score"] for task in kept["tasks"]}
    assert scores["2.4"] is None and scores["2.5"] == 0 and kept["to_read"] == ["2.4"]
    assert kept["score"] == find("2.1").points and kept["points"] == MOST


def test_the_last_line_says_how_many_points_a_person_can_add(anna, capsys):
    """`11 of 157 points; 4 of them are given by hand` read as 4 of the 11."""
    graded(anna)
    points, more = find("2.1").points, find("2.4").points
    last = f"{points} of {MOST} points; a person still reads 2.4, for up to {more} points more"
    assert last in capsys.readouterr().out.splitlines()


def test_gradescope_has_one_maximum_for_all_students():
    """Whoever had answered a question for a person was graded out of fewer points."""
    empty = [Verdict("2.1", 3, 3.0, "right"), Verdict("2.4", 4, 0.0, "ANSWER is still None")]
    waits = [empty[0], Verdict("2.4", 4, 0.0, "written down", by_hand=True)]
    said = [gradescope.results(each)["output"] for each in (empty, waits)]
    assert said == ["3 of 7 points", total(waits)] and said[1].startswith("3 of 7 points; ")


def test_the_folder_around_the_students_folders_is_refused(anna, bob, tmp_path, capsys):
    """It had a line of its own, with 0 points and no name."""
    table = tmp_path / "class.csv"
    for more in ([], ["--output", table]):
        assert graded(tmp_path / "sub", *more) == 2
        printed = capsys.readouterr()
        assert f"holds anna, bob: give {tmp_path / 'sub' / '*'}" in printed.err
        assert not printed.out
    assert not table.exists()


def test_a_folder_in_a_folder_has_a_sentence_in_the_table_and_costs_no_other(bob, tmp_path):
    """Some systems unpack a submission into one more folder."""
    filled(tmp_path / "sub" / "eve" / "course", ["2.1"], "eve")
    assert graded(tmp_path / "sub" / "eve", bob, "--output", tmp_path / "class.csv") == 1
    first, second = rows((tmp_path / "class.csv").read_text())
    assert "holds course: give " in first["score"] and not first["2.1"]
    assert float(second["score"]) == find("2.1").points


def test_gradescope_tells_a_student_who_has_uploaded_a_folder_in_a_folder(bob, tmp_path):
    """Without a results file its page says only that the autograder has failed."""
    page = tmp_path / "results.json"
    assert graded(tmp_path / "sub", "--gradescope", page) == 2
    found = json.loads(page.read_text())
    assert found["score"] == 0 and "holds bob: give " in found["output"]


def test_a_folder_without_any_answer_is_noted(bob, tmp_path, capsys):
    """0 points for each task looked like a student whose answers are wrong."""
    (tmp_path / "sub" / "tom").mkdir()
    graded(bob, tmp_path / "sub" / "tom", "--output", tmp_path / "class.csv")
    _, tom = rows((tmp_path / "class.csv").read_text())
    assert "no file of the course is in this folder" in tom["notes"]
    assert "no file of the course is in this folder" in capsys.readouterr().out


def test_two_folders_of_one_student_are_noted_in_both_rows(anna, bob, tmp_path, capsys):
    """One of them is a copy, and the table had no word of it."""
    other = filled(tmp_path / "sub" / "other", ["2.1"], "anna")
    graded(anna, bob, other, "--output", tmp_path / "class.csv")
    notes = [row["notes"] for row in rows((tmp_path / "class.csv").read_text())]
    assert notes[0] == f"{other} has the same student in course.json" and not notes[1]
    assert notes[2] == f"{anna} has the same student in course.json"
    assert f"note: {anna}: {notes[0]}" in capsys.readouterr().out


def test_folders_of_no_student_in_particular_are_not_the_same_students():
    nobody = {"student": "", "score": 0.0, "tasks": []}
    assert "same student" not in as_csv({"a": nobody, "b": nobody}, 2)


def test_a_class_without_a_file_is_printed_in_the_order_of_the_folders(anna, tmp_path, capsys):
    """It came in the order of completion; and the notes are not among the lines of the table."""
    folders = [anna, *(new(tmp_path / f"{n}", 2) and tmp_path / f"{n}" for n in range(3))]
    assert graded(*folders, tmp_path / "nobody", "--jobs", 2) == 1
    printed = capsys.readouterr()
    assert [row["folder"] for row in rows(printed.out)] == [
        *map(str, folders),
        f"{tmp_path}/nobody",
    ]
    assert "nobody is no folder" in printed.err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such terminals")
def test_a_terminal_shows_each_task_of_a_class_while_it_is_graded(anna, bob, tmp_path):
    """Nothing moved for most of an hour; and a terminal without a size showed nothing at all."""
    import pty  # only where there are such terminals

    ours, theirs = pty.openpty()  # with 0 lines of 0 letters, as in some containers
    words = ["course", "grade", str(anna), str(bob), "--chapter", "2", "--jobs", "1"]
    command = [sys.executable, "-I", "-c", "from nofb.cli import main; main()", *words]
    done = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=theirs, cwd=tmp_path)
    os.close(theirs)
    shown = b""
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        try:
            while more := terminal.read(4096):
                shown += more
        except OSError:  # Linux: the other end is closed
            pass
    done.wait()
    tasks = 2 * len(of_chapter(2))
    counts = {int(count) for count in re.findall(rf"(\d+)/{tasks}\b".encode(), shown)}
    assert any(0 < count < tasks for count in counts)  # tqdm may leave out the last one
    assert b"task" in shown
