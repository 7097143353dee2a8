"""Threads: several cores of one machine compute one step together.

Inside `with team(n):` large pieces of work are cut into parts for n threads, and BLAS uses one
thread: two BLAS threads below each of ours would be many times slower. Outside, nothing is cut, and
BLAS keeps its own settings.
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

SMALLEST_PART = 4_000_000  # multiply-adds: it must take longer than waking a thread, some 50 µs
ROWS = 16  # a matrix product of fewer rows wastes the vector unit
AWAKE = 0.001  # seconds
MOST = 4  # by default; more threads were not measured
LIMIT = 256  # of ROWS each, a batch of 4,096 samples is not cut into more parts

_here = threading.local()


def default() -> int:
    """Return the default number of threads of a run: all cores, but at most four.

    Only cores that the process may use count, see `nofb.cores`. `NOFB_NUM_THREADS` overrides this,
    and so does `OMP_NUM_THREADS`, which is 1 in the worker processes of joblib and dask.

    Raises
    ------
    ValueError
        If one of these does not hold a whole number from 1 to 256.
    """
    if text := os.environ.get("NOFB_NUM_THREADS", ""):
        return _number("NOFB_NUM_THREADS", text)
    if text := os.environ.get("OMP_NUM_THREADS", ""):
        return _number("OMP_NUM_THREADS", text.split(",")[0])  # further numbers are for inner loops
    return min(cores.count(), MOST)


def _number(name: str, text: str) -> int:
    if not text.strip().isdecimal() or not 1 <= int(text) <= LIMIT:
        raise ValueError(f"{name} must be a whole number from 1 to {LIMIT}, but is {text!r}")
    return int(text)


class Team:
    """Threads that do jobs together, the calling thread included.

    Parameters
    ----------
    size
        The number of threads.

    Attributes
    ----------
    busy
        Whether the team is doing jobs.

    Examples
    --------
    >>> done = []
    >>> with team(2) as two:
    ...     two.run([lambda i=i: done.append(i) for i in range(5)])
    >>> sorted(done)
    [0, 1, 2, 3, 4]
    """

    def __init__(self, size: int) -> None:
        if checks.whole("threads", size) > LIMIT:
            raise ValueError(f"threads must be at most {LIMIT}, but is {size}")
        self.size = 1
        self.busy = False
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._ends: SimpleQueue[BaseException | None] = SimpleQueue()
        with suppress(RuntimeError):  # the system allows no more threads: fewer are enough
            while self.size < size:
                threading.Thread(target=self._help, name="nofb", daemon=True).start()
                self.size += 1

    def run(self, jobs: Iterable[Job]) -> None:
        """Do all jobs, in any order and on any thread; an error in one of them is raised here.

        Threads begin with the first jobs while later ones are still being made. A job that calls
        `run` itself does those jobs alone, in its own thread.
        """
        if self.busy:
            for job in jobs:
                job()
            return
        self.busy, open_ends = True, 0
        try:
            for job in jobs:
                self._jobs.put(job)
                open_ends += 1
            while (own := self._take()) is not None:
                open_ends -= 1
                own()
        finally:
            while self._take() is not None:  # after an error no further job begins
                open_ends -= 1
            errors = [self._end() for _ in range(open_ends)]
            self.busy = False
        for error in errors:
            if error is not None:
                raise error

    def close(self) -> None:
        """End the threads."""
        for _ in range(self.size - 1):
            self._jobs.put(None)

    def _take(self) -> Job | None:
        try:
            return self._jobs.get_nowait()
        except Empty:
            return None

    def _end(self) -> BaseException | None:
        """Wait until another thread has done a job; poll at first, since waking up takes long."""
        patience = time.perf_counter() + AWAKE
        while self._ends.empty() and time.perf_counter() < patience:
            time.sleep(0)  # releases Python's lock, which the other thread needs
        return self._ends.get()

    def _help(self) -> None:
        while (job := self._jobs.get()) is not None:
            error: BaseException | None = None
            try:
                job()
            except BaseException as caught:  # raised again in the calling thread
                error = caught
            self._ends.put(error)


@contextmanager
def team(size: int | None = None) -> Iterator[Team]:
    """Let a team of threads compute the steps of this thread, within this context.

    Parameters
    ----------
    size
        How many threads take part; `default()` if left out. An existing team is used again.

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
    # Kernels use SciPy's BLAS: it must be loaded before its threads can be limited.
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
    """Return the number of threads in the team of this thread, 1 without a team."""
    here: Team | None = getattr(_here, "team", None)
    return 1 if here is None else here.size


def pays_off(work: int) -> bool:
    """Return whether a second thread is free and would save time, for so many multiply-adds."""
    here: Team | None = getattr(_here, "team", None)
    return work >= 2 * SMALLEST_PART and here is not None and here.size > 1 and not here.busy


def run(jobs: Iterable[Job]) -> None:
    """Let the team of this thread do all jobs; the thread must have a team."""
    _here.team.run(jobs)


def do(jobs: Sequence[Job], work: int) -> None:
    """Do all jobs, with the whole team if this saves time.

    Examples
    --------
    >>> do([lambda: print("one"), lambda: print("two")], work=10)
    one
    two
    """
    if len(jobs) > 1 and pays_off(work):
        run(jobs)
    else:
        for job in jobs:
            job()


def results(jobs: Sequence[Callable[[], Result]], work: int) -> list[Result]:
    """Return the results of jobs, done with the whole team if this saves time.

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
    """Cut a length into equal slices, one for each thread that saves time.

    Parameters
    ----------
    length
        The length to cut, such as the number of samples or of matrix rows.
    work
        The multiply-adds of the whole work.

    Examples
    --------
    >>> with team(2):
    ...     cut(100, SMALLEST_PART), cut(100, 2 * SMALLEST_PART)
    ([slice(0, 100, None)], [slice(0, 50, None), slice(50, 100, None)])
    """
    most = size()
    if most == 1:
        return [slice(0, length)]
    parts = max(1, min(most, work // SMALLEST_PART, length // ROWS))
    ends = [length * part // parts for part in range(parts + 1)]
    return [slice(first, last) for first, last in pairwise(ends)]
