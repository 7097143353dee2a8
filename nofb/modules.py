"""Whose a module is."""

from __future__ import annotations


def is_nofb(module: str | None) -> bool:
    """Say whether a module, by its full name, is one of nofb's.

    Examples
    --------
    >>> is_nofb("nofb.rule"), is_nofb("my_rule"), is_nofb(None)
    (True, False, False)
    """
    return str(module).partition(".")[0] == "nofb"
