"""The output of the command: any encoding, a closed stream, a full disk, a closed pipe.

A character that an encoding lacks, such as δ on some Windows systems, is spelled out: delta.
"""

from __future__ import annotations

import codecs
import os
import sys
import unicodedata
from contextlib import suppress
from typing import TextIO

READABLE = "nofb.readable"
SIGNS = {
    "‖": "||", "∘": ".*", "⊙": ".*", "·": ".", "×": "x", "±": "+-", "°": " deg",
    "←": "<-", "→": "->", "√": "sqrt", "∂": "d", "∇": "grad ", "∑": "sum", "∏": "prod",
    "∞": "inf", "∝": "~", "≈": "~", "∈": " in ", "≤": "<=", "≥": ">=", "≠": "!=",
    "−": "-", "–": "-", "—": "-", "⁄": "/", "†": "^+", "ø": "o",
    "’": "'", "‘": "'", "“": '"', "”": '"',
    "\u0302": "hat", "\u0303": "tilde", "\u0304": "bar",
}  # fmt: skip


def prepare() -> None:
    """Make standard output and error accept every character, and open them if they are closed.

    Python has no streams at all where there is no console (pythonw), or where the shell closed
    them (`2>&-`).
    """
    for descriptor in (0, 1, 2):
        _fill(descriptor)
    for name in ("stdout", "stderr"):
        stream: TextIO | None = getattr(sys, name)
        if stream is None or stream.closed:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=READABLE)


def _fill(descriptor: int) -> None:
    """Open a closed descriptor: worker processes need it, and no other file may get its number."""
    try:
        os.fstat(descriptor)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_RDWR), descriptor)
        os.set_inheritable(descriptor, True)


def readable(text: str) -> str:
    """Return a text in ASCII, with the other characters spelled out.

    Examples
    --------
    >>> readable("δ = (ŷ - y) ∘ f'(a), ‖W‖² ≤ ½")
    "delta = (yhat - y) .* f'(a), ||W||^2 <= 1/2"
    """
    return "".join(sign if sign.isascii() else _spell(sign) for sign in text)


def say(sentence: str) -> None:
    """Print a sentence on standard error, if it is still open."""
    with suppress(OSError):
        print(f"nofb: {sentence}", file=sys.stderr, flush=True)


def forget_output() -> None:
    """Discard output that cannot be written: Python would try again at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _spell(sign: str) -> str:
    if sign in SIGNS:
        return SIGNS[sign]
    words = unicodedata.name(sign, "").split()
    if words[:1] == ["GREEK"] and len(words) > 3:
        letter = words[3].lower().replace("lamda", "lambda")
        return letter.capitalize() if words[1] == "CAPITAL" else letter
    parts = unicodedata.normalize("NFKD", sign)
    if parts == sign:
        return "" if unicodedata.combining(sign) else "?"
    raised = "^" if unicodedata.decomposition(sign).startswith("<super>") else ""
    return raised + readable(parts)


def _encode(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return readable(error.object[error.start : error.end]), error.end


codecs.register_error(READABLE, _encode)
