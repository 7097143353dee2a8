"""Students' folders for the tests: filled with right answers, or with a few of them."""

from nofb.course import find, selftest
from nofb.course.about import seed_of
from nofb.course.folder import new, place
from nofb.course.questions import values_for
from nofb.course.task import Question


def path_of(folder, number):
    """Return where the file of a task is."""
    item = find(number)
    return folder / place(item) / item.file


def right(number, student=""):
    """Return the text of a file with the right answer of a student."""
    item = find(number)
    if isinstance(item, Question) and not item.by_hand:
        return selftest.answer_of(item.key(values_for(item, seed_of(student))))
    return selftest.right_answer(item)


def filled(folder, numbers, student=""):
    """Write a student's folder of one chapter, and the right answers of some of its tasks."""
    new(folder, find(numbers[0]).chapter, student)
    for number in numbers:
        path_of(folder, number).write_text(right(number, student), encoding="utf-8")
    return folder
