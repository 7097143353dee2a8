"""The types of hyper-parameters on a page: what is allowed, in the words of `nofb explain`.

Without them a reader would see the type of the code, which does not say that an initialiser may be
given by its name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nofb import settings

if TYPE_CHECKING:  # the tests need this file, and not Sphinx
    from sphinx.application import Sphinx


def stated(kind: type, line: str) -> str:
    """Return a line of a docstring; the name of a hyper-parameter gets its bounds.

    Examples
    --------
    >>> from nofb.rules import FeedbackAlignment
    >>> stated(FeedbackAlignment, "feedback_init")
    "feedback_init : an initialiser's name or function"
    """
    words = settings.words(kind, line)
    return f"{line} : {words}" if words else line


def state(app: Sphinx, what: str, name: str, kind: Any, options: Any, lines: list[str]) -> None:
    """State the bounds in the docstring of a class, before it is read as numpydoc."""
    if what == "class":
        lines[:] = [stated(kind, line) for line in lines]


def setup(app: Sphinx) -> dict[str, Any]:
    """Add it to the site."""
    app.connect("autodoc-process-docstring", state, priority=400)  # napoleon has 500
    return {"parallel_read_safe": True}
