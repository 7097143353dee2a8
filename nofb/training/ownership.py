"""The objects that belong to one active run: network, optimizer and callbacks with a state."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

_owned: dict[int, object] = {}  # by id: optimizers compare by value; kept, so that no id is reused
_lock = threading.Lock()


@contextmanager
def owned(things: Iterable[tuple[str, object]]) -> Iterator[None]:
    """Within this context the objects, given with their names, belong to one run alone.

    Otherwise two runs at once would mix their steps, averages and best epochs without an error.

    Raises
    ------
    ValueError
        If one of them belongs to a run that is still active.

    Examples
    --------
    >>> from nofb import SGD
    >>> mine = SGD()
    >>> with owned([("optimizer", mine)]), owned([("optimizer", mine)]):
    ...     pass
    Traceback (most recent call last):
    ...
    ValueError: optimizer belongs to a run that still goes on: give each run its own SGD
    """
    by_identity = {id(thing): (name, thing) for name, thing in things}
    with _lock:
        for key, (name, thing) in by_identity.items():
            if key in _owned:
                raise ValueError(
                    f"{name} belongs to a run that still goes on: give each run its own "
                    f"{type(thing).__name__}"
                )
        _owned.update({key: thing for key, (_, thing) in by_identity.items()})
    try:
        yield
    finally:
        with _lock:
            for key in by_identity:
                del _owned[key]
