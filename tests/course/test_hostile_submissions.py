"""Submissions that try to earn what they have not written, or to take others with them.

A grader that one file can crash, silence or fool grades nobody.
"""

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nofb.course import find
from nofb.course.files import judge_file
from nofb.course.folder import new
from nofb.course.grade import grade
from nofb.course.judge import judge
from nofb.course.process import Limits

TASK = find("3.1")  # project(e, D)
SHORT = Limits(seconds=3.0, megabytes=1024)
RIGHT = "def project(e, D):\n    return e @ D\n"

HOSTILE = {
    "an endless loop": "def project(e, D):\n    while True: pass\n",
    "an endless loop at import": "while True: pass\n",
    "sys.exit(0)": "import sys\ndef project(e, D):\n    sys.exit(0)\n",
    "os._exit(0)": "import os\ndef project(e, D):\n    os._exit(0)\n",
    "os._exit at import": "import os\nos._exit(0)\n",
    "ten gigabytes": "import numpy as np\ndef project(e, D):\n    return np.ones(10 * 2**27)\n",
    "a closed standard output": (
        "import sys\nsys.stdout.close()\ndef project(e, D):\n    return 0 * e\n"
    ),
    "all descriptors closed": (
        "import os\nos.closerange(0, 256)\ndef project(e, D):\n    return e @ D\n"
    ),
    "a forged message": (
        "import os, sys\nfor fd in range(3, 20):\n    try:\n"
        "        os.write(fd, b'right right right right')\n    except OSError: pass\n"
        "def project(e, D):\n    return e @ D\n"
    ),
    "a huge message": (
        "import os, sys\nos.write(int(sys.argv[2]), b'\\xff\\xff\\xff\\xff')\n"
        "def project(e, D):\n    return e @ D\n"
    ),
    "a patched numpy.testing": (
        "import numpy as np\nnp.testing.assert_allclose = lambda *a, **k: None\n"
        "np.allclose = lambda *a, **k: True\ndef project(e, D):\n    return 0 * (e @ D)\n"
    ),
    "something that equals everything": (
        "class Yes:\n    shape = ()\n    def __eq__(self, other): return True\n"
        "def project(e, D):\n    return Yes()\n"
    ),
    "an object array": (
        "import numpy as np\ndef project(e, D):\n    return np.array([{}], object)\n"
    ),
    "the library itself": "from nofb.rules.direct_feedback_alignment import project\n",
    "nothing": "",
    "no Python": "this is my answer\n",
    "a fork": "import os\nos.fork()\ndef project(e, D):\n    return 0 * (e @ D)\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_submission_earns_no_full_marks_and_the_grader_goes_on(name):
    began = time.monotonic()
    verdict = judge(TASK, HOSTILE[name], "theirs.py", limits=SHORT)
    assert verdict.score < TASK.points
    assert verdict.sentence and verdict.sentence != "right" and "\n" not in verdict.sentence
    assert judge(TASK, RIGHT, "theirs.py").score == TASK.points
    assert time.monotonic() - began < 120  # no limit of speed: an endless loop was ended


def test_a_hostile_task_costs_itself_and_no_other(tmp_path):
    """One endless loop among right answers must cost its own points only."""
    new(tmp_path / "anna", chapter=3)
    folder = tmp_path / "anna" / "chapter_3"
    for number, name in (("3.1", "e"), ("3.3", "y")):
        (folder / find(number).file).write_text(f"def project({name}, D):\n    return {name} @ D\n")
    (folder / find("3.2").file).write_text("import os\nos.kill(os.getppid(), 0)\nos._exit(0)\n")
    verdicts = {v.number: v for v in grade(tmp_path / "anna", chapter=3, limits=SHORT)}
    assert verdicts["3.1"].sentence == verdicts["3.3"].sentence == "right"
    assert verdicts["3.2"].score == 0


def test_results_are_written_task_by_task_and_a_students_own_results_count_for_nothing(tmp_path):
    """A submission may bring a results.json of its own, or write one while it is graded."""
    new(tmp_path / "anna", chapter=3)
    output = tmp_path / "results.json"
    forged = json.dumps({"score": 999})
    (tmp_path / "anna" / "results.json").write_text(forged)
    evil = f"from pathlib import Path\nPath({str(output)!r}).write_text({forged!r})\n{RIGHT}"
    (tmp_path / "anna" / "chapter_3" / TASK.file).write_text(evil)
    seen = []

    def watch(verdict):
        seen.append(len(json.loads(output.read_text())["tasks"]))

    grade(tmp_path / "anna", output, chapter=3, limits=SHORT, watch=watch)
    found = json.loads(output.read_text())
    assert found["score"] <= TASK.points and seen == list(range(1, len(seen) + 1))


def test_the_verdict_says_which_file_was_graded(tmp_path):
    """A stub earns nothing, however complete the library beside it is."""
    new(tmp_path, chapter=3)
    path = tmp_path / "chapter_3" / TASK.file
    stub = judge_file(TASK, path)
    assert stub.score == 0 and "NotImplementedError" in stub.sentence
    path.write_text(RIGHT)
    right = judge_file(TASK, path)
    assert right.score == TASK.points and right.path == str(path)
    assert len(right.digest) == 64 and right.digest != stub.digest


def test_a_file_that_changes_itself_is_judged_as_it_was_read(tmp_path):
    path = tmp_path / TASK.file
    text = f"from pathlib import Path\nPath({str(path)!r}).write_text('gone')\n{RIGHT}"
    path.write_text(text)
    verdict = judge_file(TASK, path)
    assert verdict.digest == hashlib.sha256(text.encode()).hexdigest()


def test_no_process_of_a_submission_is_left(tmp_path):
    """A process that outlives its judging could write over results later."""
    mark = tmp_path / "alive"
    text = (
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(4)\n"
        f"    open({str(mark)!r}, 'w').close()\n    os._exit(0)\n" + RIGHT
    )
    code = (
        "from nofb.course import children, find\nfrom nofb.course.judge import judge\n"
        f"children.adopt()\nprint(judge(find('3.1'), {text!r}, 'x').score)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    time.sleep(5)
    assert not mark.exists() or os.name != "posix"


def test_a_missing_folder_and_a_missing_file_are_named(tmp_path):
    with pytest.raises(NotADirectoryError, match="no folder"):
        grade(Path(tmp_path / "nobody"))
    assert "there is no file" in judge_file(TASK, tmp_path / "task_3_1.py").sentence


def test_a_file_of_two_megabytes_is_refused(tmp_path):
    path = tmp_path / "task_3_1.py"
    path.write_text("#" * (2 << 20))
    assert "larger than a megabyte" in judge_file(TASK, path).sentence
