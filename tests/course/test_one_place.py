"""One place for each answer: what a student writes is in the file that the grader reads."""

import re

import pytest
from course.folders import filled, path_of, right

from nofb.course import TASKS, Question, find, notebook
from nofb.course.folder import new
from nofb.course.pictures import chapter2, chapter5
from nofb.course.stories import STORIES
from nofb.course.tasks import TITLES

DRAWN = {"2.5": (chapter2, ["2.1"]), "5.5": (chapter5, ["5.1", "5.2", "5.3"])}


def said(picture):
    return " ".join(" ".join(text.get_text() for text in picture.texts).split())


def curve(number, folder, answer):
    """Return the picture of a prediction with this text as the student's file."""
    pictures, tasks = DRAWN[number]
    path_of(folder, number).write_text(answer, encoding="utf-8")
    functions = [notebook.yours(task, folder) for task in tasks]
    return pictures.angles(*functions, notebook.prediction(number, folder))


@pytest.fixture(params=DRAWN)
def number(request):
    return request.param


@pytest.fixture
def folder(number, tmp_path, monkeypatch):
    monkeypatch.setattr(chapter2, "EPOCHS", 2)
    return filled(tmp_path, DRAWN[number][1])


@pytest.mark.parametrize("text", [
    "90, 85.5, 70, 60, 50, because W moves", "90° 85.5° 70° 60° 50°: W moves",
    "[90, 85.5, 70, 60, 50] 16 vectors and 0.02 decide", "\n 90; 85.5; 70; 60; 50. 2 reasons",
])  # fmt: skip
def test_the_curve_is_drawn_beside_the_numbers_of_the_graded_file(number, folder, text):
    """The notebook had a list of its own, which no grader read."""
    picture = curve(number, folder, f"ANSWER = {text!r}\n")
    (line,) = [each for each in picture.axes[0].lines if each.get_label() == "predicted"]
    assert list(line.get_ydata()) == [90, 85.5, 70, 60, 50]


@pytest.mark.parametrize("answer", [
    "ANSWER = None\n", "", "ANSWER = [90, 80, 70, 60, 50]\n", "ANSWER = 'it falls from 90 to 70'\n",
    "ANSWER = '90, 80, 70, 60'\n", "ANSWER = '90, 80, 70, 60, 50, 40'\n", "ANSWER = 'nan ' * 5\n",
])  # fmt: skip
def test_a_curve_waits_for_a_prediction(number, folder, answer):
    """A curve that is seen cannot be predicted any more."""
    text = said(curve(number, folder, answer))
    assert f"Task {number} has no answer yet: begin the text of ANSWER in " in text


def test_a_prediction_in_a_file_that_cannot_be_run_is_a_sentence(number, folder):
    text = said(curve(number, folder, "ANSWER = '90\n"))
    assert "cannot be run: SyntaxError" in text and find(number).file in text


def test_a_task_with_code_predicts_nothing(tmp_path):
    with pytest.raises(TypeError, match=r"task 2\.1 has code to write"):
        notebook.prediction("2.1", tmp_path)


@pytest.mark.parametrize("chapter", TITLES)
def test_no_notebook_asks_for_an_answer_that_nobody_reads(chapter, tmp_path):
    """Students wrote into the notebook, and had no points for it."""
    new(tmp_path, chapter)
    text = (tmp_path / f"chapter_{chapter}" / f"chapter_{chapter}.py").read_text("utf-8")
    assert "Only the files of the tasks are graded" in text
    assert "Your answer" not in text and not re.search(r"^\w+ = None", text, re.MULTILINE)
    assert text.count("(not graded)") == len(STORIES[chapter].scenes)


def test_a_question_that_is_drawn_says_that_the_numbers_come_first():
    """The picture reads them at the beginning of the text."""
    for number in DRAWN:
        question = find(number)
        assert isinstance(question, Question) and "Begin your text with the five" in question.asks
    assert right("2.5") and set(DRAWN) <= set(TASKS)
