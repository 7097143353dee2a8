"""The subjects of an explanation: learning rules and methods of transfer, classes with a header."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from nofb import rule as base
from nofb.custom_rules import address, is_own
from nofb.rules import RULES, Rule, find
from nofb.transfer import METHODS, Transferred

Subject = type[Rule] | type[Transferred]


def as_class(subject: str | Subject | Rule | Transferred) -> Subject:
    """Return the class of a rule or a method, given as its short name, its class or an object.

    Examples
    --------
    >>> as_class("fa").title, as_class("toast").title
    ('feedback alignment', 'TOAST')
    """
    if isinstance(subject, str):
        return _named(subject)
    kind = subject if isinstance(subject, type) else type(subject)
    if not issubclass(kind, Rule | Transferred):
        raise TypeError(
            "rule must be a short name or a nofb.rules.Rule, or a method of nofb.transfer, but "
            f"is {subject!r}"
        )
    return kind


def _named(word: str) -> Subject:
    return METHODS[word] if word in METHODS else rule_called(word, METHODS)


def rule_called(word: str, methods: Iterable[str]) -> type[Rule]:
    """Return the rule of this name; the error for an unknown one lists some methods, too."""
    if word in METHODS:
        raise ValueError(
            f"rule is {word!r}, but must be a rule, see `nofb rules`, or a method of transfer: "
            + ", ".join(methods)
        )
    try:
        return find(word)
    except ValueError as error:
        if ":" in word or word in RULES:
            raise
        raise ValueError(f"{error}; or a method of transfer: {', '.join(methods)}") from None


def found_by(subject: str | Subject | Rule | Transferred) -> str:
    """Return the name or the address that finds a rule or a method: as given, if it was by name.

    It is "" for a class of a notebook, which no other program finds.

    Examples
    --------
    >>> found_by("nofb.rules.shallow:Shallow"), found_by(RULES["fa"])
    ('nofb.rules.shallow:Shallow', 'fa')
    """
    if isinstance(subject, str):
        return subject
    kind = as_class(subject)
    if not (issubclass(kind, Rule) and is_own(kind)):
        return kind.name
    return "" if kind.__module__ == "__main__" else address(kind)


def word_for(kind: Subject) -> str:
    """Return the kind of a class: a rule or a method."""
    return "rule" if issubclass(kind, Rule) else "method"


def modules_of(kind: Subject) -> list[str]:
    """Return the modules of a rule or a method, its own first.

    Those of a method include the files of other methods whose parts it uses.
    """
    if issubclass(kind, Rule):
        return base.modules_of(kind)
    parts = [each.__module__ for each in kind.__mro__ if issubclass(each, Transferred)]
    taken = {getattr(each, "__module__", "") for each in vars(sys.modules[parts[0]]).values()}
    parts += [each.__module__ for each in METHODS.values() if each.__module__ in taken]
    return [each for each in dict.fromkeys(parts) if each != Transferred.__module__]


def written_in(module: str, kind: Subject) -> Subject | None:
    """Return the rule or method whose equations a module has: `kind`, or one of its bases.

    Examples
    --------
    >>> written_in("nofb.transfer.lora", as_class("toast_lite"))
    <class 'nofb.transfer.lora.LoRA'>
    """
    above = [each for each in kind.__mro__ if issubclass(each, Rule | Transferred)]
    others = [] if issubclass(kind, Rule) else METHODS.values()
    return next((each for each in [*above, *others] if each.__module__ == module), None)


def subjects() -> Iterator[Subject]:
    """Yield every rule and method of nofb."""
    yield from RULES.values()
    yield from METHODS.values()
