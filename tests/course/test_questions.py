"""Questions: another number for each student, and no wrong method within the tolerance."""

import re
from pathlib import Path

import pytest

from nofb.course import TASKS, Question, answers, find
from nofb.course.questions import judge_question, matches, same_for_all, values_for

GUIDE = (Path(__file__).parents[2] / "docs" / "course.md").read_text("utf-8")
KEYED = [n for n, item in TASKS.items() if isinstance(item, Question) and not item.by_hand]
BY_HAND = [n for n, item in TASKS.items() if isinstance(item, Question) and item.by_hand]
STUDENTS = range(60)


def judged(number, answer):
    return judge_question(find(number), f"ANSWER = {answer}\n", "theirs.py")


@pytest.mark.parametrize("number", KEYED)
def test_neighbours_have_different_answers_or_the_guide_says_that_they_have_not(number):
    """An answer that is the same for all goes from hand to hand."""
    question = find(number)
    keys = {repr(question.key(values_for(question, seed))) for seed in STUDENTS}
    letters = isinstance(question.key(values_for(question, 0)), str)
    named = re.search(r"The answer to (.+?) is the same for all students", GUIDE)
    assert named and (number in named[1].split(" and ")) == (len(keys) == 1)
    assert same_for_all(question) == (len(keys) == 1)
    assert len(keys) == 1 or len(keys) >= (3 if letters else 12)


@pytest.mark.parametrize("number", KEYED)
def test_no_wrong_method_lies_within_the_tolerance(number):
    """It would earn the points of the right one."""
    question = find(number)
    for seed in STUDENTS:
        values = values_for(question, seed)
        key = question.key(values)
        if not isinstance(key, str):
            for wrong, cause in question.wrong:
                assert not matches(wrong(values), key, question.tolerance), (values, cause)


def test_the_answer_for_teachers_says_that_it_is_the_same_for_all():
    assert "the same for all students" in answers.of("2.2")
    assert "the same for all students" not in answers.of("2.3")


@pytest.mark.parametrize("number", BY_HAND)
@pytest.mark.parametrize("answer", ["''", "'  \\n '", "0", "[]", "()", "('a', 'b')", "True"])
def test_an_answer_without_a_word_is_not_written_down(number, answer):
    """A teacher would look for the text, and the student would wait for points."""
    verdict = judged(number, answer)
    assert not verdict.by_hand and verdict.sentence == (
        "ANSWER must be a text in quotes, and not empty"
    )


def test_a_text_is_left_to_a_person():
    assert judged("2.4", "'W learns'").by_hand


@pytest.mark.parametrize(
    "answer", ["[90.0]", "(90.0,)", "(90, 1)", "__import__('numpy').array([90.0])", "'90'", "True"]
)
def test_an_answer_that_is_no_number_is_told_to_be_one(answer):
    """A tuple of one number is made by a comma at the end of the line."""
    verdict = judged("2.2", answer)
    assert verdict.score == 0 and "must be a number" in verdict.sentence
    assert verdict.sentence.startswith("ANSWER is ")
