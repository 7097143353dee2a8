"""The error of a rule, its place in the file, and a likely cause."""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from pathlib import Path

from numba.core.errors import NumbaError

from nofb.check.reduction import mistake_on_a_square
from nofb.check.subject import Subject
from nofb.kernels.calls import NO_B
from nofb.kernels.jit import refused
from nofb.text import printable

HINTS = {
    # the text of the error: a likely cause
    r"has no (direct )?feedback matrix":
        "draw_feedback must put one on the layer; the first layer has no B, the last one no D",
    r"the signal for .* has shape":
        "trace.arrive takes what W is multiplied with, (N, n_in); what is yielded is (N, n_out)",
    r"no signal has arrived at":
        "every layer with `layer.sends` must send one, in a loop over trace.downward()",
    r"'NoneType'|\bnone\b|operand \d does not have enough dimensions":
        f"{NO_B}; the last one has no D, and without a bias layer.b and an update's db are None",
    r"has no inverse":
        "draw_feedback must put one on the layer",
}  # fmt: skip


def mishap(error: BaseException, subject: Subject) -> str:
    """Return a sentence with the error of a rule, and a likely cause."""
    place = _place(error, subject)
    if isinstance(error, SystemExit):
        return (
            f"it ends Python{place} with sys.exit({error.code!r}), where it should raise an error"
        )
    text = f"it stops with {type(error).__name__}{place}: {_own_words(error)}"
    for pattern, hint in HINTS.items():
        if re.search(pattern, str(error)):
            return text if NO_B in text else f"{text}; {hint}"
    if re.search("shape|sizes|dimension|aligned|mismatch|broadcast", str(error)):
        with suppress(Exception, SystemExit):  # it may stop there too
            if mistake := mistake_on_a_square(subject):
                return f"{text}; where all layers have one size it runs, and shows why: {mistake}"
    return text


def _own_words(error: BaseException) -> str:
    """Return the text of an error without control characters."""
    if isinstance(error, NumbaError):
        return printable(f"Numba cannot compile {refused(error)}")
    return "\n".join(map(printable, str(error).splitlines()))


def _place(error: BaseException, subject: Subject) -> str:
    """Return the last line of the rule's own file that an error went through."""
    file = getattr(sys.modules.get(type(subject.rule).__module__), "__file__", None)
    place, trace = "", error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            place = f" in line {trace.tb_lineno} of {Path(file).name}"
        trace = trace.tb_next
    return place
