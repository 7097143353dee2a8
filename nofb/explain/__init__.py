"""Explains a rule or a method of transfer: its header as mathematics, and its source.

`nofb.explain("wm")` calls this package itself; Python allows this for a module with its own class.
`nofb.explain.header("wm")`, `.source("wm")` and `.walk("wm")` return the same content as data.
"""

import sys
from types import ModuleType

from nofb.explain.citation import cite
from nofb.explain.explanation import Explanation, explain
from nofb.explain.headers import header
from nofb.explain.rich import prose
from nofb.explain.sources import Source, source
from nofb.explain.walk import Walk, walk
from nofb.latex import latex

__all__ = [
    "Explanation",
    "Source",
    "Walk",
    "cite",
    "explain",
    "header",
    "latex",
    "prose",
    "source",
    "walk",
]


class _Package(ModuleType):
    """A module that explains a rule or a method when it is called."""

    __call__ = staticmethod(explain)


sys.modules[__name__].__class__ = _Package
