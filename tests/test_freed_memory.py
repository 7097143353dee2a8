"""Memory that is freed stays with the process, unless the user says otherwise."""

import os
import platform
import subprocess
import sys

import pytest

from nofb.freed_memory import SETTINGS

FAULTS = """
import resource, numpy as np
from nofb import threads
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
with threads.team(1):
    for turn in range(12):
        before = faults()
        one, other = np.ones(6_000_000, np.float32), np.ones(3_000_000, np.float32)
        del one, other
    print(faults() - before)
"""


def faults(**environment):
    """Return how many pages a process asks for to make two arrays of 36 MB once more."""
    clean = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    done = subprocess.run(
        [sys.executable, "-c", FAULTS], env=clean | environment, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="a setting of the GNU C library")
def test_an_array_that_was_there_before_asks_for_no_new_pages():
    """The system clears each page that it hands out, which took a third of a step."""
    assert faults() < 10


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="a setting of the GNU C library")
def test_who_sets_the_limits_in_the_environment_decides():
    """A machine for many users may need every page back."""
    limits = {name: "100000" for name in SETTINGS[:2]}
    assert faults(**limits) > faults()
