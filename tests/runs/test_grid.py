"""Grids of runs: after any failure, a finished run is neither lost nor repeated."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import numba
import numpy as np
import pytest
from processes import gone, workers
from threadpoolctl import threadpool_info

from nofb.runs.grid import finished, one_thread, run_grid
from nofb.runs.pools import DEATHS, _check_workers
from nofb.runs.run_log import open_log, read_log

TASKS = [{"n": n} for n in range(6)]


# -- functions for the workers ---------------------------------------------------------------------


def twice(task):
    """What most tests run; a "diary" counts how often."""
    if "diary" in task:
        with Path(task["diary"]).open("a") as diary:
            diary.write(f"{task['n']}\n")
    return {"twice": 2 * task["n"], "who": os.getpid()}


def moody(task):
    """Raises an error for odd numbers until a certain file exists."""
    if task["n"] % 2 and not Path(task["mended"]).exists():
        raise ValueError(f"{task['n']} is odd\nand more")
    return twice(task)


def mortal(task):
    """Is killed at the first run with the number 3, and at each run with a curse."""
    first = Path(task["grave"])
    if task["n"] == 3 and (task.get("cursed") or not first.exists()):
        first.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return twice(task)


def deadly(task):
    """Kills every process that runs it."""
    os.kill(os.getpid(), signal.SIGKILL)


def not_json(task):
    return {"result": object()} if task["n"] == 1 else {"result": np.array([np.nan, 1.0])}


def threads(task):
    return {
        "blas": [pool["num_threads"] for pool in threadpool_info()],
        "numba": numba.get_num_threads(),
    }


def numbers(records):
    """Return the results, without their order, process and time."""
    return sorted((r["task"]["n"], r["result"]["twice"]) for r in records)


ALL = [(n, 2 * n) for n in range(6)]


def with_path(**paths):
    return [{"n": n, **{name: str(path) for name, path in paths.items()}} for n in range(6)]


# -- results ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_task_is_run_once_and_two_equal_ones_are_one(jobs, tmp_path):
    """A run that counts twice would give a wrong mean."""
    diary = tmp_path / "diary"
    tasks = with_path(diary=diary)
    records = list(run_grid(twice, [*tasks, dict(reversed(tasks[0].items()))], jobs=jobs))
    assert numbers(records) == ALL
    assert sorted(diary.read_text().split()) == [str(n) for n in range(6)]
    elsewhere = {record["result"]["who"] for record in records} - {os.getpid()}
    assert bool(elsewhere) == (jobs > 1)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_run_that_raises_an_error_is_recorded_in_one_line_while_the_others_continue(
    jobs, tmp_path
):
    """One impossible setting must not lose a night of possible ones."""
    log, mended = tmp_path / "runs.jsonl", tmp_path / "mended"
    tasks = with_path(mended=mended)
    records = list(run_grid(moody, tasks, jobs=jobs, log=log))
    errors = {r["task"]["n"]: r["error"] for r in records if "error" in r}
    assert errors == {n: f"ValueError: {n} is odd and more" for n in (1, 3, 5)}
    assert numbers(r for r in records if "result" in r) == [(n, 2 * n) for n in (0, 2, 4)]
    assert finished(tasks, log) == 3


def test_a_failed_run_is_tried_again_and_a_finished_one_is_not(tmp_path):
    """A run that failed because of a full disk must be possible later."""
    log, mended, diary = (tmp_path / name for name in ("runs.jsonl", "mended", "diary"))
    tasks = with_path(mended=mended, diary=diary)
    list(run_grid(moody, tasks, log=log))
    mended.touch()
    assert numbers(run_grid(moody, tasks, log=log)) == ALL
    assert numbers(run_grid(moody, tasks, log=log)) == ALL
    assert Counter(diary.read_text().split()) == Counter(map(str, range(6)))
    assert len(log.read_text().splitlines()) == 9


def test_a_result_that_json_cannot_hold_is_a_failure_and_nan_is_null():
    """Most readers of JSON other than Python's refuse NaN and Infinity."""
    array, thing = run_grid(not_json, TASKS[:2])
    assert array["result"] == {"result": [None, 1.0]}
    assert thing["error"].startswith("TypeError")


def test_a_record_read_from_the_log_equals_the_record_that_was_yielded(tmp_path):
    """After a restart a user must see the same values."""
    log = tmp_path / "runs.jsonl"
    fresh = list(run_grid(not_json, [{"n": 0, "units": (3, 2)}], log=log))
    assert fresh == list(run_grid(not_json, [{"n": 0, "units": (3, 2)}], log=log))
    assert fresh == [json.loads(line) for line in log.read_text().splitlines()]


def test_a_grid_that_is_not_read_to_its_end_keeps_what_it_yielded(tmp_path):
    """A notebook cell that breaks out of its loop must leave no process and no lock."""
    log = tmp_path / "runs.jsonl"
    records = run_grid(twice, TASKS, jobs=2, log=log)
    next(records)
    records.close()
    assert len(read_log(log)) == 1
    assert numbers(run_grid(twice, TASKS, jobs=2, log=log)) == ALL


# -- the log ---------------------------------------------------------------------------------------


def test_a_last_line_cut_at_any_byte_is_dropped_and_its_run_repeated(tmp_path):
    """The power may fail during a write; all complete lines must be kept."""
    log = tmp_path / "runs.jsonl"
    whole = list(run_grid(twice, TASKS[:2], log=log))
    content = log.read_bytes()
    first = content.index(b"\n") + 1
    for cut in range(first, len(content) - 1):
        log.write_bytes(content[:cut])
        with open_log(log) as kept:
            assert list(kept.records.values()) == whole[:1]
        assert log.read_bytes() == content[:first]
    assert numbers(run_grid(twice, TASKS[:2], log=log)) == ALL[:2]
    assert len(log.read_text().splitlines()) == 2


def test_a_last_run_without_the_end_of_its_line_is_kept(tmp_path):
    """An editor leaves such a file, and the run may have taken hours."""
    log = tmp_path / "runs.jsonl"
    whole = list(run_grid(twice, TASKS[:2], log=log))
    content = log.read_bytes()
    log.write_bytes(content[:-1])
    assert list(read_log(log).values()) == whole
    with open_log(log) as kept:
        assert list(kept.records.values()) == whole
    assert log.read_bytes() == content


@pytest.mark.parametrize(
    "line",
    ["{", "", "[1]", '{"task": 1}', '{"task": 1, "result": 5}', '{"result": 1}', "\0\0", "a = 1"],
)
def test_a_bad_line_in_the_middle_is_an_error_that_names_it_and_changes_nothing(tmp_path, line):
    """To drop it silently could lose an hour of training; its owner must decide."""
    log = tmp_path / "runs.jsonl"
    list(run_grid(twice, TASKS[:2], log=log))
    first, second = log.read_text().splitlines()
    content = f"{first}\n{line}\n{second}\n"
    log.write_text(content)
    with pytest.raises(
        ValueError, match=r"^line 2 of .*runs.jsonl is not a run that nofb"
    ) as caught:
        list(run_grid(twice, TASKS, log=log))
    assert "\n" not in str(caught.value)
    assert log.read_text() == content


@pytest.mark.parametrize("content", ["epoch,loss", '{"a": 1}', "{\n}\n", "\x89PNG", "x\n"])
def test_a_file_of_another_program_is_refused_and_not_changed(tmp_path, content):
    """If its end were dropped as a cut line, a user's data would be destroyed."""
    log = tmp_path / "runs.jsonl"
    log.write_text(content)
    with pytest.raises(ValueError, match=r"line 1 of .* is not a run that nofb has written"):
        list(run_grid(twice, TASKS, log=log))
    assert log.read_text() == content


def test_two_logs_in_one_file_count_each_run_once(tmp_path):
    """A user joins two halves of a sweep from two machines with `cat`."""
    one, two, both = (tmp_path / name for name in ("one", "two", "both"))
    list(run_grid(twice, TASKS[:4], log=one))
    list(run_grid(twice, TASKS[2:], log=two))
    both.write_text(one.read_text() + two.read_text())
    assert finished(TASKS, both) == 6
    assert numbers(run_grid(twice, TASKS, log=both)) == ALL


def test_two_grids_cannot_write_one_log_at_the_same_time(tmp_path):
    """The lines of two writers would mix, and every run would be done twice."""
    log = tmp_path / "runs.jsonl"
    first = run_grid(twice, TASKS, log=log)
    next(first)
    with pytest.raises(BlockingIOError, match=r"^another sweep is writing .*runs.jsonl: wait"):
        list(run_grid(twice, TASKS, log=log))
    assert numbers([*first]) == ALL[1:]
    assert numbers(run_grid(twice, TASKS, log=log)) == ALL


def test_another_task_is_another_run(tmp_path):
    """A changed setting must never get the results of the old one."""
    log = tmp_path / "runs.jsonl"
    list(run_grid(twice, [{"n": 1, "lr": 0.1}], log=log))
    assert finished([{"n": 1, "lr": 0.1}], log) == 1
    assert finished([{"n": 1, "lr": 0.10000000000000002}], log) == 0
    assert finished([{"n": 1}], log) == 0


# -- processes -------------------------------------------------------------------------------------


def test_a_worker_that_is_killed_loses_no_run(tmp_path):
    """The system kills a process that uses too much memory; the grid must continue."""
    log = tmp_path / "runs.jsonl"
    tasks = with_path(grave=tmp_path / "grave")
    assert numbers(run_grid(mortal, tasks, jobs=2, log=log)) == ALL
    assert numbers(map(json.loads, log.read_text().splitlines())) == ALL


def test_a_run_that_kills_its_worker_is_a_failure_and_affects_no_other(tmp_path):
    """One setting that needs too much memory must not stop the others."""
    log = tmp_path / "runs.jsonl"
    tasks = [task | {"cursed": True} for task in with_path(grave=tmp_path / "grave")]
    records = {record["task"]["n"]: record for record in run_grid(mortal, tasks, jobs=2, log=log)}
    assert "A worker process managed" in records.pop(3)["error"]
    assert numbers(records.values()) == [pair for pair in ALL if pair[0] != 3]
    assert len(read_log(log)) == 6


def test_a_grid_gives_up_if_every_worker_dies_and_keeps_finished_runs(tmp_path):
    """If no process survives, the grid would restart workers forever."""
    log = tmp_path / "runs.jsonl"
    list(run_grid(twice, TASKS[:2], log=log))
    many = [{"n": n} for n in range(30)]
    with pytest.raises(ChildProcessError, match=f"^{DEATHS} worker .* 28 runs are left: A worker"):
        list(run_grid(deadly, many, jobs=2, log=log))
    assert numbers(r for r in read_log(log).values() if "result" in r) == ALL[:2]


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_run_has_one_thread_and_the_process_has_all_again_afterwards(jobs):
    """Many threads in each of many workers are several times slower."""
    before = threads({})
    for record in run_grid(threads, TASKS[:2], jobs=jobs):
        assert set(record["result"]["blas"]) == {1}
        assert record["result"]["numba"] == 1
    assert threads({})["numba"] == before["numba"]
    with one_thread(), one_thread():
        assert numba.get_num_threads() == 1
    assert threads({})["numba"] == before["numba"]


def test_a_single_job_needs_neither_joblib_nor_another_process():
    """A first run must start at once, and allow a debugger."""
    code = (
        "import sys, nofb.runs.compare as c; from nofb.runs.specification import Specification;"
        "c.compare(['fa'], Specification(hidden=(4,), epochs=1), seeds=1);"
        "assert not {'joblib', 'distributed', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


SCRIPT = """
import sys, time
from nofb.runs.grid import run_grid
def slow(task):
    time.sleep(0.3)
    return {"twice": 2 * task["n"]}
for record in run_grid(slow, [{"n": n} for n in range(6)], jobs=2, log=sys.argv[1]):
    print(record["task"]["n"], flush=True)
"""


def test_a_grid_that_is_killed_leaves_no_worker_and_resumes_when_started_again(tmp_path):
    """After a crash, old workers would use the cores that the new grid needs."""
    log = tmp_path / "runs.jsonl"
    command = [sys.executable, "-c", SCRIPT, str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as grid:
        grid.stdout.readline()
        started = workers(grid.pid)
        grid.kill()
    assert all(gone(worker) for worker in started)
    kept = len(read_log(log))
    assert 1 <= kept < 6
    again = subprocess.run(command, capture_output=True, text=True, check=True)
    assert sorted(map(int, again.stdout.split())) == list(range(6))
    assert len(log.read_text().splitlines()) == 6


# -- a cluster -------------------------------------------------------------------------------------


def test_a_cluster_without_dask_says_what_to_install(monkeypatch, tmp_path):
    """dask is optional, and most users never need it."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'dask\[distributed\]'"):
        list(run_grid(twice, TASKS, cluster="tcp://127.0.0.1:8786"))


@pytest.mark.parametrize(
    "address", ["", "localhost", "8786", "127.0.0.1:8786", "tcp://a:b", "tcp://a"]
)
def test_an_invalid_address_is_refused_at_once(address, tmp_path):
    """dask waits for a minute before its error."""
    with pytest.raises(ValueError, match=f"^cluster must be the address .*but is '{address}'$"):
        list(run_grid(twice, TASKS, cluster=address, log=tmp_path / "folder" / "runs.jsonl"))
    assert not list(tmp_path.iterdir())


def test_workers_with_several_runs_in_a_process_are_refused():
    """BLAS has one number of threads for a whole process: the runs would change each other's."""
    client = SimpleNamespace(
        wait_for_workers=lambda number, timeout: None, nthreads=lambda: {"tcp://a:1": 4}
    )
    with pytest.raises(ValueError, match=r"^the worker tcp://a:1 has 4 threads, .* --nthreads 1$"):
        _check_workers(client, "tcp://a:8786")


def test_a_cluster_without_workers_is_not_waited_for_forever():
    """A user who forgot to start workers would wait all night."""

    def wait(number, timeout):
        raise TimeoutError("Only 0/1 workers arrived")

    with pytest.raises(TimeoutError, match=r"^no worker has joined the scheduler at tcp://a:8786$"):
        _check_workers(SimpleNamespace(wait_for_workers=wait), "tcp://a:8786")


@pytest.fixture(scope="module")
def cluster():
    """Yield two workers of one thread each, in separate processes."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0"
    ) as two:
        yield two.scheduler_address


@pytest.mark.skipif(find_spec("distributed") is None, reason="dask is an extra")
class TestACluster:
    """What holds for processes must hold for a cluster."""

    def test_does_every_task_once_in_other_processes(self, cluster, tmp_path):
        """Only the address of the cluster differs."""
        log = tmp_path / "runs.jsonl"
        records = list(run_grid(twice, TASKS, cluster=cluster, log=log))
        assert numbers(records) == ALL
        assert os.getpid() not in {record["result"]["who"] for record in records}
        assert numbers(run_grid(twice, TASKS, cluster="tcp://127.0.0.1:1", log=log)) == ALL

    def test_records_what_raises_and_goes_on(self, cluster, tmp_path):
        """Errors of another machine must be reported like local ones."""
        records = list(run_grid(moody, with_path(mended=tmp_path / "no"), cluster=cluster))
        errors = {r["error"] for r in records if "error" in r}
        assert errors == {f"ValueError: {n} is odd and more" for n in (1, 3, 5)}

    def test_gives_each_run_one_thread(self, cluster):
        """The limits of the main process do not apply to a worker."""
        for record in run_grid(threads, TASKS[:2], cluster=cluster):
            assert set(record["result"]["blas"]) == {1} and record["result"]["numba"] == 1

    @pytest.mark.slow
    def test_loses_nothing_when_a_worker_is_killed(self, cluster, tmp_path):
        """A machine of a cluster may restart at any time."""
        tasks = with_path(grave=tmp_path / "grave")
        assert numbers(run_grid(mortal, tasks, cluster=cluster)) == ALL

    @pytest.mark.slow
    def test_ends_even_if_a_run_kills_every_worker(self, cluster, tmp_path):
        """joblib's dask backend would wait forever."""
        tasks = [task | {"cursed": True} for task in with_path(grave=tmp_path / "grave")]
        records = {r["task"]["n"]: r for r in run_grid(mortal, tasks, cluster=cluster)}
        assert records.pop(3)["error"].startswith("KilledWorker")
        assert len(records) == 5
