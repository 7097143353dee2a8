"""What `.ci/bounds` relies on: a kernel that leaves its arrays says so, if indices are checked."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TOO_SHORT = """
import numpy as np
from nofb.kernels.steps import descend
descend(np.ones((8, 8)), np.ones(3), 0.1)
"""
ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("setting", ["NUMBA_BOUNDSCHECK", "NUMBA_DISABLE_JIT"])
def test_a_kernel_that_reads_past_an_end_raises_where_indices_are_checked(setting, tmp_path):
    """If the setting did nothing, a suite that passes under it would prove nothing."""
    done = subprocess.run(
        [sys.executable, "-c", TOO_SHORT],
        cwd=ROOT,
        env=os.environ | {setting: "1", "NUMBA_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "IndexError: index" in done.stderr
