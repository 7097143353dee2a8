"""The chapters: what a student's file must have, and that every student gets other numbers."""

import re
from pathlib import Path

import numpy as np
import pytest

from nofb.course import TASKS, Question, Task, find, worked
from nofb.course.calls import outputs
from nofb.course.folder import stub
from nofb.course.questions import text_of
from nofb.course.tasks import TITLES, of_chapter

ROOT = Path(__file__).parents[2]

HOLES = [number for number, item in TASKS.items() if isinstance(item, Task)]
QUESTIONS = [number for number, item in TASKS.items() if isinstance(item, Question)]


def test_there_are_thirty_code_tasks_in_nine_chapters_and_questions_beside_them():
    """Fewer would not fill a term."""
    assert len(HOLES) >= 30 and len(TITLES) == 9
    assert {find(number).chapter for number in HOLES} == set(TITLES)
    assert sum(find(number).by_hand for number in QUESTIONS) >= 3


@pytest.mark.parametrize("number", TASKS)
def test_a_task_says_its_time_its_worth_and_what_comes_before(number):
    """A student plans with these, and a prerequisite that comes later cannot be met."""
    item, order = find(number), list(TASKS)
    assert item.minutes > 0 and item.points > 0 and item.title
    assert all(order.index(before) < order.index(number) for before in item.needs)
    assert len(set(item.hints)) == 3 and all(item.hints)


@pytest.mark.parametrize("number", HOLES)
def test_a_code_task_has_three_wrong_answers_and_its_equation_has_a_number(number):
    """Without a number, a student cannot find the equation in the library or in the paper."""
    task = find(number)
    causes = {wrong.cause for wrong in task.wrong}
    assert len(causes) == len(task.wrong) >= 3
    assert re.search(r"eq\. \d", task.where) and task.where.endswith((".py", ".md"))
    assert task.where in stub(task)


@pytest.mark.parametrize("number", HOLES)
def test_an_equation_that_is_cited_is_in_the_header_of_its_file(number):
    """A wrong number would send a student to the wrong line."""
    where = find(number).where
    cited = re.match(r"(?:eq\. [\d and eq.]+) of nofb/(.+)\.py$", where)
    if cited is None:
        return
    module = __import__(f"nofb.{cited[1].replace('/', '.')}", fromlist=["nofb"])
    for equation in re.findall(r"eq\. (\d+)", where):
        assert f"({equation})" in module.__doc__


@pytest.mark.parametrize("number", HOLES)
def test_the_worked_number_is_right_and_small_enough_for_a_pencil(number):
    """A wrong worked number would teach a wrong equation."""
    task = find(number)
    arguments = worked.arguments_for(task, 7)
    results = worked.results_of(task, arguments)
    assert results and all(np.isfinite(value).all() for value in results.values())
    sizes = [np.size(each) for each in arguments]
    assert max(sizes) <= 12
    found = outputs(task.reference, task, arguments)
    for value in results.values():
        assert any(np.array_equal(value, each) for each in found)
    text = "\n".join(worked.text(task, 7))
    assert text in stub(task, 7).replace("\n\n\n", "\n\n")


@pytest.mark.parametrize("number", HOLES)
def test_every_student_gets_another_worked_number(number):
    """Two students must not be able to hand in one another's sums."""
    task = find(number)
    assert len({stub(task, seed) for seed in range(12)}) >= 8


def test_a_printed_array_can_be_pasted_into_python():
    """A student who copies the numbers must get the arrays that are meant."""
    task = find("2.1")
    delta, B = worked.arguments_for(task, 3)
    assert np.array_equal(eval(worked.written(delta)), delta)
    assert np.array_equal(eval(worked.written(B)), B)


@pytest.mark.parametrize("number", QUESTIONS)
def test_a_question_with_numbers_has_others_for_another_student(number):
    texts = {text_of(find(number), seed) for seed in range(30)}
    assert len(texts) > 1 or "{" not in find(number).asks


@pytest.mark.parametrize("chapter", TITLES)
def test_a_chapter_has_code_and_something_else(chapter):
    """A chapter of code alone asks nothing that only a person can answer."""
    items = of_chapter(chapter)
    assert any(isinstance(item, Task) for item in items)
    assert any(isinstance(item, Question) for item in items)


@pytest.mark.parametrize("chapter", TITLES)
def test_the_guide_states_the_tasks_and_minutes_of_each_chapter(chapter):
    """A teacher plans a term with this table."""
    items, guide = of_chapter(chapter), (ROOT / "docs" / "course.md").read_text("utf-8")
    (row,) = re.findall(rf"^\| {chapter} \|.*\| (\d+) \| (\d+) \|$", guide, re.MULTILINE)
    assert row == (str(len(items)), str(sum(item.minutes for item in items)))
    assert f"{len(TASKS)} tasks in nine chapters" in guide
