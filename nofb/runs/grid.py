"""A grid of runs: one after the other, on all cores, or on a cluster. What is done stays done.

A task is a mapping of JSON values, and its canonical JSON is its name: whoever asks again for a
task that the log has a result for gets that result, and nothing is run. Every run has one thread
for BLAS and one for Numba, however many go on beside it, so its numbers do not depend on that.
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
    """Do the work for every task, each task once, and yield a record for each as it comes in.

    Parameters
    ----------
    work
        Takes a task and returns a mapping of JSON values. For a cluster it must stand in a module
        that the workers can import.
    tasks
        Mappings of JSON values; two with the same content are one task.
    jobs
        How many runs go on at once, in processes of their own; 1 stays in this process.
    cluster
        The address of a dask scheduler, whose workers then do the work; `jobs` has no say.
    log
        A JSON Lines file to which each finished run is appended at once. What has a result in it
        is not run again, what failed is.
    own_code
        Whether the work needs modules of the user's own: only then do other processes look for
        modules in the current folder, and there last of all.

    Yields
    ------
    dict
        "task", "seconds", and either "result" or, if the work raised, "error". What the log has a
        result for comes first.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range, or the log is not a log.
    OSError
        If the log cannot be written, the cluster cannot be reached, or workers die again and again.

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
    """Return how many of the tasks a log has a result for, so that they will not be run."""
    each = {canonical(task): task for task in tasks}
    return len(each) - len(unfinished(each.values(), log))


def unfinished(tasks: Iterable[Task], log: str | Path) -> list[Task]:
    """Return the tasks that a log has no result for."""
    records = read_log(log)
    return [task for task in tasks if "result" not in records.get(canonical(task), ())]


def attempt(work: Work, task: Task) -> str:
    """Do the work for one task, and return the line that the log keeps of it."""
    started = time.perf_counter()
    try:
        with one_thread(), end_everything():
            outcome = {"result": plain(work(task))}
        return _line(task, outcome, time.perf_counter() - started)
    except (Exception, SystemExit) as error:  # whatever it is, the other runs shall go on
        return _line(task, _failure(error), time.perf_counter() - started)


@contextmanager
def one_thread() -> Iterator[None]:
    """Within this context, nofb, BLAS and Numba compute on one thread."""
    # Numba's products call SciPy's BLAS: one that is not loaded yet could not be held back.
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
        error = future.exception()  # of the way to a worker and back: `attempt` raises none
        yield future.result() if error is None else _line(task, _failure(error), 0.0)


def _line(task: Task, outcome: Mapping[str, Any], seconds: float) -> str:
    record = {"task": plain(task), **outcome, "seconds": round(seconds, 3)}
    return json.dumps(record, allow_nan=False)


def _failure(error: BaseException) -> dict[str, str]:
    return {"error": f"{type(error).__name__}: {in_short(error)}"}
