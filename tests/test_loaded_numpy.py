"""A kernel that had imported NumPy before `pip install` replaced it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nofb.loaded_numpy import refuse_another, version_on_disk


def test_a_replaced_numpy_is_one_sentence_with_its_cure():
    """Numba said "can't unbox array from PyObject", which helps no student."""
    code = "import numpy; numpy.__version__ = '1.26.4'; import nofb"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.splitlines()[-1] == (
        "ImportError: restart the kernel and run the cells again: NumPy 1.26.4 is loaded, and an "
        f"installation has replaced it by {np.__version__}"
    )


def test_the_version_on_disk_is_that_of_the_loaded_numpy():
    """If it could not be read, a replaced NumPy would go unseen."""
    assert version_on_disk(Path(np.__file__).parent) == np.__version__


@pytest.mark.parametrize("text", [None, "", "version = unknown"])
def test_a_numpy_of_unknown_version_is_accepted(text, tmp_path):
    """A build of one's own must not be refused for the form of a file."""
    if text is not None:
        (tmp_path / "version.py").write_text(text)
    assert version_on_disk(tmp_path) == ""
    refuse_another("2.1.3", "")
