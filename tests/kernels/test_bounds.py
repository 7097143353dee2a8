"""What `.ci/bounds` relies on: with checked indices, a kernel that leaves its arrays raises."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

WRITE = "import numpy as np; from nofb.kernels.slopes import leaky_relu; leaky_relu(np.ones(8), {})"
ROOT = Path(__file__).parents[2]


def run(h: str, cache: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Write eight activations in a separate process, with kernels kept in `cache`."""
    return subprocess.run(
        [sys.executable, "-c", WRITE.format(h)],
        cwd=ROOT,
        env=os.environ | {"NUMBA_CACHE_DIR": str(cache)} | settings,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("setting", ["NUMBA_BOUNDSCHECK", "NUMBA_DISABLE_JIT"])
def test_a_kernel_that_reads_past_an_end_raises_where_indices_are_checked(setting, tmp_path):
    """If the setting had no effect, a suite that passes under it would prove nothing."""
    done = run("np.ones(3)", tmp_path, **{setting: "1"})
    assert done.returncode == 1
    assert "IndexError: index" in done.stderr


def test_kernels_that_were_kept_without_checks_are_compiled_again_with_them(tmp_path):
    """Numba's own cache would return the kernel without checks."""
    assert run("np.ones(8)", tmp_path, NUMBA_BOUNDSCHECK="0").returncode == 0
    assert "IndexError: index" in run("np.ones(3)", tmp_path, NUMBA_BOUNDSCHECK="1").stderr
