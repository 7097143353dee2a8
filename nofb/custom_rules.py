"""A custom rule is found by its address, module:Class, and checked before it is used.

Finding it imports its module, and this runs the file.
"""

from __future__ import annotations

import inspect
import re
import sys
from importlib import import_module, invalidate_caches
from pathlib import Path
from types import ModuleType

from nofb import checks
from nofb.modules import is_nofb
from nofb.rule import Rule, Uses
from nofb.text import printable

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")  # usable in a command and in a file name

_folders: list[str] = []  # added to the search path for a rule: the last current folder


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
    module = _module(name)
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


def _module(name: str) -> ModuleType:
    """Import a module, from the current folder too, or raise an error that gives the reason."""
    here = Path.cwd()
    _look_into(str(here))  # absolute, since worker processes get the list and start elsewhere
    try:
        return _of_the_folder(import_module(name), here)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise ValueError(f"{name} cannot be imported: {error}") from error
        file = f"{name.removesuffix('.py').replace('.', '/')}.py"
        hint = f"write {name[:-3]} without .py" if name.endswith(".py") else f"there is no {file}"
        raise ValueError(f"no module is called {name!r}: {hint}") from error
    except (Exception, SystemExit) as error:  # the user's module may raise anything
        raise ValueError(f"{name} cannot be imported: {printable(_where(error, name))}") from error


def _look_into(folder: str) -> None:
    """Let modules of a folder be found, last: its random.py must not replace Python's."""
    for earlier in _folders:
        if earlier in sys.path:
            sys.path.remove(earlier)
    _folders.clear()
    if folder not in sys.path:
        sys.path.append(folder)
        _folders.append(folder)
    invalidate_caches()


def _of_the_folder(module: ModuleType, here: Path) -> ModuleType:
    """Refuse a module that hides a file of the same name in the current folder."""
    name = module.__name__.partition(".")[0]
    there = getattr(sys.modules[name], "__file__", None)
    mine = [file for file in (here / f"{name}.py", here / name / "__init__.py") if file.exists()]
    if mine and (there is None or not Path(there).resolve().is_relative_to(here.resolve())):
        raise ImportError(
            f"Python has another module of that name ({there or 'built in'}), "
            f"so give {mine[0].relative_to(here)} another one"
        )
    return module


def _where(error: BaseException, name: str) -> str:
    """Return the error, and the line it is in."""
    line = getattr(error, "lineno", None)
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_globals.get("__name__") == name:
            line = trace.tb_lineno
        trace = trace.tb_next
    place = "" if line is None else f" in line {line}"
    return f"{type(error).__name__}{place}: {getattr(error, 'msg', None) or error}"


def _rules_in(module: ModuleType) -> str:
    """Return the names of the rules that a module itself defines."""
    classes = inspect.getmembers(module, inspect.isclass)
    names = [
        name for name, one in classes if issubclass(one, Rule) and one.__module__ == module.__name__
    ]
    return ", ".join(names) or "none"
