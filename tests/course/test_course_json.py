"""course.json: whose numbers are judged, wherever a command is run, and by which nofb."""

import json

import pytest
from course.folders import filled, path_of, right

from nofb.cli import main
from nofb.course import find, gradescope
from nofb.course.about import about, root_of
from nofb.course.folder import new
from nofb.course.grade import grade, notes
from nofb.course.notebook import check, seed_in
from nofb.version import __version__

NUMBER = "2.3"  # a question whose answer depends on the student


@pytest.fixture
def anna(tmp_path):
    """A folder with the right answer of anna, which is wrong for anybody else."""
    return filled(tmp_path / "anna", [NUMBER], "anna")


@pytest.mark.parametrize("place", [".", "chapter_2", "chapter_2/notes"])
def test_check_finds_the_student_from_any_folder_inside(place, anna, monkeypatch, capsys):
    """A student who stands in chapter_2 was once judged with the numbers of nobody."""
    (anna / place).mkdir(exist_ok=True)
    monkeypatch.chdir(anna / place)
    assert main(["course", "check", NUMBER]) == 0, capsys.readouterr().out
    assert "note" not in capsys.readouterr().out


def test_grading_a_chapters_folder_alone_takes_its_student(anna):
    (verdict,) = [each for each in grade(anna / "chapter_2", chapter=2) if each.number == NUMBER]
    assert verdict.sentence == "right" and notes(anna / "chapter_2") == notes(anna)


def test_a_submission_does_not_take_the_student_of_the_folder_around_it(anna):
    """Somebody's course.json beside the submissions must not decide for all of them."""
    inside = anna / "bob"
    inside.mkdir()
    assert not about(inside).known and root_of(inside) == anna


def test_without_course_json_a_sentence_says_whose_numbers_were_taken(anna, tmp_path, capsys):
    """The right answer is judged wrong then, and somebody must be able to see why."""
    (anna / "course.json").unlink()
    output, page = tmp_path / "anna.json", tmp_path / "page.json"
    words = ["course", "grade", str(anna), "--chapter", "2", "--output", str(output)]
    assert main([*words, "--gradescope", str(page)]) == 1
    printed = capsys.readouterr().out
    assert "note: there is no course.json" in printed and "of no student in particular" in printed
    assert "there is no course.json" in json.loads(output.read_text())["notes"][0]
    assert "there is no course.json" in json.loads(page.read_text())["output"]
    assert main(["course", "check", NUMBER, "--folder", str(anna)]) == 1
    assert "note: there is no course.json" in capsys.readouterr().out


def test_a_folder_of_another_nofb_is_named(anna, capsys):
    """Its worked numbers and tasks may be others, and points would be lost without a reason."""
    assert about(anna).notes() == []
    (anna / "course.json").write_text(json.dumps({"student": "anna", "nofb": "0.0.1"}))
    (note,) = about(anna).notes()
    assert "made by nofb 0.0.1" in note and f"judged by nofb {__version__}" in note
    assert main(["course", "check", NUMBER, "--folder", str(anna)]) == 0
    assert "note: the folder was made by nofb 0.0.1" in capsys.readouterr().out
    assert gradescope.results([], about(anna).notes())["output"].count("0.0.1") == 1


def test_a_chapter_that_is_added_has_the_numbers_of_the_folders_student(anna):
    """Two seeds in one folder cannot both be judged right."""
    new(anna, chapter=6)
    item = find("6.3")
    path_of(anna, "6.3").write_text(right("6.3", "anna"))
    (verdict,) = [each for each in grade(anna, chapter=6) if each.number == item.number]
    assert verdict.sentence == "right"


@pytest.mark.parametrize("student", ["", "anna"])
def test_another_student_is_refused_for_a_folder_that_is_there(student, tmp_path, capsys):
    folder = tmp_path / "folder"
    new(folder, chapter=2, student=student)
    words = ["course", "new", str(folder), "--chapter", "6", "--student", "bob"]
    assert main(words) == 2
    said = capsys.readouterr().err
    assert "student is 'bob'" in said and (student or "no student in particular") in said
    assert not (folder / "chapter_6").exists()


def test_a_notebook_in_a_chapter_has_the_students_numbers_or_says_whose(anna, capsys):
    assert seed_in(anna / "chapter_2") == about(anna).seed != 0
    check(NUMBER, anna / "chapter_2")
    assert capsys.readouterr().out == f"{NUMBER}  3 of 3  right\n"
    (anna / "course.json").unlink()
    check(NUMBER, anna / "chapter_2")
    assert "note: there is no course.json" in capsys.readouterr().out
