"""What other processes can import: the user's functions and classes that are in a module."""

from __future__ import annotations

import pickle
from collections.abc import Mapping


def refuse_local(needed: Mapping[str, object]) -> None:
    """Refuse what other processes cannot import, before the first run.

    Parameters
    ----------
    needed
        The functions and classes that a run needs, by the names of the arguments.

    Raises
    ------
    ValueError
        If one of them is not in a module.

    Examples
    --------
    >>> refuse_local({"make_network": lambda seed: None})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: make_network is not in a module, and other processes cannot import it: put it ...
    """
    for name, thing in needed.items():
        if getattr(thing, "__module__", None) == "__main__" or not _imported_by_name(thing):
            raise ValueError(
                f"{name} is not in a module, and other processes cannot import it: put it into a "
                "file, such as my_net.py, and write from my_net import ...; or use jobs=1"
            )


def _imported_by_name(thing: object) -> bool:
    try:
        pickle.dumps(thing)
    except (pickle.PicklingError, AttributeError, TypeError):
        return False
    return True
