"""Student notebooks: they call the student's functions, and say in a sentence what is missing."""

import json
import warnings
from functools import partial
from importlib import import_module

import pytest
from course.folders import path_of

from nofb.course import TASKS, Task, find, notebook
from nofb.course.folder import new, place
from nofb.course.stories import STORIES
from nofb.course.tasks import TITLES
from nofb.plots import Picture

SCENES = [(number, scene) for number, story in STORIES.items() for scene in story.scenes]
PREDICTED = ("2.5", "5.5")
CALLED = ("yours", "prediction")
NAMES = [f"{number}, after {scene.after}" for number, scene in SCENES]


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Train for two epochs: what is drawn is not the question here."""
    monkeypatch.setattr("nofb.course.pictures.chapter2.EPOCHS", 2)


def draw(number, scene, folder):
    """Run the cell of a picture, and return it."""
    pictures = import_module(f"nofb.course.pictures.chapter{number}")
    calls = {name: partial(getattr(notebook, name), folder=folder) for name in CALLED}
    return eval(scene.code, {"pictures": pictures, **calls})


def said(picture):
    return " ".join(" ".join(text.get_text() for text in picture.texts).split())


def fill(folder, body):
    """Write an answer to every code task, whose file `body` returns, and to every prediction."""
    for item in TASKS.values():
        if isinstance(item, Task):
            (folder / place(item) / item.file).write_text(body(item))
    for number in PREDICTED:
        path_of(folder, number).write_text("ANSWER = '90, 70, 50, 40, 30, since W moves'\n")


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    folder = tmp_path_factory.mktemp("empty")
    new(folder, student="anna")
    return folder


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("filled")
    new(folder, student="anna")
    fill(folder, lambda task: task.right)
    return folder


@pytest.mark.parametrize(("number", "scene"), SCENES, ids=NAMES)
def test_a_picture_of_empty_tasks_is_a_sentence_that_names_the_task(number, scene, empty):
    """A traceback would frighten a student who has only opened the notebook."""
    text = said(draw(number, scene, empty))
    assert text.startswith("Nothing to draw yet. Task ") and "has no answer yet" in text


@pytest.mark.parametrize(("number", "scene"), SCENES, ids=NAMES)
def test_a_picture_of_right_answers_is_drawn(number, scene, filled):
    picture = draw(number, scene, filled)
    assert isinstance(picture, Picture) and picture.axes
    assert picture.to_bytes("png").startswith(b"\x89PNG")


@pytest.mark.parametrize("which", [0, 1, 2])
def test_wrong_answers_are_drawn_or_named_but_never_a_traceback(which, tmp_path):
    """A wrong function shows what it does; that is what the picture is for."""
    new(tmp_path)
    fill(tmp_path, lambda task: task.function_of(task.wrong[which].body))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what a wrong function makes of numbers
        for number, scene in SCENES:
            assert isinstance(draw(number, scene, tmp_path), Picture)


def test_a_function_that_raises_is_named_with_its_error(tmp_path):
    new(tmp_path, chapter=2)
    path = tmp_path / "chapter_2" / "task_2_1.py"
    path.write_text("def send_back(delta, B):\n    return delta @ B.T\n")
    text = said(draw(*SCENES[NAMES.index("2, after 2.1")], tmp_path))
    assert "your send_back of task_2_1.py fails: ValueError" in text


def test_an_unfilled_function_is_one_sentence_in_a_notebook_without_a_traceback(empty):
    """IPython prints what `_render_traceback_` returns."""
    with pytest.raises(notebook.NotFilledIn) as found:
        notebook.yours("2.1", empty)(1, 2)
    assert found.value._render_traceback_() == [
        "Task 2.1 has no answer yet: write send_back in task_2_1.py."
    ]


@pytest.mark.parametrize("number", [n for n, item in TASKS.items() if isinstance(item, Task)])
def test_the_worked_number_agrees_with_a_right_answer_and_says_that_there_is_none(
    number, empty, filled, capsys
):
    notebook.example(number, filled)
    assert capsys.readouterr().out.rstrip().endswith("Yours is the same.")
    notebook.example(number, empty)
    assert f"Task {number} has no answer yet" in capsys.readouterr().out


def test_a_wrong_result_is_printed_below_the_right_one(tmp_path, capsys):
    new(tmp_path, chapter=2)
    path = tmp_path / "chapter_2" / "task_2_1.py"
    path.write_text("def send_back(delta, B):\n    return -delta @ B\n")
    notebook.example("2.1", tmp_path)
    assert "Yours is\n\n    result = [" in capsys.readouterr().out


@pytest.mark.parametrize("number", TITLES)
def test_a_notebook_has_each_task_each_picture_and_the_students_questions(number, empty):
    """The pair of files is one notebook, and the questions have the student's own numbers."""
    path = empty / f"chapter_{number}" / f"chapter_{number}.ipynb"
    content = json.loads(path.read_text("utf-8"))
    sources = ["".join(cell["source"]) for cell in content["cells"]]
    for item in TASKS.values():
        if item.chapter == number:
            assert f'check("{item.number}")' in sources
    for scene in STORIES[number].scenes:
        assert scene.code in sources and scene.after in TASKS
    script = path.with_suffix(".py").read_text("utf-8")
    assert all(line in script for source in sources for line in source.splitlines())


def test_the_pictures_code_belongs_to_tasks_that_come_before_it():
    """A picture cannot be drawn with tasks that the student has not met yet."""
    order = list(TASKS)
    for _, scene in SCENES:
        for number in TASKS:
            if f'yours("{number}")' in scene.code:
                assert order.index(number) <= order.index(scene.after)
                assert isinstance(find(number), Task)
