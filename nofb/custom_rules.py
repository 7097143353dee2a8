"""A custom rule is found by its address, module:Class, and checked before it is used.

Finding it imports its module, and this runs the file.
"""

from __future__ import annotations

import inspect
import re
from types import ModuleType

from nofb import checks
from nofb.modules import imported, is_nofb
from nofb.rule import Rule, Uses

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")  # usable in a command and in a file name


def load(place: str) -> type[Rule]:
    """Return the class at an address; the current folder is searched too.

    Parameters
    ----------
    place
        A module and a class in it, such as "my_rule:MyRule" for a class in my_rule.py.

    Raises
    ------
    ValueError
        If there is no such module or class, or if it is not a usable rule.

    Examples
    --------
    >>> load("nofb.rules.shallow:Shallow").title
    'last layer only (control)'
    >>> load("nofb.rules.shallow:Shalow")
    Traceback (most recent call last):
    ...
    ValueError: nofb.rules.shallow has no 'Shalow'; the rules in it are: Shallow
    """
    name, _, attribute = place.partition(":")
    if not name or not attribute:
        raise ValueError(f"rule must be module:Class, such as my_rule:MyRule, but is {place!r}")
    module = imported(name)
    if not hasattr(module, attribute):
        raise ValueError(f"{name} has no {attribute!r}; the rules in it are: {_rules_in(module)}")
    return checked(getattr(module, attribute))


def checked(rule: object) -> type[Rule]:
    """Return a class if it is a rule with every attribute that a rule must have.

    Examples
    --------
    >>> class Mine(Rule):
    ...     name = "mine"
    ...
    ...     def signals(self, net, trace):
    ...         yield net.weighted[-1], trace.error
    >>> checked(Mine)
    Traceback (most recent call last):
    ...
    ValueError: Mine has no uses: say what it must know, such as uses = Uses(error=True)
    """
    if not (isinstance(rule, type) and issubclass(rule, Rule)):
        raise ValueError(f"{rule!r} is no rule: it must be a class derived from nofb.rules.Rule")
    who = rule.__name__
    if missing := sorted(rule.__abstractmethods__):
        raise ValueError(f"{who} has no method {missing[0]}, without which it teaches nothing")
    if not isinstance(getattr(rule, "name", None), str):
        raise ValueError(f'{who} has no name: give it a short one, such as name = "mine"')
    check_words(rule)
    if not isinstance(getattr(rule, "uses", None), Uses):
        raise ValueError(
            f"{who} has no uses: say what it must know, such as uses = Uses(error=True)"
        )
    return rule


def check_words(rule: type[Rule]) -> None:
    """Refuse a name, a title or a paper that a command, a table or a figure cannot show.

    Examples
    --------
    >>> class Mine(Rule):
    ...     name = "../mine"
    >>> check_words(Mine)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: Mine has the name '../mine': it must begin with a letter, and have at most 40 ...
    """
    who = rule.__name__
    if not NAME.fullmatch(rule.name):
        raise ValueError(
            f"{who} has the name {rule.name!r}: it must begin with a letter, and have at most 40 "
            "letters (a to z), digits, _ and -"
        )
    checks.line(f"the title of {who}", rule.title)
    checks.line(f"the paper of {who}", rule.paper, most=200)


def is_own(rule: type[Rule]) -> bool:
    """Return whether a rule is a custom rule, and not one of nofb."""
    return not is_nofb(rule.__module__)


def address(rule: type[Rule]) -> str:
    """Return the address of a rule.

    Examples
    --------
    >>> from nofb.rules import Shallow
    >>> address(Shallow)
    'nofb.rules.shallow:Shallow'
    """
    return f"{rule.__module__}:{rule.__qualname__}"


def _rules_in(module: ModuleType) -> str:
    """Return the names of the rules that a module itself defines."""
    classes = inspect.getmembers(module, inspect.isclass)
    names = [
        name for name, one in classes if issubclass(one, Rule) and one.__module__ == module.__name__
    ]
    return ", ".join(names) or "none"
