"""The course tests itself: a task that cannot be solved, or that a stub solves, is no task."""

from dataclasses import replace

import pytest

from nofb.cli import main
from nofb.course import TASKS, Question, Task, find, selftest
from nofb.course.tasks import TITLES, of_chapter


@pytest.mark.parametrize("number", TASKS)
def test_stubs_earn_nothing_right_answers_everything_and_wrong_ones_get_their_hint(number):
    assert list(selftest.faults(find(number))) == []


def test_the_command_names_every_fault_of_a_task(monkeypatch, capsys):
    """A teacher who adds a task runs it: a hint that nobody gets must be named."""
    good = find("3.4")
    silent = replace(good, wrong=[*good.wrong[:2], replace(good.wrong[0], body=good.wrong[1].body)])
    few = replace(good, wrong=good.wrong[:2])
    monkeypatch.setattr(selftest, "TASKS", {"a": silent, "b": few})
    assert main(["course", "selftest"]) == 1
    printed = capsys.readouterr().out
    assert "a wrong answer gets" in printed and "there are 2 wrong answers" in printed
    monkeypatch.setattr(selftest, "TASKS", {"a": good})
    assert main(["course", "selftest"]) == 0 and "0 faults" in capsys.readouterr().out


def test_there_are_at_least_thirty_tasks_in_nine_chapters():
    assert len(TASKS) >= 30 and len(TITLES) == 9
    assert all(of_chapter(chapter) for chapter in TITLES)


@pytest.mark.parametrize("number", TASKS)
def test_a_task_says_what_comes_before_it_and_has_three_hints(number):
    item = find(number)
    order = list(TASKS)
    assert all(order.index(before) < order.index(number) for before in item.needs)
    assert len(item.hints) == 3 and all(item.hints) and item.minutes > 0 and item.points > 0


@pytest.mark.parametrize("number", [n for n, item in TASKS.items() if isinstance(item, Task)])
def test_a_task_has_three_wrong_answers_with_causes_of_their_own(number):
    causes = [wrong.cause for wrong in find(number).wrong]
    assert len(causes) >= 3 and len(set(causes)) == len(causes)


@pytest.mark.parametrize("number", [n for n, item in TASKS.items() if isinstance(item, Question)])
def test_another_student_has_another_question_where_it_has_numbers(number):
    from nofb.course.questions import text_of

    texts = {text_of(find(number), seed) for seed in range(30)}
    assert len(texts) > 1 or "{" not in find(number).asks
