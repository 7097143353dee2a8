"""Pieces of a batch run in parallel; they meet where a layer needs the whole batch."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, BrokenBarrierError

from nofb.types import Array


class Meeting:
    """Lets the pieces wait for each other, so that one of them does the work for all.

    Parameters
    ----------
    pieces
        The number of pieces; each needs its own thread.

    Examples
    --------
    >>> Meeting(1).together("here", lambda: "done")
    'done'
    """

    def __init__(self, pieces: int) -> None:
        self._barrier = Barrier(pieces, self._work)
        self._asked: list[tuple[object, Callable[[], Array]]] = []
        self._given: Array

    def together(self, place: object, work: Callable[[], Array]) -> Array:
        """Wait until all pieces have reached a place, and return the result of `work`, done once.

        Raises
        ------
        BrokenBarrierError
            If a piece has called the meeting off, or has reached another place: it will never reach
            this one.
        """
        self._asked.append((place, work))
        self._barrier.wait()
        return self._given

    def end(self) -> None:
        """Wait until all pieces are done."""
        self.together("the end", lambda: None)  # type: ignore[arg-type,return-value]

    def call_off(self) -> None:
        """Release the waiting pieces, because this one has failed."""
        self._barrier.abort()

    def _work(self) -> None:
        """Do the work, after all pieces have arrived and before any of them continues."""
        asked, self._asked = self._asked, []
        (place, work), *others = asked
        if any(other != place for other, _ in others):
            raise BrokenBarrierError
        self._given = work()
