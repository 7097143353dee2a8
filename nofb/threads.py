"""Threads: the cores of one machine share the work of one step.

Inside `with team(n):` large pieces of work are cut into parts that n threads take, while BLAS works
on one: two BLAS threads below each of ours would be many times slower. Outside, nothing is cut, and
BLAS does as it likes.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from itertools import pairwise
from queue import Empty, SimpleQueue
from typing import TypeVar

from threadpoolctl import threadpool_limits

from nofb import checks, cores, memory

Job = Callable[[], object]
Result = TypeVar("Result")

WORTH = 4_000_000  # multiply-adds: a part must take longer than to wake a thread, some 50 µs
ROWS = 16  # a matrix product of fewer rows wastes the vector unit
AWAKE = 0.001  # seconds
MOST = 4  # by default; what more threads bring was not measured
LIMIT = 256  # of ROWS each, a batch of 4,096 samples is not cut into more parts

_here = threading.local()


def default() -> int:
    """Return how many threads a run takes, if nobody says: all cores, but four at most.

    Cores are those that the process may keep busy, see `nofb.cores`. `NOFB_NUM_THREADS` says
    otherwise, and so does `OMP_NUM_THREADS`, which is 1 in the worker processes of joblib and dask.

    Raises
    ------
    ValueError
        If one of these does not hold a whole number from 1 to 256.
    """
    if text := os.environ.get("NOFB_NUM_THREADS", ""):
        return _number("NOFB_NUM_THREADS", text)
    if text := os.environ.get("OMP_NUM_THREADS", ""):
        return _number("OMP_NUM_THREADS", text.split(",")[0])  # then come those of inner loops
    return min(cores.count(), MOST)


def _number(name: str, text: str) -> int:
    if not text.strip().isdecimal() or not 1 <= int(text) <= LIMIT:
        raise ValueError(f"{name} must be a whole number from 1 to {LIMIT}, but is {text!r}")
    return int(text)


class Team:
    """Threads that wait for work, the one that asks among them.

    Parameters
    ----------
    size
        How many threads take part.

    Attributes
    ----------
    sharing
        Whether the team is at work.

    Examples
    --------
    >>> done = []
    >>> with team(2) as two:
    ...     two.share([lambda i=i: done.append(i) for i in range(5)])
    >>> sorted(done)
    [0, 1, 2, 3, 4]
    """

    def __init__(self, size: int) -> None:
        if checks.whole("threads", size) > LIMIT:
            raise ValueError(f"threads must be at most {LIMIT}, but is {size}")
        self.size = 1
        self.sharing = False
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._ends: SimpleQueue[BaseException | None] = SimpleQueue()
        with suppress(RuntimeError):  # the system lets this user have no more: fewer will do
            while self.size < size:
                threading.Thread(target=self._help, name="nofb", daemon=True).start()
                self.size += 1

    def share(self, jobs: Iterable[Job]) -> None:
        """Do all jobs, in any order and on any thread; an error in one of them is raised here.

        A job can be taken as soon as it is there: jobs that come one by one are begun meanwhile.
        What shares work while it is one of the jobs, or makes them, does that work itself.
        """
        if self.sharing:
            for job in jobs:
                job()
            return
        self.sharing, open_ends = True, 0
        try:
            for job in jobs:
                self._jobs.put(job)
                open_ends += 1
            while (own := self._take()) is not None:
                open_ends -= 1
                own()
        finally:
            while self._take() is not None:  # after an error nothing is begun any more
                open_ends -= 1
            errors = [self._end() for _ in range(open_ends)]
            self.sharing = False
        for error in errors:
            if error is not None:
                raise error

    def close(self) -> None:
        """Let the helpers go."""
        for _ in range(self.size - 1):
            self._jobs.put(None)

    def _take(self) -> Job | None:
        try:
            return self._jobs.get_nowait()
        except Empty:
            return None

    def _end(self) -> BaseException | None:
        """Wait until a helper has done a job; wide awake at first, since to be woken takes long."""
        patience = time.perf_counter() + AWAKE
        while self._ends.empty() and time.perf_counter() < patience:
            time.sleep(0)  # lets go of Python's lock, which the helper needs
        return self._ends.get()

    def _help(self) -> None:
        while (job := self._jobs.get()) is not None:
            error: BaseException | None = None
            try:
                job()
            except BaseException as caught:  # the thread that asked must hear of it
                error = caught
            self._ends.put(error)


@contextmanager
def team(size: int | None = None) -> Iterator[Team]:
    """Within this context, the steps of this thread are shared by a team.

    Parameters
    ----------
    size
        How many threads take part; `default()` if left out. A team that is there already goes on.

    Examples
    --------
    >>> with team(1):
    ...     size()
    1
    """
    outer: Team | None = getattr(_here, "team", None)
    if outer is not None and size is None:
        yield outer
        return
    # Kernels multiply through SciPy's BLAS: one that is not loaded yet could not be held back.
    import scipy.linalg.cython_blas  # noqa: F401

    memory.keep_freed()
    _here.team = Team(default() if size is None else size)
    try:
        with threadpool_limits(limits=1, user_api="blas"):
            yield _here.team
    finally:
        _here.team.close()
        _here.team = outer


def size() -> int:
    """Return how many threads share the work of this one."""
    here: Team | None = getattr(_here, "team", None)
    return 1 if here is None else here.size


def worth(work: int) -> bool:
    """Say whether work, counted in multiply-adds, is worth a second thread, and one is free."""
    here: Team | None = getattr(_here, "team", None)
    return work >= 2 * WORTH and here is not None and here.size > 1 and not here.sharing


def share(jobs: Iterable[Job]) -> None:
    """Let the team of this thread do all jobs; there must be one."""
    _here.team.share(jobs)


def do(jobs: Sequence[Job], work: int) -> None:
    """Do all jobs, by the whole team if that much work is worth it.

    Examples
    --------
    >>> do([lambda: print("one"), lambda: print("two")], work=10)
    one
    two
    """
    if len(jobs) > 1 and worth(work):
        share(jobs)
    else:
        for job in jobs:
            job()


def results(jobs: Sequence[Callable[[], Result]], work: int) -> list[Result]:
    """Return what jobs give, done by the whole team if that much work is worth it.

    Examples
    --------
    >>> results([lambda: 1, lambda: 2], work=10)
    [1, 2]
    """
    found: dict[int, Result] = {}

    def keep(number: int, job: Callable[[], Result]) -> None:
        found[number] = job()

    do([partial(keep, number, job) for number, job in enumerate(jobs)], work)
    return [found[number] for number in range(len(jobs))]


def cut(length: int, work: int) -> list[slice]:
    """Cut a length into equal slices, one for each thread that the work is worth.

    Parameters
    ----------
    length
        Of what is cut, such as samples, or rows of a matrix.
    work
        The multiply-adds of the whole.

    Examples
    --------
    >>> with team(2):
    ...     cut(100, WORTH), cut(100, 2 * WORTH)
    ([slice(0, 100, None)], [slice(0, 50, None), slice(50, 100, None)])
    """
    most = size()
    if most == 1:
        return [slice(0, length)]
    parts = max(1, min(most, work // WORTH, length // ROWS))
    ends = [length * part // parts for part in range(parts + 1)]
    return [slice(first, last) for first, last in pairwise(ends)]
