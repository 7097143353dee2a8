"""Compiled kernels on disk: a missing folder or a damaged cache costs only time."""

import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from numba import config

import nofb
from nofb.kernels import cache
from nofb.kernels.jit import kernel

needs_numba = pytest.mark.skipif(bool(config.DISABLE_JIT), reason="nothing is compiled")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Keep kernels in a separate folder, and return its path."""
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path))
    monkeypatch.setenv(cache.WARNED, "")
    return tmp_path


def twice(x):
    """Return 2 x."""
    return 2 * x


twice.__module__ = "nofb.kernels.example"  # kernels of nofb are kept, and no others


def counts(compiled):
    """Return how often code was read from the disk, and how often it was compiled."""
    stats = compiled.stats
    return sum(stats.cache_hits.values()), sum(stats.cache_misses.values())


@needs_numba
def test_a_kernel_is_compiled_once_for_all_processes(folder):
    """Forty laptops must not compile for a minute at every start."""
    first, second = kernel(twice), kernel(twice)
    assert first(2.5) == second(2.5) == 5.0
    assert counts(first) == (0, 1) and counts(second) == (1, 0)


@needs_numba
@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
def test_a_cache_file_cut_at_any_byte_is_written_again(folder, suffix):
    """After a power failure, every command ended in EOFError until the folder was deleted."""
    kernel(twice)(2.5)
    (path,) = folder.rglob(f"*{suffix}")
    whole = path.stat().st_size
    for length in (0, 1, 20, whole // 2, whole - 1):
        os.truncate(path, length)
        mended, after = kernel(twice), kernel(twice)
        assert mended(2.5) == after(2.5) == 5.0
        assert counts(mended) == (0, 1) and counts(after) == (1, 0), length
        path.write_bytes(bytes(whole))  # what some disks leave after a power failure
        assert kernel(twice)(2.5) == 5.0


@needs_numba
def test_code_for_other_types_under_a_wrong_name_is_not_run(folder):
    """Two processes that compile at the same time can swap names: floats are read as integers."""
    integers, floats = np.array([3, 4]), np.array([0.5, 2.5])
    both = kernel(twice)
    assert both(floats).tolist() == [1, 5] and both(integers).tolist() == [6, 8]
    first, second = sorted(folder.rglob("*.nbc"))
    shutil.copy(first, second)
    again = kernel(twice)
    assert again(integers).tolist() == [6, 8] and again(floats).tolist() == [1, 5]


@needs_numba
def test_a_full_disk_stops_the_cache_and_not_the_run(folder, monkeypatch):
    """The results are not affected; only the next process must compile again."""

    def full(self, sig, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("numba.core.caching.FunctionCache.save_overload", full)
    with pytest.warns(cache.KernelCacheWarning, match="No space left .* Set NUMBA_CACHE_DIR to a"):
        assert kernel(twice)(2.5) == 5.0


def test_a_second_reason_and_a_worker_process_give_no_second_warning(monkeypatch):
    """Two folders of kernels on a full disk, and each process, gave the same advice again."""
    monkeypatch.setenv(cache.WARNED, "")
    with pytest.warns(cache.KernelCacheWarning, match="one is full") as caught:
        cache.warn("one is full")
        cache.warn("another is full")
    assert len(caught) == 1
    code = "from nofb.kernels.cache import warn; warn('a worker cannot write either')"
    child = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert child.stderr == ""


@needs_numba
def test_a_function_without_a_file_is_compiled_without_a_warning():
    """Code that is typed at a prompt has no file, and no folder would change this."""
    space = {}
    exec("def half(x):\n    return x / 2", space)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert kernel(space["half"])(5.0) == 2.5


# -- an account that may not write anywhere ------------------------------------------------------


@pytest.fixture
def locked_package(tmp_path):
    """Copy nofb to a folder without write permission, as if an administrator had installed it."""
    package = tmp_path / "lib" / "nofb"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(nofb.__file__).parent, package, ignore=ignored)
    for place in (package, *(path for path in package.rglob("*") if path.is_dir())):
        (place / "__pycache__").touch()  # a file: no folder can have this name, for any user
    return package


POOR = """
import sys, numpy as np, nofb
run = nofb.fit(
    nofb.Network([nofb.Dense(64, 8, "tanh"), nofb.Dense(8, 10)]), nofb.rules.make("fa"),
    nofb.datasets.load("digits"), epochs=1,
)
print(nofb.__file__, run.history.epochs)
nofb.plots.learning_curves
try:
    nofb.datasets.load("mnist")
except OSError as error:
    print(error)
"""


def test_an_account_without_home_and_cache_trains_with_one_warning(tmp_path, locked_package):
    """On grading servers and JupyterHubs `import nofb` gave a traceback."""
    names = (cache.WARNED, "NUMBA_CACHE_DIR", "NOFB_CACHE_DIR", "NOFB_DATA_DIR", "XDG_CACHE_HOME")
    environment = {name: value for name, value in os.environ.items() if name not in names}
    environment |= {"HOME": os.devnull, "PYTHONPATH": str(locked_package.parent)}
    environment |= {"LOCALAPPDATA": os.devnull, "MPLCONFIGDIR": str(tmp_path)}
    found = subprocess.run(
        [sys.executable, "-P", "-c", POOR],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    first, refusal = found.stdout.splitlines()
    assert first == f"{locked_package / '__init__.py'} 1", found.stderr
    assert "NOFB_CACHE_DIR" in refusal and os.devnull in refusal
    warned = found.stderr.count("KernelCacheWarning")
    assert warned == (0 if config.DISABLE_JIT else 1), found.stderr
    assert warned == found.stderr.count("Set NUMBA_CACHE_DIR to a folder that can be written")


STUDENT = """
from nofb.kernels.jit import kernel
from helper import SCALE, changed

@kernel
def send(x):
    return SCALE * changed(x)

print(send(1.0))
"""
HELPER = """
from nofb.kernels.jit import kernel

SCALE = {scale}

@kernel
def changed(x):
    return {factor} * x
"""


@needs_numba
@pytest.mark.parametrize(
    ("before", "after"), [((2, 1), (7, 1)), ((2, 1), (2, 3))], ids=["a global", "a helper kernel"]
)
def test_a_custom_kernel_never_uses_an_old_version_of_its_helper(tmp_path, before, after):
    """A student edits a constant or a helper: the old machine code would give the old numbers."""
    (tmp_path / "mine.py").write_text(STUDENT, encoding="utf-8")
    printed = []
    for scale, factor in (before, after):
        helper = HELPER.format(scale=scale, factor=factor)
        (tmp_path / "helper.py").write_text(helper, encoding="utf-8")
        shutil.rmtree(tmp_path / "__pycache__", ignore_errors=True)
        done = subprocess.run(
            [sys.executable, "mine.py"], cwd=tmp_path, capture_output=True, text=True, check=True,
            env=os.environ | {"PYTHONPATH": str(Path(nofb.__file__).parents[1])},
        )  # fmt: skip
        printed.append(float(done.stdout))
    assert printed == [before[0] * before[1], after[0] * after[1]]


@needs_numba
def test_a_custom_kernel_is_not_kept_on_disk(folder):
    """Code that is not on disk cannot be out of date."""

    def thrice(x):
        return 3 * x

    assert kernel(thrice)(2.0) == 6.0
    assert not list(folder.rglob("*.nb?"))
