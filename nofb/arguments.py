"""Wrong arguments in a call: the error says what to write instead, which Python's own cannot.

A function or a class keeps its signature, so that editors and `help` show the same as before.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar

from nofb.suggestions import did_you_mean

Called = TypeVar("Called", bound=Callable[..., Any])


def explained(**cures: str) -> Callable[[Called], Called]:
    """Let the error for an unknown or a missing argument of a function or a class name the cure.

    Parameters
    ----------
    cures
        By the name of an argument, unknown or missing, what to write instead. For any other
        unknown name the error suggests the nearest argument.

    Examples
    --------
    >>> @explained(lr="the optimizer has it")
    ... def train(net, epochs=20):
    ...     pass
    >>> train("net", lr=0.1)
    Traceback (most recent call last):
    ...
    TypeError: train has no argument 'lr': the optimizer has it
    >>> train("net", epoch=10)
    Traceback (most recent call last):
    ...
    TypeError: train has no argument 'epoch' (did you mean 'epochs'?); it has: net, epochs
    """

    def wrapped(called: Called) -> Called:
        if isinstance(called, type):
            made: Any = called
            made.__init__ = _checked(made.__init__, None, cures)
            return called
        return _checked(called, called.__name__, cures)

    return wrapped


def _checked(function: Called, name: str | None, cures: Mapping[str, str]) -> Called:
    """Check the arguments of a function; without a name it is the `__init__` of a class."""
    parameters = dict(inspect.signature(function).parameters)

    @wraps(function)
    def call(*given: Any, **named: Any) -> Any:
        check(name or type(given[0]).__name__, parameters, given, named, cures)
        return function(*given, **named)

    return call  # type: ignore[return-value]


def check(
    name: str,
    parameters: Mapping[str, inspect.Parameter],
    given: tuple[Any, ...],
    named: Mapping[str, Any],
    cures: Mapping[str, str],
) -> None:
    """Refuse an unknown or a missing argument; all other mistakes are left to Python."""
    known = [each for each in parameters if each != "self"]
    for each in named:
        if each in cures and each not in known:
            raise TypeError(f"{name} has no argument {each!r}: {cures[each]}")
        if each not in known:
            raise TypeError(
                f"{name} has no argument {each!r}{did_you_mean(each, known)}; it has: "
                f"{', '.join(known)}"
            )
    left = [each for each in list(parameters)[len(given) :] if each not in named]
    missing = [each for each in left if parameters[each].default is inspect.Parameter.empty]
    if missing:
        cure = cures.get(missing[0], f"it takes {', '.join(known)}")
        raise TypeError(f"{name} needs {' and '.join(missing)}: {cure}")
