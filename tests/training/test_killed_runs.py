"""Runs that really end early: killed at random moments, or on a disk that is full.

Two rules are killed four times each. With NOFB_KILLS set to 20,

    NOFB_KILLS=20 python -m pytest -s tests/training/test_killed_runs.py

kills every rule twenty times, and prints where.
"""

import os
import random
import subprocess
import sys
import time

import numpy as np
import pytest

from nofb import archive
from nofb.rules import RULES

THOROUGH = "NOFB_KILLS" in os.environ
KILLS = int(os.environ.get("NOFB_KILLS", "4"))
EPOCHS = 30 * KILLS
SECONDS = 0.4  # at most, from a line that a run prints to its end by force


def start(rule, path):
    """Start or resume a run of the command line on digits."""
    words = ["train", rule, "--hidden", "24", "12", "--validation", ".2", "--epochs", str(EPOCHS)]
    words += ["--checkpoint", str(path), "--resume"]
    command = [sys.executable, "-u", "-m", "nofb", *words]
    quiet = os.environ | {"PYTHONWARNINGS": "ignore::RuntimeWarning"}  # about inverses that diverge
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=quiet)


def kill(run):
    """Kill a run soon after it printed the heading or an epoch; return whether it was running."""
    mark = random.choice(["epoch", " "])
    for line in run.stdout:
        if line.startswith(mark):
            break
    time.sleep(random.uniform(0, SECONDS))
    run.kill()
    run.communicate()
    return run.returncode != 0


@pytest.mark.parametrize("rule", RULES if THOROUGH else ["fa", "brsf"])
def test_a_run_that_is_killed_many_times_ends_bit_for_bit_as_one_that_was_not(tmp_path, rule):
    """A cluster kills without a warning, in the middle of a step or of a write."""
    path, whole = tmp_path / "killed.npz", tmp_path / "whole.npz"
    undisturbed = start(rule, whole)
    reached, writing = [], 0
    while len(reached) < KILLS and kill(start(rule, path)):
        reached.append(archive.read(path, "checkpoint")[0]["epochs"] if path.exists() else 0)
        writing += any(tmp_path.glob(".killed.npz.*"))
    for run in (start(rule, path), undisturbed):
        assert run.communicate()[1] == "" and run.returncode == 0
    print(f"{rule}: killed {len(reached)} times, {writing} of them while the file was written; "
          f"of {EPOCHS} epochs were kept: {reached}")  # fmt: skip
    assert len(reached) >= KILLS // 2, "the run was over too soon to be killed"
    (about, arrays), (others, other) = (archive.read(it, "checkpoint") for it in (path, whole))
    assert about == others and about["epochs"] == EPOCHS
    for name in set(arrays) - {"history/seconds"}:
        np.testing.assert_array_equal(arrays[name], other[name], err_msg=name)
    assert set(tmp_path.iterdir()) == {path, whole}, "a half-written file was left behind"


FULL_DISK = """
import resource, sys, warnings
import nofb
from nofb import Dense, Network, archive, rules

path = sys.argv[1]

def fill(run):
    size = {1: 50_000, 2: 3_000, 4: -1}.get(run.history.epochs)
    if size is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, -1))

def held():
    return archive.read(path, "checkpoint")[0]["epochs"]

def look(run):
    if run.history.epochs > 1:
        print(run.history.epochs, held())

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    nofb.fit(Network([Dense(64, 8), Dense(8, 10)]), rules.make("fa"), nofb.datasets.load("digits"),
             epochs=5, progress=False, checkpoint=path, callbacks=[look, fill])
print("end", held())
for warning in caught:
    print(warning.category.__name__, warning.message)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of a file")
def test_a_full_disk_loses_only_the_newest_checkpoint(tmp_path):
    """The run continues, warns, and keeps the earlier file."""
    path = tmp_path / "run.npz"
    finished = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, check=True
    )
    lines = finished.stdout.splitlines()
    assert lines[:5] == ["2 1", "3 1", "4 1", "5 4", "end 5"]
    assert [line.split(" could")[0] for line in lines[5:]] == [
        f"CheckpointWarning the checkpoint of epoch {epoch}" for epoch in (2, 3)
    ]
    assert lines[5].endswith(
        f"written to {path} (File too large); an earlier one is still there, and the run continues"
    )
    assert finished.stderr == "" and list(tmp_path.iterdir()) == [path]
