"""What a student's process sends may be forged: it has the channel, and could write anything."""

import io
import struct
import time
import zipfile

import numpy as np
import pytest

from nofb.course.guard import Limits
from nofb.course.process import Failed, Process, opened
from nofb.course.questions import judge_question
from nofb.course.task import Question
from nofb.course.worker import pack

SHORT = Limits(seconds=3.0, megabytes=1024)
QUESTION = Question(
    number="1.9", title="", minutes=1, points=2, hints=("", "", ""), asks="",
    key=lambda values: 90.0,
)  # fmt: skip


def zipped(name, content, compression=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def header(text):
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


def many_values():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(1000):
            archive.writestr(f"{number}_value.npy", header("{}\n"))
    return buffer.getvalue()


FORGED = {
    "nothing": b"",
    "no archive": b"right right right",
    "the beginning of an archive": b"PK\x03\x04" + bytes(40),
    "an archive without a kind": zipped("0_value.npy", b""),
    "a pickle": zipped(
        "kind.npy",
        header("{'descr': '|O', 'fortran_order': False, 'shape': ()}\n") + b"\x80\x04N.",
    ),
    "a bomb": zipped("0_array.npy", bytes(10_000_000), zipfile.ZIP_DEFLATED),
    "an array of a terabyte": zipped(
        "0_array.npy", header("{'descr': '<f8', 'fortran_order': False, 'shape': (10**11,)}\n")
    ),
    "a negative shape": zipped(
        "0_array.npy", header("{'descr': '<f8', 'fortran_order': False, 'shape': (-3,)}\n")
    ),
    "a header that is code": zipped("0_array.npy", header("__import__('os')._exit(0)\n")),
    "values that take an hour to read": many_values(),
    "a name that is no number": zipped("x_value.npy", b""),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_message_is_no_answer(name):
    """Whatever it raises while it is read, it must cost its own task only."""
    with pytest.raises(Failed, match="sent an answer that is none"):
        opened(FORGED[name])


def test_a_true_message_is_opened():
    kind, values = opened(pack("answer", [np.ones((2, 3)), None, 1.5, "a"])[4:])
    assert kind == "answer" and values[0].shape == (2, 3) and values[1:] == [None, 1.5, "a"]


def test_a_process_that_stops_reading_is_ended():
    """It says that it is ready and takes nothing: a pipe holds 64 kB, and the rest would wait."""
    ready = pack("ready", [])
    source = (
        f"import os, time\nfor fd in range(3, 20):\n    try: os.write(fd, {ready!r})\n"
        "    except OSError: pass\ntime.sleep(1000)\n"
    )
    began = time.monotonic()
    with (
        Process(source, "theirs.py", "f", SHORT) as theirs,
        pytest.raises(Failed, match="3 second"),
    ):
        theirs(np.zeros(2_000_000))
    assert time.monotonic() - began < 60


def test_the_time_that_the_grader_takes_is_not_the_students():
    """Numba compiles while the first rule learns: a right answer lost points by it."""
    limits = Limits(seconds=4.0)
    with Process("def f(x): return x\n", "theirs.py", "f", limits) as theirs:
        time.sleep(5)
        assert theirs(1.5)[0] == 1.5
    slow = "import time\ndef f(x):\n    time.sleep(1.5)\n    return x\n"
    with Process(slow, "theirs.py", "f", limits) as theirs, pytest.raises(Failed, match="4 sec"):
        for _ in range(4):
            theirs(1.5)


@pytest.mark.parametrize(
    "count", [0, -1, 7, 10**15, 1.5, "many"], ids=["none", "less", "more", "huge", "half", "text"]
)
def test_a_forged_count_of_results_is_no_answer(count):
    """`answer` says how many of its values are results: slices of a list must not be trusted."""
    source = (
        "import sys\n"
        f"sys._getframe(1).f_globals['answer'] = lambda f, v: [{count!r}, 1.0, *v]\n"
        "def f(x): return x\n"
    )
    with Process(source, "theirs.py", "f", SHORT) as theirs, pytest.raises(Failed):
        theirs(np.ones(3))


@pytest.mark.parametrize(
    "answer",
    ["'\\ud800'", "10**400", "[[1], [2]]", "float('nan')", "float('inf')", "1j", "object()", "True",
     "'90'", "b'90'", "'x' * 10**6", "print", "{}", "(90.0, 90.0)", "'\\x1b[2J'"],
)  # fmt: skip
def test_an_answer_that_is_no_number_earns_nothing_and_gets_a_sentence(answer):
    """Any object can stand behind ANSWER."""
    verdict = judge_question(QUESTION, f"ANSWER = {answer}\n", "theirs.py", limits=SHORT)
    assert verdict.score == 0 and verdict.sentence.isprintable() and verdict.sentence


def test_an_answer_that_is_the_number_earns_its_points():
    """The same file with the right number: the question above can be answered."""
    assert judge_question(QUESTION, "ANSWER = 90\n", "theirs.py").score == 2
    assert judge_question(QUESTION, "import numpy\nANSWER = numpy.float64(90)\n", "x").score == 2
