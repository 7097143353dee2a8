"""Where parallel runs are done: processes of this machine, or the workers of a dask cluster.

Both yield a future for every task, in the order in which the runs end.
"""

from __future__ import annotations

import os
import signal
import sys
import textwrap
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from nofb import extras
from nofb.text import printable

Task = Mapping[str, Any]
Call = Callable[[Task], str]
Ended = Iterator[tuple[Task, Future[str]]]

DEATHS = 3  # of workers, with no run finished in between, until a grid gives up
WAIT = 60  # seconds, for the first worker of a cluster
AHEAD = 1000  # tasks that are submitted to a cluster before they start
LONG = 200  # characters
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
)


def in_processes(call: Call, tasks: Iterable[Task], jobs: int, *, own_code: bool = True) -> Ended:
    """Distribute tasks over processes; a pool that is broken by a dead worker is replaced.

    The runs that were lost are repeated at the end. If workers die again, these runs are done one
    after the other, so that the one that kills its worker stops no other run.

    Parameters
    ----------
    call, tasks, jobs
        The function, its arguments, and the number of processes.
    own_code
        Whether the processes need the user's own modules, and may search the current folder.

    Raises
    ------
    ChildProcessError
        If several workers die one after the other, and no run is finished.
    """
    left, suspects, deaths = deque(tasks), deque[Task](), 0
    again: list[Task] = []
    while left:
        cause = None
        with _processes(min(jobs, len(left)), own_code) as pool:
            # With more queued tasks than twice its size, loky's thread fails when the pool is
            # killed.
            for task, future in _ended(pool, call, left, 2 * jobs):
                if isinstance(future.exception(), BrokenExecutor):
                    (suspects if task in again else left).append(task)
                    again.append(task)
                    cause = future.exception()
                else:
                    deaths = 0
                    yield task, future
        deaths += cause is not None
        if deaths == DEATHS:
            raise ChildProcessError(
                f"{DEATHS} worker processes died one after another, {len(left) + len(suspects)} "
                f"runs are left: {in_short(cause)}"
            )
    yield from _alone(call, suspects, own_code)


def on_cluster(call: Call, tasks: Iterable[Task], address: str) -> Ended:
    """Distribute tasks over the workers of a dask scheduler, which reassigns a dead worker's tasks.

    joblib's own dask backend waits forever if a task has killed four workers; this one continues.

    Raises
    ------
    ModuleNotFoundError
        If dask is not installed.
    ValueError
        If the address is invalid, or a worker has several threads.
    OSError
        If the scheduler or its workers cannot be reached.
    """
    with _cluster(address) as pool:
        for task, future in _ended(pool, call, deque(tasks), AHEAD):
            if future.cancelled():
                raise ConnectionError(f"the scheduler at {address} has gone away")
            yield task, future


def _alone(call: Call, suspects: deque[Task], own_code: bool) -> Ended:
    """Repeat the runs whose workers died, one after the other; a second death is a failure."""
    died: list[Task] = []
    while suspects:
        with _processes(1, own_code) as pool:
            for task, future in _ended(pool, call, suspects, 1):
                if isinstance(future.exception(), BrokenExecutor) and task not in died:
                    died.append(task)
                    suspects.append(task)
                else:
                    yield task, future


def in_short(error: BaseException | None) -> str:
    """Return the message of an error as one line that fits into a table.

    Examples
    --------
    >>> in_short(ValueError("lr is too large\\nfor this network"))
    'lr is too large for this network'
    """
    return printable(textwrap.shorten(str(error), LONG, placeholder=" …"))


def _ended(pool: Executor, call: Call, waiting: deque[Task], ahead: int) -> Ended:
    """Submit tasks, a limited number ahead, and yield them as they end."""
    futures: dict[Future[str], Task] = {}

    def submit(number: int) -> None:
        with suppress(BrokenExecutor):  # the tasks submitted before raise it again
            for _ in range(min(number, len(waiting))):
                future = pool.submit(call, waiting[0])
                futures[future] = waiting.popleft()

    submit(ahead)
    while futures:
        done, _ = wait(futures, return_when=FIRST_COMPLETED)
        for future in done:
            submit(1)
            yield futures.pop(future), future


@contextmanager
def _processes(number: int, own_code: bool) -> Iterator[Executor]:
    """Within this context there is a pool of processes; it is closed at the end."""
    from joblib.externals.loky import ProcessPoolExecutor  # imported here: one job needs no joblib

    away = [] if own_code else [str(Path(entry).absolute()) for entry in _folders()]
    with _safe_path():
        pool = ProcessPoolExecutor(
            number, initializer=_obey, initargs=(os.getpid(), away), env=ONE_THREAD
        )
        try:
            yield pool
        except BaseException:  # Ctrl-C, or the caller stopped early
            pool.shutdown(kill_workers=True)
            raise
        pool.shutdown()


@contextmanager
def _safe_path() -> Iterator[None]:
    """Within this context, new processes prefer Python's modules to those of the current folder.

    Otherwise, every process would import a user's file such as random.py instead of Python's module
    of this name.
    """
    path, safe, own = list(sys.path), os.environ.get("PYTHONSAFEPATH"), _folders()
    os.environ["PYTHONSAFEPATH"] = "1"  # for those that start as `python -c` or `python -m`
    others = [entry for entry in path if entry not in own]
    sys.path[:] = others + [str(Path(entry).absolute()) for entry in own]  # processes inherit it
    try:
        yield
    finally:
        sys.path[:] = path
        del os.environ["PYTHONSAFEPATH"]
        if safe is not None:
            os.environ["PYTHONSAFEPATH"] = safe


def _folders() -> list[str]:
    """Return the entries of the search path for the current folder and the script's folder.

    The entry from which nofb itself was imported is left out: a process must find the same nofb.
    """
    script = getattr(sys.modules["__main__"], "__file__", None)
    folders = {Path.cwd(), Path(script).parent.absolute() if script else Path.cwd()}
    home = Path(__file__).parents[2]
    return [entry for entry in sys.path if Path(entry).absolute() in folders - {home}]


def _obey(parent: int, away: list[str]) -> None:
    """Make a worker ignore Ctrl-C, which its parent handles, and end when the parent is killed.

    It searches no modules in the excluded folders.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    sys.path[:] = [entry for entry in sys.path if entry not in away]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=watch, daemon=True).start()


@contextmanager
def _cluster(address: str) -> Iterator[Executor]:
    """Within this context, the workers of a cluster are a pool."""
    distributed = extras.imported("distributed", "dask", "a cluster")
    with distributed.Client(address, set_as_default=False) as client:
        _check_workers(client, address)
        pool = client.get_executor(pure=False)
        try:
            yield pool
        finally:
            pool.shutdown(wait=False)


def check_address(address: str) -> None:
    """Refuse an invalid address of a scheduler at once; dask needs a minute for this."""
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
