"""Tests whether a module belongs to nofb."""

from __future__ import annotations


def is_nofb(module: str | None) -> bool:
    """Return whether a module, given its full name, belongs to nofb.

    Examples
    --------
    >>> is_nofb("nofb.rule"), is_nofb("my_rule"), is_nofb(None)
    (True, False, False)
    """
    return str(module).partition(".")[0] == "nofb"
