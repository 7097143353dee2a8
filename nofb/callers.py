"""Warnings that name the line of the user's own code that caused them."""

from __future__ import annotations

import sys
import warnings

from nofb.modules import is_nofb


def warn(sentence: str, category: type[Warning]) -> None:
    """Warn, and name the innermost line that does not belong to nofb.

    Parameters
    ----------
    sentence, category
        As for `warnings.warn`.

    Examples
    --------
    >>> with warnings.catch_warnings(record=True) as heard:
    ...     warnings.simplefilter("always")
    ...     warn("careful", UserWarning)
    >>> heard[0].filename != __file__
    True
    """
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and is_nofb(frame.f_globals.get("__name__")):
        frame, level = frame.f_back, level + 1
    warnings.warn(sentence, category, stacklevel=level)
