"""Where the course must run: without a network, a home, a second core, or the user's own rights."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from course.folders import filled, path_of
from processes import children, gone

from nofb.course import find
from nofb.course.guard import Guard, Limits, start

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="as Linux does it")
OFFLINE = (
    "import socket, sys\n"
    "def refused(*a, **k): raise OSError('no network')\n"
    "socket.socket.connect = socket.getaddrinfo = refused\n"
    "from nofb.cli import main\nsys.exit(main(sys.argv[1:]))\n"
)


def graded(folder, *options, code=OFFLINE, **how):
    """Grade chapter 3 in a process of its own, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code, "course", "grade", str(folder), "--chapter", "3", *options],
        capture_output=True, text=True, **how,
    )  # fmt: skip
    assert "Traceback" not in done.stderr and done.returncode == 1, done.stderr
    return done.stdout


def test_a_folder_is_graded_without_a_network(tmp_path):
    """A lab may have none: the data set of the learning step is inside the package."""
    assert "3.1  3 of 3  right" in graded(filled(tmp_path / "anna", ["3.1"]))


def test_a_folder_is_graded_without_a_home(tmp_path):
    """An account of a grading service may have none, or one that cannot be written."""
    nowhere = {"HOME": "/dev/null", "XDG_CACHE_HOME": "/dev/null", "MPLCONFIGDIR": "/dev/null"}
    folder = filled(tmp_path / "anna", ["3.1"])
    assert "3.1  3 of 3  right" in graded(folder, env={**os.environ, **nowhere})


@LINUX
def test_a_folder_is_graded_on_one_core(tmp_path):
    """A small virtual machine has one."""
    one = "import os\nos.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n" + OFFLINE
    assert "3.4  2 of 2  right" in graded(filled(tmp_path / "anna", ["3.4"]), code=one)


@LINUX
def test_a_folder_that_cannot_be_written_is_graded(tmp_path):
    """Submissions may lie on a disk that is mounted to be read only."""
    folder, output = filled(tmp_path / "anna", ["3.4"]), tmp_path / "anna.json"
    for place in (folder / "chapter_3", folder):
        place.chmod(0o555)
    try:
        graded(folder, "--output", str(output))
    finally:
        for place in (folder, folder / "chapter_3"):
            place.chmod(0o755)
    assert json.loads(output.read_text())["score"] == find("3.4").points


def test_a_process_without_a_filter_of_calls_answers_too(tmp_path):
    """macOS has none, and a container may forbid it."""
    guard = Guard()
    with (
        Path(os.devnull).open("rb") as nothing,
        (tmp_path / "printed").open("wb") as printed,
        start(guard, Limits(), str(tmp_path), nothing, printed) as process,
    ):
        assert process.wait() == 0


@LINUX
def test_what_was_graded_is_kept_when_the_grader_is_killed(tmp_path):
    """A power cut at task thirty must not cost the first twenty-nine; nothing keeps running."""
    folder, output = filled(tmp_path / "anna", ["3.1", "3.3"]), tmp_path / "anna.json"
    path_of(folder, "3.4").write_text("import time\ntime.sleep(600)\n")
    grader = subprocess.Popen(
        [sys.executable, "-c", OFFLINE, "course", "grade", str(folder), "--chapter", "3",
         "--seconds", "500", "--output", str(output)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with grader:
        lines = [grader.stdout.readline() for _ in range(3)]  # 3.1, 3.2, 3.3
        assert lines[2].startswith("3.3")
        until = time.monotonic() + 60
        while not (theirs := children(grader.pid)) and time.monotonic() < until:
            time.sleep(0.05)
        grader.send_signal(signal.SIGKILL)
    kept = json.loads(output.read_text())
    assert [task["number"] for task in kept["tasks"]] == ["3.1", "3.2", "3.3"]
    assert kept["score"] == find("3.1").points + find("3.3").points
    assert theirs and all(gone(pid, 30.0) for pid in theirs)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["anna", "anna.json"]
