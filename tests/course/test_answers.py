"""Answers for teachers: every question of every lesson has one, and no student gets them."""

import re

import pytest

from nofb.cli import main
from nofb.course import TASKS, Question, answers, lessons
from nofb.course.folder import new


def questions(number):
    """Return the numbers of the questions at the end of a lesson."""
    text = [cell.text for cell in lessons.cells(lessons.script(number).read_text("utf-8"))]
    (last,) = [each for each in text if each.startswith("# ## Questions") or "## Questions" in each]
    return [int(each) for each in re.findall(r"^(\d+)\. ", last, re.MULTILINE)]


@pytest.mark.parametrize("number", lessons.scripts())
def test_every_question_of_a_lesson_has_an_answer(number):
    """A teacher who finds a gap cannot trust the rest."""
    text = answers.of(number)
    found = [int(each) for each in re.findall(r"^(\d+)\. ", text, re.MULTILINE)]
    assert found == questions(number) and found
    assert text.startswith(f"# Lesson {number}, ")
    assert not re.search(r"\{[a-z]+\d*\}", text.replace("e^{iφ}", "").replace("e^{±iφ}", ""))


@pytest.mark.parametrize("number", TASKS)
def test_every_task_has_an_answer_for_teachers(number):
    text = answers.of(number, "anna")
    item = TASKS[number]
    assert text.startswith(f"{number}: {item.title}")
    assert ("Answer: " in text) == isinstance(item, Question)


def test_a_student_finds_no_answer_in_the_folder(tmp_path):
    """The folder is what students get; keys must not be in it."""
    new(tmp_path, student="anna")
    written = "\n".join(path.read_text("utf-8") for path in tmp_path.rglob("*") if path.is_file())
    for item in TASKS.values():
        if isinstance(item, Question) and item.by_hand:
            assert item.key({}) not in written
    assert "Lesson 02, " not in written


def test_the_command_lists_the_lessons_and_refuses_what_there_is_not(capsys):
    assert main(["course", "answers"]) == 0
    assert "Weight mirrors" in capsys.readouterr().out
    assert main(["course", "answers", "02"]) == 0
    assert "shallow" in capsys.readouterr().out
    assert main(["course", "answers", "99"]) != 0
    assert "99" in capsys.readouterr().err
