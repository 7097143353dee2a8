"""Which functions an update runs, and which of them a reader of the rule needs to see."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import CodeType, FrameType
from typing import Any

from nofb.explain.headers import as_class
from nofb.rules import Rule

BASE = "nofb.rules.base"  # what all rules share
ARITHMETIC = ("nofb.kernels.", "nofb.jacobians")
OPTIMIZERS = "nofb.kernels.steps"  # arithmetic too, but no rule's
EXPLAINING = "nofb.explain"
BUILT = ("__init__", "__post_init__")  # a rule is built before it teaches


class Calls:
    """Is told of every call, and keeps those that a rule makes: of its file, and of nofb's.

    Parameters
    ----------
    rule
        A short name, a class or a rule.

    Attributes
    ----------
    modules
        The module of every function that ran, in the order of their first calls.
    """

    def __init__(self, rule: str | type[Rule] | Rule) -> None:
        kind = as_class(rule)
        self.own = kind.__module__
        self.files = {each.__module__ for each in kind.__mro__ if issubclass(each, Rule)} - {BASE}
        self.modules: dict[CodeType, str] = {}
        self.callers: dict[CodeType, set[CodeType]] = {}

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        """Note the call that a new frame stands for."""
        if self.is_read(frame) and any(self.is_rules(each) for each in stack(frame)):
            self.modules.setdefault(frame.f_code, module_of(frame))
            callers = [each.f_code for each in stack(frame.f_back) if has_name(each)]
            self.callers.setdefault(frame.f_code, set()).update(callers[:1])

    def is_read(self, frame: FrameType) -> bool:
        """Say whether a function has a name, and stands in nofb or in a file of the rule."""
        module = module_of(frame)
        return has_name(frame) and (module.startswith("nofb.") or module in self.files)

    def is_rules(self, frame: FrameType) -> bool:
        """Say whether a function is a rule's, or what rules share."""
        module = module_of(frame)
        return module in self.files or module.startswith("nofb.rules.")

    def shown(self, marked: Callable[[CodeType], bool]) -> list[CodeType]:
        """Return what a reader needs: the rule's methods and file, equations, and the way there.

        Parameters
        ----------
        marked
            Whether a line of the function says that it implements an equation.
        """
        ends = {code for code, module in self.modules.items() if marked(code) or _counts(module)}
        needed = self._leading_to(ends)
        return [
            code
            for code, module in self.modules.items()
            if module == self.own
            or (module in self.files and "." in code.co_qualname)
            or (code in needed if module != BASE else marked(code))
        ]

    def _leading_to(self, ends: set[CodeType]) -> set[CodeType]:
        """Return these functions, and all that call them, directly or not."""
        found, edge = set(ends), list(ends)
        while edge:
            new = self.callers[edge.pop()] & self.modules.keys() - found
            found |= new
            edge += new
        return found


def _counts(module: str) -> bool:
    """Say whether what stands in a module is arithmetic, and not an optimizer's."""
    return module.startswith(ARITHMETIC) and module != OPTIMIZERS


def has_name(frame: FrameType) -> bool:
    """Say whether a frame is that of a function with a name: no comprehension, no lambda."""
    return not frame.f_code.co_name.startswith("<") and frame.f_code.co_name not in BUILT


def module_of(frame: FrameType) -> str:
    """Return the name of the module that a frame's function stands in."""
    return str(frame.f_globals.get("__name__", ""))


def stack(frame: FrameType | None) -> Iterator[FrameType]:
    """Give a frame, and all that wait for it, up to what explains the rule."""
    while frame is not None and not module_of(frame).startswith(EXPLAINING):
        yield frame
        frame = frame.f_back
