"""Ctrl-C: `fit` ends after the current step and returns the run; a grid of runs ends at once.

If a step were interrupted, only some layers would have been updated.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType

_ends_everything: ContextVar[bool] = ContextVar("ends_everything", default=False)


class Interrupted(Exception):  # noqa: N818
    """Holds the place where the user stopped a run."""


class Interrupts:
    """Within this context the first Ctrl-C waits for the end of a step; a second one does not.

    If Ctrl-C already has another handler, as in worker processes, this handler stays.

    Attributes
    ----------
    asked
        Whether the user has pressed Ctrl-C.
    where
        The last place in the run that was given to `passed`.
    """

    def __init__(self) -> None:
        self.asked = False
        self.where = "before its first step"
        self._waits = False

    def __enter__(self) -> Interrupts:
        self._waits = (
            not _ends_everything.get()
            and threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        )
        if self._waits:
            signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(self, *raised: object) -> None:
        if self._waits:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def passed(self, where: str) -> None:
        """Note the place in the run; stop here if the user has pressed Ctrl-C.

        Raises
        ------
        Interrupted
            With the place.
        """
        self.where = where
        if self.asked:
            raise Interrupted(where)

    def must_go_on(self) -> bool:
        """Return whether a `KeyboardInterrupt` must reach the caller of `fit`."""
        return self.asked or _ends_everything.get()

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def end_everything() -> Iterator[None]:
    """Within this context Ctrl-C interrupts `fit` as it does any Python code.

    For code that does many runs: a stopped run must not count as a finished one, and the next run
    must not start.

    Examples
    --------
    >>> with end_everything():
    ...     Interrupts().must_go_on()
    True
    """
    before = _ends_everything.set(True)
    try:
        yield
    finally:
        _ends_everything.reset(before)
