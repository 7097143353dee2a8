"""Where runs go on side by side: processes of this machine, or the workers of a dask cluster.

Both hand back a future for every task, in the order in which the runs end.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, as_completed
from contextlib import contextmanager, suppress
from importlib import import_module
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

Task = Mapping[str, Any]
Call = Callable[[Task], str]
Ended = Iterator[tuple[Task, Future[str]]]

DEATHS = 3  # of pools, with no run finished in between, until a grid gives up
WAIT = 60  # seconds, for the first worker of a cluster
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
)


def in_processes(call: Call, tasks: Sequence[Task], jobs: int) -> Ended:
    """Spread tasks over processes; a pool that broke, since a worker died, is made anew.

    Raises
    ------
    ChildProcessError
        If pool after pool breaks and no run is finished.
    """
    left, deaths, cause = dict(enumerate(tasks)), 0, ""
    while left:
        with _processes(min(jobs, len(left))) as pool:
            for number, future in _ended(pool, call, left):
                if isinstance(future.exception(), BrokenExecutor):
                    cause = first_line(future.exception())
                else:
                    deaths = 0
                    yield left.pop(number), future
        deaths += 1
        if left and deaths == DEATHS:
            raise ChildProcessError(
                f"{len(left)} runs are left, but worker processes died {DEATHS} times without "
                f"finishing one: {cause}"
            )


def on_cluster(call: Call, tasks: Sequence[Task], address: str) -> Ended:
    """Spread tasks over the workers of a dask scheduler, which gives those of a dead one to others.

    joblib's own dask backend waits for ever if a task has killed four workers; this one goes on.

    Raises
    ------
    ModuleNotFoundError
        If dask is not installed.
    ValueError
        If the address is none, or a worker has several threads.
    OSError
        If the scheduler or its workers are not there.
    """
    with _cluster(address) as pool:
        for number, future in _ended(pool, call, dict(enumerate(tasks))):
            if future.cancelled():
                raise ConnectionError(f"the scheduler at {address} has gone away")
            yield tasks[number], future


def first_line(error: BaseException | None) -> str:
    """Return what an error says, as far as it fits into a table.

    Examples
    --------
    >>> first_line(ValueError("lr is too large\\nfor this network"))
    'lr is too large'
    """
    return str(error).partition("\n")[0]


def _ended(
    pool: Executor, call: Call, tasks: Mapping[int, Task]
) -> Iterator[tuple[int, Future[str]]]:
    """Submit all tasks, and yield their numbers and futures as they end."""
    futures = {}
    with suppress(BrokenExecutor):  # the futures that there are by then will say so
        for number, task in tasks.items():
            futures[pool.submit(call, task)] = number
    for future in as_completed(futures):
        yield futures.pop(future), future


@contextmanager
def _processes(number: int) -> Iterator[Executor]:
    """Within this context there is a pool of processes, and after it there is none."""
    from joblib.externals.loky import ProcessPoolExecutor  # late: one job needs no joblib

    pool = ProcessPoolExecutor(number, initializer=_obey, initargs=(os.getpid(),), env=ONE_THREAD)
    try:
        yield pool
    except BaseException:  # Ctrl-C, or nobody wants the rest
        pool.shutdown(kill_workers=True)
        raise
    pool.shutdown()


def _obey(parent: int) -> None:
    """Let a worker leave Ctrl-C to its parent, and end when the parent has been killed."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=watch, daemon=True).start()


@contextmanager
def _cluster(address: str) -> Iterator[Executor]:
    """Within this context, the workers of a cluster are a pool."""
    try:
        distributed = import_module("distributed")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "a cluster needs dask, which is not installed: pip install 'nofb[dask]'"
        ) from error
    _check_address(address)
    with distributed.Client(address, set_as_default=False) as client:
        _check_workers(client, address)
        pool = client.get_executor(pure=False)
        try:
            yield pool
        finally:
            pool.shutdown(wait=False)


def _check_address(address: str) -> None:
    """Refuse what is no address of a scheduler, before dask takes a minute to do so."""
    try:
        parts = urlsplit(address)
        known = bool(parts.scheme and parts.hostname and parts.port)
    except ValueError:
        known = False
    if not known:
        raise ValueError(
            "cluster must be the address of a dask scheduler, such as tcp://127.0.0.1:8786, "
            f"but is {address!r}"
        )


def _check_workers(client: Any, address: str) -> None:
    """Refuse workers with threads: BLAS's threads and warning filters belong to a process."""
    try:
        client.wait_for_workers(1, timeout=WAIT)
    except TimeoutError as error:
        raise TimeoutError(f"no worker has joined the scheduler at {address}") from error
    for worker, threads in client.nthreads().items():
        if threads != 1:
            raise ValueError(
                f"the worker {worker} has {threads} threads, but every run needs a process of its "
                "own: start workers with --nthreads 1"
            )
