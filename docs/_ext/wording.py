"""A header's words and equations as Markdown."""

from __future__ import annotations

import re

from nofb.explain import latex
from nofb.explain.headers import Equation

INDEXED = re.compile(r"(?<![\w\\])(Δ?[^\W\d_][\u0300-\u036f]*_(?:\{[^}]*\}|\w)[ᵀ²]?)(?!\w)")
RELATION = re.compile(r"(?!.*[A-Za-z]{2})[^`]*[=←≈∝~≤<][^`]*")  # and no word
QUOTED = re.compile(r"(`[^`]*`)")


def prose(text: str) -> str:
    """Return a header's words as Markdown, with symbols that have an index as mathematics."""
    parts = QUOTED.split(text)
    return "".join(
        part if part.startswith("`") else INDEXED.sub(lambda found: f"${latex(found[0])}$", part)
        for part in parts
    )


def sentence(text: str) -> str:
    """Return words with a capital first letter, unless they begin with a symbol."""
    return text[:1].upper() + text[1:]


def mathematics(equation: Equation) -> str:
    """Return an equation as mathematics, with its number or the variant it belongs to."""
    number = f"({equation.number})" if equation.number else ""
    where = f"\\quad {latex(equation.where)}" if equation.where else ""
    return f"<b>{number}</b> $\\displaystyle {latex(equation.text)}{where}$"


def remark(equation: Equation) -> str:
    """Return the remark beside an equation; equations in it become mathematics."""
    clauses = equation.remark.split(", ")
    return ", ".join(
        f"${latex(clause)}$" if RELATION.fullmatch(clause) else prose(clause) for clause in clauses
    )
