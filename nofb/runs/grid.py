"""A grid of runs: one after the other, on all cores, or on a cluster. Finished runs are kept.

A task is a mapping of JSON values, and its canonical JSON is its name. If the log has a result for
a task, this result is returned, and nothing is run. Every run has one thread for BLAS and one for
Numba, so its numbers do not depend on how many runs are done in parallel.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numba

from nofb import checks, threads
from nofb.runs.pools import Task, check_address, in_processes, in_short, on_cluster
from nofb.runs.run_log import Record, open_log, read_log
from nofb.strict_json import canonical, plain
from nofb.training.interrupts import end_everything

Work = Callable[[Task], Mapping[str, Any]]


def run_grid(
    work: Work,
    tasks: Iterable[Task],
    *,
    jobs: int = 1,
    cluster: str | None = None,
    log: str | Path | None = None,
    own_code: bool = True,
) -> Iterator[Record]:
    """Do the work for every task, each task once, and yield the record of each when it is done.

    Parameters
    ----------
    work
        A function of a task that returns a mapping of JSON values. For a cluster it must be defined
        in a module that the workers can import.
    tasks
        Mappings of JSON values; two with the same content are one task.
    jobs
        How many runs are done in parallel, each in its own process; 1 stays in this process.
    cluster
        The address of a dask scheduler; its workers then do the work, and `jobs` has no effect.
    log
        A JSON Lines file to which each finished run is appended at once. A task with a result in it
        is not run again; a task that failed is.
    own_code
        Whether the work needs the user's own modules. Only then do other processes search the
        current folder for modules, after all other folders.

    Yields
    ------
    dict
        "task", "seconds", and either "result" or, if the work raised, "error". The tasks with a
        result in the log come first.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range, or the log is not a log.
    OSError
        If the log cannot be written, the cluster cannot be reached, or workers die repeatedly.

    Examples
    --------
    >>> def share(task):
    ...     return {"share": 1 / task["n"]}
    >>> for record in run_grid(share, [{"n": 4}, {"n": 0}]):
    ...     print(record["task"], record.get("result"), record.get("error"))
    {'n': 4} {'share': 0.25} None
    {'n': 0} None ZeroDivisionError: division by zero
    """
    jobs = checks.whole("jobs", jobs)
    if cluster is not None:
        check_address(cluster)
    wanted = {canonical(task): task for task in tasks}
    with open_log(log) as kept:
        for name in [name for name in wanted if "result" in kept.records.get(name, ())]:
            del wanted[name]
            yield kept.records[name]
        for line in _lines(work, list(wanted.values()), jobs, cluster, own_code):
            kept.append(line)
            yield json.loads(line)


def finished(tasks: Iterable[Task], log: str | Path) -> int:
    """Return how many of the tasks have a result in a log; these will not be run."""
    each = {canonical(task): task for task in tasks}
    return len(each) - len(unfinished(each.values(), log))


def unfinished(tasks: Iterable[Task], log: str | Path) -> list[Task]:
    """Return the tasks without a result in a log."""
    records = read_log(log)
    return [task for task in tasks if "result" not in records.get(canonical(task), ())]


def attempt(work: Work, task: Task) -> str:
    """Do the work for one task, and return its line for the log."""
    started = time.perf_counter()
    try:
        with one_thread(), end_everything():
            outcome = {"result": plain(work(task))}
        return _line(task, outcome, time.perf_counter() - started)
    except (Exception, SystemExit) as error:  # any error: the other runs must continue
        return _line(task, _failure(error), time.perf_counter() - started)


@contextmanager
def one_thread() -> Iterator[None]:
    """Within this context, nofb, BLAS and Numba compute on one thread."""
    # Numba's products call SciPy's BLAS. The limit applies only to a BLAS that is loaded already.
    from scipy.linalg import cython_blas  # noqa: F401
    from threadpoolctl import threadpool_limits

    before = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        with threads.team(1), threadpool_limits(limits=1):
            yield
    finally:
        numba.set_num_threads(before)


def _lines(
    work: Work, tasks: list[Task], jobs: int, cluster: str | None, own_code: bool
) -> Iterator[str]:
    """Yield the line of each task, in the order in which the runs end."""
    call = partial(attempt, work)
    if not tasks or (cluster is None and jobs == 1):
        yield from map(call, tasks)
        return
    if cluster is None:
        ended = in_processes(call, tasks, jobs, own_code=own_code)
    else:
        ended = on_cluster(call, tasks, cluster)
    for task, future in ended:
        error = future.exception()  # from the transport to a worker and back: `attempt` raises none
        yield future.result() if error is None else _line(task, _failure(error), 0.0)


def _line(task: Task, outcome: Mapping[str, Any], seconds: float) -> str:
    record = {"task": plain(task), **outcome, "seconds": round(seconds, 3)}
    return json.dumps(record, allow_nan=False)


def _failure(error: BaseException) -> dict[str, str]:
    return {"error": f"{type(error).__name__}: {in_short(error)}"}
