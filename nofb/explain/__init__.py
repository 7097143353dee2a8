"""Reading a rule: its header as mathematics, and its source beside the equations it implements."""

from nofb.explain.headers import Equation, Header, Paragraph, header
from nofb.explain.mathematics import latex

__all__ = ["Equation", "Header", "Paragraph", "header", "latex"]
