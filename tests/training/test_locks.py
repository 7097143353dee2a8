"""One writer for each file: two runs must not use one checkpoint at the same time."""

import errno
import os
import subprocess
import sys
import threading

import pytest

import nofb
from nofb import Dense, Network, archive, locks, rules
from nofb.cli import main
from nofb.runs.run_log import open_log

TRAIN = ["train", "fa", "--hidden", "8"]
XOR = nofb.datasets.load("xor")


def fit(path, epochs=1, resume=False, **more):
    """Train a tiny network with a checkpoint."""
    checkpoint = nofb.Checkpoint(path, resume=resume)
    net = Network([Dense(2, 3, "tanh"), Dense(3, 2)], seed=0)
    return nofb.fit(net, rules.make("fa"), XOR, epochs=epochs, checkpoint=checkpoint, **more)


def files_of(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def long_run(tmp_path):
    """Start a process that trains with the checkpoint run.npz for much longer than a test."""
    words = [*TRAIN, "--epochs", "100000", "--checkpoint", "run.npz"]
    command = [sys.executable, "-u", "-m", "nofb", *words]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if line.startswith("    2 "):  # the checkpoint of the first epoch exists
            break
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_run_with_the_same_checkpoint_is_refused_until_the_first_ends(
    tmp_path, long_run, monkeypatch, capsys
):
    """Both ended with exit code 0, and one of the runs was lost."""
    monkeypatch.chdir(tmp_path)
    for more in ([], ["--resume"]):
        assert main([*TRAIN, "--epochs", "1", "--checkpoint", "run.npz", *more]) == 2
        printed = capsys.readouterr()
        sentence = "run.npz is being written by another run: wait for its end, or give another path"
        assert printed.err == f"nofb: {sentence}\n"
        assert "    1 " not in printed.out, "an epoch was trained in vain"
    with pytest.raises(BlockingIOError, match="is being written by another run"):
        Network([Dense(4, 2)]).save("run.npz")
    assert archive.read("run.npz", "checkpoint")[0]["epochs"] >= 1, "reading needs no lock"

    long_run.kill()
    long_run.wait()
    done = archive.read("run.npz", "checkpoint")[0]["epochs"]
    assert main([*TRAIN, "--epochs", str(done), "--checkpoint", "run.npz", "--resume"]) == 0
    assert files_of(tmp_path) == ["run.npz"]


def test_a_run_that_fails_releases_its_checkpoint(tmp_path):
    """In a notebook the traceback keeps all objects alive, and the cell is run again."""

    def fail(run):
        raise ArithmeticError("in a callback")

    kept = []
    fit(tmp_path / "run.npz")
    for wrong in ({"callbacks": [fail]}, {"seed": 5}, {"validation": 0.2}):
        with pytest.raises((ArithmeticError, ValueError), match=r"in a callback|written with") as e:
            fit(tmp_path / "run.npz", 2, resume=True, **wrong)
        kept.append(e)
    assert fit(tmp_path / "run.npz", 2, resume=True).history.epochs == 2
    assert files_of(tmp_path) == ["run.npz"]


def test_two_names_of_one_file_have_one_lock(tmp_path):
    """A link to a large disk and its path are the same checkpoint."""
    (tmp_path / "link.npz").symlink_to(tmp_path / "run.npz")
    with archive.only_writer(tmp_path / "run.npz"):
        with pytest.raises(BlockingIOError, match=r"link\.npz is being written by another run"):
            fit(tmp_path / "link.npz")
        fit(tmp_path / "other.npz")


def test_the_lock_is_never_held_twice_though_its_file_is_removed_and_made_again(tmp_path):
    """A lock on a removed file would protect nothing."""
    inside, most, failures = [], [], []

    def work():
        for _ in range(200):
            try:
                with locks.only_writer(tmp_path / "run.npz", "taken"):
                    inside.append(1)
                    most.append(len(inside))
                    inside.pop()
            except BlockingIOError:
                failures.append(1)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert set(most) == {1} and len(most) + len(failures) == 800
    assert files_of(tmp_path) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows removes no open file")
def test_a_lock_on_a_file_that_was_just_removed_is_not_used(tmp_path, monkeypatch):
    """A process that opens the file just before its removal would share the checkpoint."""
    lock, calls = locks.lock, []

    def lock_late(file, path, refusal):
        if not calls:  # between opening and locking, the last holder ends
            path.with_name(".run.npz.lock").unlink()
        calls.append(path)
        lock(file, path, refusal)

    monkeypatch.setattr(locks, "lock", lock_late)
    path = tmp_path / "run.npz"
    with locks.only_writer(path, "taken"):
        second = locks.only_writer(path, "taken")
        with pytest.raises(BlockingIOError, match="taken"), second:
            pass
    assert len(calls) == 3, "the first lock was not taken again"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has another function")
@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_without_locks_there_is_a_warning_and_the_work_continues(tmp_path, monkeypatch, number):
    """On some network drives every sweep ended with [Errno 38]."""

    def refuse(file, flags):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.warns(locks.LockWarning, match=r"run\.npz cannot be locked here \(.*\): take care"):
        assert fit(tmp_path / "run.npz").history.epochs == 1
    warned = pytest.warns(locks.LockWarning, match=r"runs\.jsonl cannot be locked here")
    with warned, open_log(tmp_path / "runs.jsonl") as log:
        log.append('{"task": 1, "result": {}, "seconds": 0.1}')
    assert files_of(tmp_path) == ["run.npz", "runs.jsonl"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has another function")
def test_an_error_of_the_disk_is_not_taken_for_missing_locks(tmp_path, monkeypatch):
    """A broken disk differs from one without locks."""

    def refuse(file, flags):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        fit(tmp_path / "run.npz")


def test_a_second_writer_does_not_remove_the_file_that_the_first_is_writing(tmp_path):
    """A temporary file may be a checkpoint that is being written."""
    path = tmp_path / "run.npz"
    half = path.with_name(".run.npz.0a1b2c3d.part")
    with archive.only_writer(path):
        half.touch()
        with pytest.raises(BlockingIOError):
            fit(path)
        assert half.exists()
    fit(path)
    assert not half.exists()
