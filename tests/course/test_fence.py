"""The fence: the process that runs a submission cannot reach nofb's solution, or any file.

One line once brought `import nofb` back, and earned a folder without a line of its own 137 of 157
points.
"""

import os
import sys
from pathlib import Path

import numpy as np
import pytest

import nofb
from nofb.course import confine, find
from nofb.course.guard import Guard, Limits, guard, is_root
from nofb.course.judge import judge
from nofb.course.yours import Yours

TASK = find("3.4")
SHORT = Limits(seconds=10.0, megabytes=1024)
FENCED = pytest.mark.skipif(not guard().closing, reason="this system has no filter of calls")
PACKAGE = Path(nofb.__file__).parent
SOLUTION = PACKAGE / "rules" / "error_sign.py"
FOLDERS = [str(PACKAGE.parent), str(Path(np.__file__).parents[1])]

STEAL = {
    "the guard of imports is taken away": (
        "import sys\nsys.meta_path.pop(0)\nfrom nofb.rules.error_sign import project_sign"
    ),
    "nofb's folders are put on the path": (
        f"import sys\nsys.meta_path.pop(0)\nsys.path[:0] = {FOLDERS}\n"
        "sys.path_importer_cache.clear()\nfrom nofb.rules.error_sign import project_sign"
    ),
    "the folder beside NumPy's is put on the path": (
        "import sys\nimport numpy\nsys.meta_path.pop(0)\n"
        "sys.path.append(numpy.__file__.rpartition('/numpy')[0])\n"
        "from nofb.rules.error_sign import project_sign"
    ),
    "site is run again": (
        "import site, sys\nsys.meta_path.pop(0)\nsite.main()\n"
        f"site.addsitedir({FOLDERS[1]!r})\n"
        "from nofb.rules.error_sign import project_sign"
    ),
    "its text is read": f"open({str(SOLUTION)!r}).read()",
    "its text is read below Python": f"import os\nos.open({str(SOLUTION)!r}, os.O_RDONLY)",
    "its text is loaded": (
        "from importlib.machinery import SourceFileLoader\n"
        f"SourceFileLoader('solution', {str(SOLUTION)!r}).load_module()"
    ),
    "its text is run": f"import runpy\nrunpy.run_path({str(SOLUTION)!r})",
    "its text is read by NumPy": (
        f"import numpy\nnumpy.fromfile({str(SOLUTION)!r}, numpy.uint8)[0]"
    ),
    "its text is read by C": (
        "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        f"if libc.open({str(SOLUTION)!r}.encode(), 0) < 0: raise OSError(ctypes.get_errno())"
    ),
    "its folder is listed": f"import os\nos.listdir({str(PACKAGE)!r})",
    "the grader's command is read": (
        "import os\nopen(f'/proc/{os.getppid()}/cmdline').read()"
    ),
    "the grader's memory is read": "import os\nopen(f'/proc/{os.getppid()}/mem', 'rb')",
    "its own environment is read": "open('/proc/self/environ').read()",
    "another Python is started": (
        f"import subprocess\nsubprocess.check_output([{sys.executable!r}, '-c', 'import nofb'])"
    ),
    "a pipe is told to signal the grader": (
        "import fcntl, os\n[fcntl.fcntl(n, fcntl.F_SETOWN, os.getppid()) for n in range(3, 5)]"
    ),
    "a file in memory takes more than its share": (
        "import os\nos.write(os.memfd_create('x'), b'x')"
    ),
}  # fmt: skip


@FENCED
@pytest.mark.parametrize("deed", STEAL)
def test_no_submission_reaches_the_solution_or_the_grader(deed):
    """Each line would earn every point, or end the grading of others."""
    source = f"{STEAL[deed]}\nprint('STOLEN')\ndef project_sign(e, D): return 0 * (e @ D)\n"
    verdict = judge(TASK, source, "theirs.py", limits=SHORT)
    assert verdict.score == 0 and "STOLEN" not in verdict.printed
    assert verdict.sentence.startswith("project_sign failed in line"), verdict.sentence


def test_what_is_there_of_nofb_is_nothing():
    """No module, no argument and no variable of nofb is in the process that runs a submission."""
    source = (
        "import gc, os, sys\n"
        "print('MODULES', [name for name in sys.modules if name.startswith('nofb')])\n"
        "print('WORDS', [word for word in sys.argv[1:] + list(os.environ.values()) if 'nofb' in "
        "word.replace(os.environ['PATH'], '')])\n"
        "print('ARRAYS', [each for each in gc.get_objects() if type(each).__name__ == 'ndarray'])\n"
        "print('PATH', [place for place in sys.path if 'site-packages' in place])\n"
        "def project_sign(e, D): pass\n"
    )
    printed = judge(TASK, source, "theirs.py", limits=SHORT).printed
    for word in ("MODULES", "WORDS", "ARRAYS", "PATH"):
        assert f"{word} []" in printed


def test_an_honest_file_imports_numpy_and_pythons_own_modules_anywhere():
    """A student may time, print, or take a function of the standard library, at any place."""
    source = (
        "from concurrent.futures import ThreadPoolExecutor\nimport os.path, statistics\n"
        "import numpy as np\nimport numpy.linalg as la\nfrom numpy import random\n"
        "def project_sign(e, D):\n    import decimal, math\n    from collections import abc\n"
        "    np.testing.assert_allclose(e, e)\n    np.polynomial.Polynomial([1, 2])\n"
        "    random.default_rng().normal()\n    la.svd(D)\n"
        "    return np.sign(e) @ D\n"
    )
    assert judge(TASK, source, "theirs.py", limits=SHORT).sentence == "right"


def test_an_attribute_of_the_students_own_prints_nothing():
    """NumPy warns of some names, and a student would read a warning of nofb's own file."""
    source = f"class Own: str = object = chararray = 1\nOwn.str, Own.chararray\n{TASK.right}"
    assert judge(TASK, source, "theirs.py", limits=SHORT).printed == ""


def test_what_numpy_and_python_load_late_is_there(tmp_path):
    """A dataclass, a warning or a sliding window needs modules that are loaded when it is used."""
    source = (
        "from __future__ import annotations\nimport datetime, io, json, pickle, time, warnings\n"
        "from dataclasses import dataclass\nimport numpy as np\n"
        "from numpy.lib.stride_tricks import sliding_window_view\n"
        "@dataclass\nclass Pair:\n    e: np.ndarray\n    D: np.ndarray\n"
        "def project_sign(e, D):\n    warnings.warn('late')\n    np.log(0 * e)\n"
        "    sliding_window_view(D, 1, axis=1), np.einsum('ij,ij->', e, e, optimize=True)\n"
        "    np.random.default_rng(0).choice(3), np.ma.masked_array(e), np.fft.fft2(e)\n"
        "    np.savetxt(io.StringIO(), e), pickle.dumps(e), time.strftime('%Y')\n"
        "    print(repr(e), json.dumps([1]), datetime.datetime.now())\n"
        "    pair = Pair(e, D)\n    return np.sign(pair.e) @ pair.D\n"
    )
    assert judge(TASK, source, "theirs.py", limits=SHORT).sentence == "right"
    path = tmp_path / TASK.file
    path.write_text(source.replace("    warnings.warn('late')\n    np.log(0 * e)\n", ""))
    e, D = TASK.draw(np.random.default_rng(0))
    assert np.allclose(Yours(TASK, path)(e, D), np.sign(e) @ D)  # as a notebook calls it


@pytest.mark.parametrize(
    ("line", "named"),
    [("import nofb", "nofb is the solution"), ("import numba", "numba cannot be imported here"),
     ("import scipy.special", "only NumPy and Python's own modules can"),
     ("import matplotlib.pyplot as plt", "matplotlib cannot be imported here"),
     ("import venv.__main__", "venv cannot be imported"),
     ("__import__('json.tool')", "by an import statement")],
)  # fmt: skip
def test_any_other_import_gets_a_sentence(line, named):
    """A student who leaves the import of a plot in the file must read what to delete."""
    verdict = judge(TASK, f"{line}\n{TASK.right}", "theirs.py", limits=SHORT)
    assert verdict.score == 0 and named in verdict.sentence and "line 1" in verdict.sentence


@pytest.mark.skipif(not (is_root() and guard().user), reason="only root can become nobody")
def test_a_submission_does_not_run_as_root():
    source = "import os\nprint('USER', os.getuid(), os.geteuid(), os.getgroups())\n"
    printed = judge(TASK, source, "theirs.py", limits=SHORT).printed
    assert f"USER {guard().user} {guard().user} []" in printed


def test_a_system_without_a_fence_is_named():
    """A teacher on such a system must read it beside the points."""
    notes = Guard().notes()
    assert "does not keep submissions from opening files" in notes[0]
    assert (len(notes) == 2) == is_root() and ("run as root" in notes[-1]) == is_root()
    assert Guard(b"x", b"x", 65534).notes() == []


@pytest.mark.skipif(os.name != "posix", reason="limits are POSIX's")
def test_a_module_that_is_loaded_first_cannot_write(tmp_path):
    """Modules are loaded before files are closed, perhaps as root: they may only read."""
    if not guard().program:
        pytest.skip("this system has no filter of calls")
    before = set(Path.cwd().iterdir())
    source = "import venv.__main__, ensurepip.__main__, antigravity, this\n"
    assert judge(TASK, source, "theirs.py", limits=SHORT).score == 0
    assert set(Path.cwd().iterdir()) == before


@pytest.mark.skipif(
    not (confine.has_filters() and Path("/proc/sys/kernel/seccomp/actions_avail").exists()),
    reason="the kernel has no filters of calls",
)
def test_a_kernel_that_has_filters_gets_them():
    """All tests of the fence are left out where there is none: it must not vanish unseen."""
    assert (guard().program, guard().closing) == (confine.program(), confine.closing())
