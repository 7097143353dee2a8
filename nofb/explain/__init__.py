"""Reading a rule: its header as mathematics, and its source beside the equations it implements."""

from nofb.explain.headers import Equation, Header, Paragraph, header
from nofb.explain.mathematics import latex
from nofb.explain.sources import Function, Line, Mark, Source, source

__all__ = [
    "Equation",
    "Function",
    "Header",
    "Line",
    "Mark",
    "Paragraph",
    "Source",
    "header",
    "latex",
    "source",
]
