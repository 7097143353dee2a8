"""The number of cores that may be used: the number of cores does not show a container's quota."""

import math
import os
import subprocess
import sys
import threading

import pytest

import nofb
from nofb import cores, threads
from nofb.cli import main
from nofb.runs.plan import make_plan
from nofb.runs.task import task_of

V2 = "0::/"


def groups(folder, lines, files):
    """Write files like those of Linux for control groups: this process's groups, their limits."""
    mine = folder / "cgroup"
    mine.write_text("\n".join(lines) + "\n")
    for name, text in files.items():
        path = folder / "fs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return folder / "fs", mine


@pytest.mark.parametrize(
    ("lines", "files", "expected"),
    [
        ([V2], {"cpu.max": "50000 100000"}, 0.5),  # docker run --cpus 0.5
        ([V2], {"cpu.max": "250000 100000"}, 2.5),
        ([V2], {"cpu.max": "max 100000"}, math.inf),
        ([V2], {}, math.inf),
        ([V2], {"cpu.max": ""}, math.inf),
        (["0::/user/job"], {"user/job/cpu.max": "max 100000", "user/cpu.max": "3000 1000"}, 3),
        (["0::/a/b"], {"a/b/cpu.max": "4000 1000", "a/cpu.max": "1500 1000"}, 1.5),
        (["0::/a"], {"a/cpu.max": "max 1000", "b/cpu.max": "1000 1000"}, math.inf),
        (
            ["9:memory:/", "4:cpu,cpuacct:/docker/1f"],
            {"cpu/cpu.cfs_quota_us": "100000", "cpu/cpu.cfs_period_us": "50000"},
            2,
        ),
        (
            ["4:cpu,cpuacct:/"],
            {"cpu,cpuacct/cpu.cfs_quota_us": "-1", "cpu,cpuacct/cpu.cfs_period_us": "100000"},
            math.inf,
        ),
        (["5:cpuset:/"], {"cpuset/cpu.max": "1000 1000"}, math.inf),
        ([V2, "1:cpu:/"], {"cpu/cpu.max": "1 0", "unified/cpu.max": "1000 1000"}, 1),
    ],
)
def test_the_quota_of_a_container_is_that_of_the_strictest_group(tmp_path, lines, files, expected):
    """Four threads on half a core are all stopped for nine tenths of the time."""
    assert cores.granted(*groups(tmp_path, lines, files)) == expected


def test_other_systems_than_linux_have_no_quota(tmp_path):
    """macOS and Windows have no control groups."""
    assert cores.granted(tmp_path / "fs", tmp_path / "cgroup") == math.inf


@pytest.mark.parametrize(("quota", "expected"), [(50, 1), (100, 1), (250, 3), (10**6, 8)])
def test_the_number_of_threads_and_jobs_follows_the_quota(
    tmp_path, monkeypatch, capsys, quota, expected
):
    """A grading server with half a core must not start four threads and two processes."""
    fs, mine = groups(tmp_path, [V2], {"cpu.max": f"{quota} 100"})
    monkeypatch.setattr(cores, "GROUPS", fs)
    monkeypatch.setattr(cores, "MINE", mine)
    monkeypatch.setattr(os, "process_cpu_count", lambda: 8, raising=False)
    for name in ("NOFB_NUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    assert cores.count() == expected
    assert threads.default() == min(expected, 4)
    with pytest.raises(SystemExit):
        main(["compare", "--help"])
    assert f"the number of parallel runs (default: {min(expected, 2)})" in capsys.readouterr().out


def test_with_a_limit_of_threads_the_work_is_done_with_fewer(monkeypatch):
    """A container can limit the number of threads; the first one over the limit was a traceback."""
    start, started = threading.Thread.start, []

    def limited(thread):
        if len(started) == 2:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", limited)
    done = []
    with threads.team(8) as team:
        team.run([lambda i=i: done.append(i) for i in range(10)])
    assert sorted(done) == list(range(10)) and team.size == 3


def test_a_hundred_thousand_threads_are_refused_in_a_sentence(tmp_path):
    """A typing error in a variable ended in `can't start new thread`."""
    words = ["train", "fa", "--hidden", "8", "--epochs", "1"]
    found = subprocess.run(
        [sys.executable, "-m", "nofb", *words],
        env=os.environ | {"NOFB_NUM_THREADS": "100000"},
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    sentence = "NOFB_NUM_THREADS must be a whole number from 1 to 256, but is '100000'"
    assert (found.returncode, found.stderr) == (2, f"nofb: {sentence}\n")
    with pytest.raises(ValueError, match="threads must be at most 256, but is 257"):
        threads.Team(257)


# -- very many runs ------------------------------------------------------------------------------


@pytest.mark.parametrize("seeds", [10**6, 10**18])
def test_a_million_seeds_are_refused_before_anything_is_listed(seeds):
    """The command did nothing visible for forty seconds, and its log would have been too large."""
    with pytest.raises(ValueError, match=f"^{seeds} runs are too many for one log, which holds 2"):
        nofb.sweep(["bp"], seeds=seeds)
    with pytest.raises(SystemExit) as end:
        main(["compare", "--rules", "bp", "--seeds", str(seeds), "--jobs", "x"])
    assert end.value.code == 2
    assert main(["compare", "--rules", "bp", "--seeds", str(seeds)]) == 2


def test_a_grid_of_very_many_combinations_is_refused_before_anything_is_listed():
    """Six lists of twenty values are 64 million runs."""
    values = {
        "lr": [0.1 / (n + 1) for n in range(200)],
        "epochs": list(range(1, 201)),
        "batch_size": list(range(1, 201)),
    }
    with pytest.raises(ValueError, match=r"^24000000 runs are too many for one log"):
        make_plan(["bp"], 3, grid=values)


def test_the_largest_allowed_number_of_runs_has_one_task_each():
    """The fast method must still distinguish all seeds."""
    plan = make_plan(["bp", "dfa"], 10_000, attributes={"dfa": {"entries": 3}})
    tasks = plan.tasks
    assert len(tasks) == plan.number == 20_000
    assert [task["seed"] for task in tasks] == [*range(10_000)] * 2
    first, other = tasks[0], tasks[12_345]
    assert first == task_of(plan.run.replace(rule="bp"))
    assert other == task_of(plan.run.replace(rule="dfa", seed=2345, attributes={"entries": 3}))
