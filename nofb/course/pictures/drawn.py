"""A picture of a student's functions, or a sentence on why there is none."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from nofb.course.yours import Failed, NotFilledIn
from nofb.plots import Picture
from nofb.plots.picture import sentence
from nofb.plots.style import HUES, OKABE_ITO, THEMES, literal, using

P = ParamSpec("P")

COLOURS = [OKABE_ITO[hue] for hue in HUES]
LETTERS = 105  # of one line of a sentence


def drawn(function: Callable[P, Picture]) -> Callable[P, Picture]:
    """Draw in the light theme; say in a sentence what is missing or fails in a student's function.

    A function with a wrong result may give arrays that cannot be drawn.
    """

    @wraps(function)
    def draw(*arguments: P.args, **named: P.kwargs) -> Picture:
        try:
            with using("light"):
                return function(*arguments, **named)
        except (NotFilledIn, Failed) as failed:
            return say(f"Nothing to draw yet. {failed}")
        except (ValueError, TypeError, IndexError, ArithmeticError) as error:
            return say(f"These results cannot be drawn ({error}). `check` says what is wrong.")

    return draw


def say(text: str) -> Picture:
    """Return a picture of a sentence."""
    return sentence(literal(textwrap.fill(text, LETTERS)), THEMES["light"])
