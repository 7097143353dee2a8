"""`nofb course selftest`: stubs earn nothing, right answers everything, wrong ones their hint."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nofb.course.folder import stub
from nofb.course.judge import judge
from nofb.course.questions import judge_question, values_for
from nofb.course.task import Item, Question, Task
from nofb.course.tasks import TASKS
from nofb.course.verdict import Verdict

LEAST = 3  # wrong answers of a task


def faults(item: Item) -> Iterator[str]:
    """Yield a sentence for everything that is wrong with a task."""
    empty = judged(item, stub(item))
    if empty.score:
        yield f"{item.number}: the stub earns {empty.score:g} points"
    if isinstance(item, Question) and item.by_hand:
        return
    right = judged(item, right_answer(item))
    if right.score != item.points:
        yield f"{item.number}: the right answer earns {right.score:g} points: {right.sentence}"
    wrong = list(wrong_answers(item))
    if len(wrong) < LEAST:
        yield f"{item.number}: there are {len(wrong)} wrong answers, not {LEAST}"
    for source, cause in wrong:
        found = judged(item, source)
        if found.sentence != cause or found.score == item.points:
            yield f"{item.number}: a wrong answer gets {found.sentence!r}, not {cause!r}"


def judged(item: Item, source: str) -> Verdict:
    """Judge the text of a file."""
    if isinstance(item, Question):
        return judge_question(item, source, item.file)
    assert isinstance(item, Task)
    return judge(item, source, item.file)


def right_answer(item: Item) -> str:
    """Return the text of a file with the right answer."""
    if isinstance(item, Question):
        return answer_of(item.key(values_for(item, 0)))
    assert isinstance(item, Task)
    return item.right


def wrong_answers(item: Item) -> Iterator[tuple[str, str]]:
    """Yield the text of each wrong answer, and the sentence that it must get."""
    if isinstance(item, Question):
        values = values_for(item, 0)
        for wrong, cause in item.wrong:
            if wrong(values) != item.key(values):  # a letter that is right for these values
                yield answer_of(wrong(values)), cause
    elif isinstance(item, Task):
        for each in item.wrong:
            yield item.function_of(each.body), each.cause


def answer_of(value: Any) -> str:
    """Return the text of a file that answers a question."""
    return f"ANSWER = {value!r}\n"


def all_faults() -> Iterator[str]:
    """Yield what is wrong with every task."""
    for item in TASKS.values():
        yield from faults(item)
