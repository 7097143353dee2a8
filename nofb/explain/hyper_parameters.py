"""The hyper-parameters of a rule or a method: value, bounds, and meaning from its docstring."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import fields

from nofb import settings
from nofb.explain.headers import Paragraph
from nofb.explain.subjects import Subject, as_class
from nofb.rules import Rule
from nofb.transfer import Transferred

SECTION = re.compile(r"^(Parameters|Attributes)\n-+\n(?P<lines>(?:.+\n?|\n(?= {4}))*)", re.M)


def hyper_parameters(subject: str | Subject | Rule | Transferred) -> Iterator[Paragraph]:
    """Yield a paragraph for each hyper-parameter: of an object its values, of a class the defaults.

    Examples
    --------
    >>> print(next(hyper_parameters("kp")).text)  # doctest: +ELLIPSIS
    uniform_fan_out (an initialiser's name or function). How each B (n_out, n_in) is drawn; ...
    """
    kind = as_class(subject)
    owner = kind if issubclass(kind, Rule) else kind.options_type
    given = subject.options if isinstance(subject, Transferred) else subject
    for each in fields(owner):
        if not each.init:
            continue
        known = isinstance(given, owner)
        default = getattr(owner, each.name, each.default)
        value = settings.written(getattr(given, each.name) if known else default).strip("'\"")
        bounds = settings.words(owner, each.name)
        said = f"{value} ({bounds})" if bounds else value
        yield Paragraph(
            f"Hyper-parameter {each.name}", f"{said}. {meaning(owner, each.name)}".strip()
        )


def meaning(owner: type, name: str) -> str:
    """Return what the nearest docstring says of a parameter; "" if there is nothing.

    Examples
    --------
    >>> from nofb.rules import KolenPollack
    >>> meaning(KolenPollack, "decay")[:30]
    'λ, per step, for every B and i'
    """
    for each in owner.__mro__:
        for section in SECTION.finditer(inspect.cleandoc(vars(each).get("__doc__") or "")):
            blocks = re.split(r"\n(?=\S)", section["lines"].strip("\n"))
            for block in blocks:
                names, _, text = block.partition("\n")
                if name in re.split(r", | : ", names):
                    return " ".join(text.split())
    return ""
