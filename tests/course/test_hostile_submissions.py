"""Submissions that try to earn what they have not written, or to take others with them.

A grader that one file can crash, silence or fool grades nobody.
"""

import json
import time

import pytest

from nofb.course import find
from nofb.course.guard import Limits
from nofb.course.judge import judge
from nofb.course.verdict import LONGEST

TASK = find("3.4")  # project_sign(e, D)
SHORT = Limits(seconds=3.0, megabytes=1024)
SIGNS = "(1.0 * (e > 0) - (e < 0)) @ D"
RIGHT = f"def project_sign(e, D):\n    return {SIGNS}\n"

HOSTILE = {
    "an endless loop": "def project_sign(e, D):\n    while True: pass\n",
    "an endless loop at import": "while True: pass\n",
    "sys.exit(0)": "import sys\ndef project_sign(e, D):\n    sys.exit(0)\n",
    "os._exit(0)": "import os\ndef project_sign(e, D):\n    os._exit(0)\n",
    "os._exit at import": "import os\nos._exit(0)\n",
    "ten gigabytes": (
        "import numpy as np\ndef project_sign(e, D):\n    return np.ones(10 * 2**27)\n"
    ),
    "a closed standard output": (
        "import sys\nsys.stdout.close()\ndef project_sign(e, D):\n    return 0 * e\n"
    ),
    "all descriptors closed": (
        "import os\nos.closerange(0, 256)\ndef project_sign(e, D):\n    return e @ D\n"
    ),
    "a forged message": (
        "import os, sys\nfor fd in range(3, 20):\n    try:\n"
        "        os.write(fd, b'right right right right')\n    except OSError: pass\n"
        "def project_sign(e, D):\n    return e @ D\n"
    ),
    "a huge message": (
        "import os\nfor fd in range(3, 20):\n    try:\n"
        "        os.write(fd, b'\\xff\\xff\\xff\\xff')\n    except OSError: pass\n"
        "def project_sign(e, D):\n    return e @ D\n"
    ),
    "a patched numpy.testing": (
        "import numpy as np\nnp.testing.assert_allclose = lambda *a, **k: None\n"
        "np.allclose = lambda *a, **k: True\ndef project_sign(e, D):\n    return 0 * (e @ D)\n"
    ),
    "something that equals everything": (
        "class Yes:\n    shape = ()\n    def __eq__(self, other): return True\n"
        "def project_sign(e, D):\n    return Yes()\n"
    ),
    "an object array": (
        "import numpy as np\ndef project_sign(e, D):\n    return np.array([{}], object)\n"
    ),
    "the library itself": "from nofb.rules.error_sign import project_sign\n",
    "nothing": "",
    "no Python": "this is my answer\n",
    "a patched answer": (
        "import sys\n"
        "sys._getframe(1).f_globals['answer'] = lambda f, v: [1, v[0] @ v[1], v[0], 0]\n"
        "def project_sign(e, D): pass\n"
    ),
    "another file of the answer's name": "import numpy\nnumpy.save('project.npy', numpy.ones(3))\n",
    "an endless recursion": "def project_sign(e, D):\n    return project_sign(e, D)\n",
    "brackets without end": "(" * 100_000,
    "a null byte": "x = 1\x00\n",
    "a message of many lines": "raise ValueError('one\\n' * 1000 + '\\x1b[31m\\ud800')\n",
    "an error that cannot be printed": (
        "class E(Exception):\n    def __str__(self): raise ValueError\nraise E\n"
    ),
    "text": "def project_sign(e, D):\n    return 'e @ D'\n",
    "dates": (
        "import numpy as np\ndef project_sign(e, D):\n    return (e @ D).astype('datetime64[s]')\n"
    ),
    "a structure": (
        "import numpy as np\ndef project_sign(e, D):\n"
        "    return np.zeros((e @ D).shape, [('a', float), ('b', float)])\n"
    ),
    "complex numbers": "def project_sign(e, D):\n    return (1 + 1j) * (e @ D)\n",
    "right at first, then of another shape": (
        "calls = 0\ndef project_sign(e, D):\n    global calls\n    calls += 1\n"
        f"    return {SIGNS} if calls < 5 else ({SIGNS})[:1, :1, None]\n"
    ),
    "right at first, then not a number": (
        "calls = 0\ndef project_sign(e, D):\n    global calls\n    calls += 1\n"
        f"    return {SIGNS} if calls < 5 else float('nan') * (e @ D)\n"
    ),
    "right at first, then endless": (
        "calls = 0\ndef project_sign(e, D):\n    global calls\n    calls += 1\n"
        f"    while calls > 5: pass\n    return {SIGNS}\n"
    ),
    "slow at every call": (
        f"import time\ndef project_sign(e, D):\n    time.sleep(0.9)\n    return {SIGNS}\n"
    ),
    "many threads": (
        "import threading, time\nfor _ in range(2000):\n"
        "    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
        "def project_sign(e, D):\n    return 0 * (e @ D)\n"
    ),
    "a fork": "import os\nos.fork()\ndef project_sign(e, D):\n    return 0 * (e @ D)\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_submission_earns_no_full_marks_and_the_grader_goes_on(name):
    """The sentence must fit into one printed line, whatever the submission says."""
    began = time.monotonic()
    verdict = judge(TASK, HOSTILE[name], "theirs.py", limits=SHORT)
    assert verdict.score < TASK.points
    sentence = verdict.sentence
    assert sentence and sentence != "right" and sentence.isprintable()
    assert len(sentence) <= 2 * LONGEST and json.dumps(sentence).encode()
    assert time.monotonic() - began < 120  # no limit of speed: an endless loop was ended


def test_a_plain_right_answer_earns_full_marks():
    """The task that the submissions above attack can be solved."""
    assert judge(TASK, RIGHT, "theirs.py", limits=SHORT).score == TASK.points


@pytest.mark.parametrize("late", ["e[:1, :1]", "float('nan') * (e @ D)", "'text'", "exit()"])
def test_an_answer_that_turns_wrong_while_a_rule_learns_with_it_loses_that_step_only(late):
    """The rule trains inside the grader, and must not be broken by what it is given."""
    source = (
        "calls = 0\ndef project(e, D):\n    global calls\n    calls += 1\n"
        f"    return e @ D if calls < 12 else {late}\n"
    )
    verdict = judge(find("3.1"), source, "theirs.py")
    assert verdict.steps[-1].name == "learning" and verdict.steps[-1].cause == verdict.sentence
    assert 0 < verdict.score < find("3.1").points


def test_what_a_sentence_says_of_an_error_leads_to_its_line():
    """A student must find the line that failed, not only the message."""
    verdict = judge(TASK, "def project_sign(e, D):\n    s = e\n    return s @ D.T\n", "theirs.py")
    assert "project_sign failed in line 3: ValueError" in verdict.sentence
    assert "it was given e (" in verdict.sentence and ", D (" in verdict.sentence
    verdict = judge(TASK, "def project_sign(e, D):\n    return (e @ D\n", "theirs.py")
    assert "in line 2: SyntaxError" in verdict.sentence


def test_the_library_in_a_students_file_is_refused_with_a_sentence():
    """The installed package is the solution: an answer must be written down."""
    verdict = judge(TASK, HOSTILE["the library itself"], "theirs.py")
    assert verdict.score == 0 and "nofb is the solution" in verdict.sentence


def test_what_a_student_prints_is_kept_apart_from_the_answer():
    """Who looks for a mistake prints shapes; that must neither disturb nor be lost."""
    text = f"def project_sign(e, D):\n    print('shape', e.shape)\n    return {SIGNS}\n"
    verdict = judge(TASK, text, "theirs.py")
    assert verdict.score == TASK.points and "shape (" in verdict.printed
    flood = judge(TASK, "while True: print('x' * 1000)\n", "theirs.py", limits=SHORT)
    assert flood.score == 0 and len(flood.printed) <= 2000
