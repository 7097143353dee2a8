"""The filter of calls: a wrong number would refuse another call, and leave its own open."""

import re
from pathlib import Path

import pytest

from nofb.course import confine
from nofb.course.process import Process

HEADERS = [
    Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    Path("/usr/include/asm-generic/unistd.h"),  # aarch64 uses these numbers
]
NEWER = {
    "fchmodat2",
    "setxattrat",
    "removexattrat",
    "open_tree_attr",
}  # than the headers of many systems


@pytest.mark.parametrize("column", [0, 1], ids=confine.MACHINES)
def test_the_numbers_are_those_of_the_kernels_header(column):
    if not HEADERS[column].exists():
        pytest.skip("this system has no headers of its kernel")
    text = HEADERS[column].read_text()
    numbers = dict(re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", text))
    table = f"{confine.OPENING}, {confine.REFUSED}"
    stated = [entry.split() for entry in table.split(",")]
    ours = {name: each[column] for name, *each in stated if each[column] != "-"}
    assert {name: numbers.get(name) for name in ours.keys() - NEWER} == {
        name: number for name, number in ours.items() if name not in NEWER
    }
    assert not [name for name, *each in stated if each[column] == "-" and name in numbers]


@pytest.mark.parametrize("machine", confine.MACHINES)
@pytest.mark.parametrize("which", ["program", "closing"])
def test_every_line_of_a_filter_jumps_to_a_line_of_it(which, machine, monkeypatch):
    """The kernel refuses a filter that jumps beyond its end, and students' code would not start."""
    monkeypatch.setattr(confine.platform, "machine", lambda: machine)
    monkeypatch.setattr(confine.sys, "platform", "linux")
    program = getattr(confine, which)()
    lines = len(program) // 8
    assert len(program) % 8 == 0 and 10 < lines < 4096
    for place in range(lines):
        jumps = program[8 * place + 2], program[8 * place + 3]
        assert place + 1 + max(jumps) < lines or place == lines - 1


def test_there_is_no_filter_for_other_systems(monkeypatch):
    monkeypatch.setattr(confine.sys, "platform", "darwin")
    assert confine.program() == confine.closing() == b""


@pytest.mark.skipif(not confine.program(), reason="this system has no filter of calls")
def test_what_numpy_needs_is_not_refused():
    """A filter that is too strict would cost an honest student everything."""
    source = (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "import decimal, fractions, itertools, json, statistics\n"
        "import numpy as np, numpy.linalg\n"
        "def f(n):\n"
        "    from collections.abc import Sequence\n"
        "    a = np.random.default_rng(0).normal(size=(n, n))\n"
        "    np.testing.assert_allclose(np.fft.ifft(np.fft.fft(a)).real, a)\n"
        "    with ThreadPoolExecutor() as pool:\n"
        "        return np.array(list(pool.map(np.linalg.norm, [a, a])))\n"
    )
    with Process(source, "theirs.py", "f") as theirs:
        first, second = theirs(200)[0]
        assert first == second > 0
