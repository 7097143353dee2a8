"""Pieces of a batch are worked on side by side, and meet where a layer needs the whole batch."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, BrokenBarrierError

from nofb.types import Array


class Meeting:
    """Lets pieces wait for each other, and one of them work for all.

    Parameters
    ----------
    pieces
        How many there are; each needs a thread of its own.

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
        """Wait until all pieces have come to a place, and return what the work of one gives.

        Raises
        ------
        BrokenBarrierError
            If a piece has called the meeting off, or has come to another place: it will never come
            to this one.
        """
        self._asked.append((place, work))
        self._barrier.wait()
        return self._given

    def end(self) -> None:
        """Wait until all pieces are done."""
        self.together("the end", lambda: None)  # type: ignore[arg-type,return-value]

    def call_off(self) -> None:
        """Free those that wait: this piece has failed."""
        self._barrier.abort()

    def _work(self) -> None:
        """Do the work, once all have come and before any of them goes on."""
        asked, self._asked = self._asked, []
        (place, work), *others = asked
        if any(other != place for other, _ in others):
            raise BrokenBarrierError
        self._given = work()
