"""Which lesson teaches which rule: the head of a lesson names its rules, and links to them."""

from __future__ import annotations

import re
from functools import cache

from nofb.course import lessons
from nofb.rules import RULES

LINK = re.compile(r"\[([\w, ]+)\]\(\.\./nofb/(?:rules|transfer)/\w+\.py\)")


@cache
def taught() -> dict[str, tuple[str, ...]]:
    """Return the names of the rules and methods in the head of each lesson.

    Examples
    --------
    >>> taught()["03_direct_feedback"]
    ('dfa', 'ifa')
    """
    found = {}
    for path in lessons.scripts().values():
        head = lessons.cells(path.read_text("utf-8"))[0].text
        found[path.stem] = tuple(name for names in LINK.findall(head) for name in names.split(", "))
    return found


def lesson_of(name: str) -> str | None:
    """Return the first lesson on a rule or a method, or else the first one on its family.

    Examples
    --------
    >>> lesson_of("fa"), lesson_of("sparse_dfa"), lesson_of("ff")
    ('02_feedback_alignment', '02_feedback_alignment', None)
    """
    own = [lesson for lesson, names in taught().items() if name in names]
    family = getattr(RULES.get(name), "family", None)
    related = [
        lesson
        for lesson, names in taught().items()
        if any(getattr(RULES.get(each), "family", "") == family for each in names)
    ]
    return next(iter(own + related), None)


def title(lesson: str) -> str:
    """Return the number and the short title of a lesson.

    Examples
    --------
    >>> title("06_kolen_pollack")
    '06, Kolen-Pollack'
    """
    number = lesson[:2]
    return f"{number}, {lessons.title(lessons.script(number)).partition(':')[0]}"
