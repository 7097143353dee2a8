"""What stands in a submitted folder: links, devices, floods, and modules that want to be imported.

Each must cost its own task, and no file outside the folder may count or be changed.
"""

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from course.folders import filled, path_of, right
from processes import gone

from nofb.course import TASKS, find
from nofb.course.about import about
from nofb.course.files import judge_file
from nofb.course.folder import new
from nofb.course.grade import grade, missing_chapters
from nofb.course.guard import Limits, guard

TASK = find("3.4")
SHORT = Limits(seconds=5.0, megabytes=1024)
POSIX = pytest.mark.skipif(os.name != "posix", reason="such files are POSIX's")


def judged(path):
    return judge_file(TASK, path, limits=SHORT)


def test_the_verdict_says_which_file_was_graded(tmp_path):
    """A stub earns nothing, however complete the library beside it is."""
    new(tmp_path, chapter=3)
    path = path_of(tmp_path, "3.4")
    stub = judged(path)
    assert stub.score == 0 and "NotImplementedError" in stub.sentence
    path.write_text(right("3.4"))
    found = judged(path)
    assert found.score == TASK.points and found.path == str(path)
    assert found.digest == hashlib.sha256(path.read_bytes()).hexdigest() != stub.digest


def test_a_folder_of_stubs_earns_nothing_though_the_library_is_complete(tmp_path):
    """The grader must never find nofb's own function where a student has written none."""
    new(tmp_path / "anna", student="anna")
    verdicts = grade(tmp_path / "anna")
    assert len(verdicts) == len(TASKS) and not any(verdict.score for verdict in verdicts)
    assert all(verdict.digest for verdict in verdicts)


def test_a_file_that_changes_itself_is_judged_as_it_was_read(tmp_path):
    """The digest in the result must be that of the text that was run."""
    path = tmp_path / TASK.file
    text = f"from pathlib import Path\nPath({str(path)!r}).write_text('gone')\n{right('3.4')}"
    path.write_text(text)
    assert judged(path).digest == hashlib.sha256(text.encode()).hexdigest()


@POSIX
def test_a_link_to_the_answer_of_another_student_earns_nothing(tmp_path):
    """Folders of a class lie beside each other: a link would earn a neighbour's points."""
    bob = filled(tmp_path / "bob", ["3.4"])
    anna, cleo = tmp_path / "anna", tmp_path / "cleo"
    new(anna, chapter=3)
    path_of(anna, "3.4").unlink()
    path_of(anna, "3.4").symlink_to(path_of(bob, "3.4"))
    cleo.mkdir()
    (cleo / "chapter_3").symlink_to(bob / "chapter_3")
    for folder in (anna, cleo):
        verdict = {each.number: each for each in grade(folder, chapter=3, limits=SHORT)}["3.4"]
        assert verdict.score == 0 and "link" in verdict.sentence and not verdict.digest


@POSIX
@pytest.mark.parametrize("name", [TASK.file, "course.json"])
def test_a_pipe_in_the_place_of_a_file_does_not_stop_the_grader(name, tmp_path):
    """Opening a pipe waits for a writer, who never comes."""
    folder = filled(tmp_path / "anna", ["3.3", "3.4"])
    path = folder / name if name == "course.json" else path_of(folder, "3.4")
    path.unlink()
    os.mkfifo(path)
    verdicts = {each.number: each for each in grade(folder, chapter=3, limits=SHORT)}
    assert verdicts["3.3"].sentence == "right"
    assert (verdicts["3.4"].score == 0) == (name == TASK.file)


@pytest.mark.parametrize("text", ["[" * 100_000, "[]", '{"student": 3}', "{", '"\\ud800"', ""])
def test_any_course_json_gives_a_seed(text, tmp_path):
    """The student can write anything into it; the folder must be graded all the same."""
    (tmp_path / "course.json").write_text(text)
    assert isinstance(about(tmp_path).seed, int)


def test_files_that_are_no_text_cost_their_own_task(tmp_path):
    """Each sentence must say what the student can do about it."""
    path = tmp_path / TASK.file
    assert "there is no file" in judged(path).sentence
    path.write_bytes(right("3.4").encode() + "# Größe\n".encode("latin-1"))
    assert "is not UTF-8: save it" in judged(path).sentence
    path.write_bytes(right("3.4").encode("utf-16"))
    assert judged(path).score == 0
    path.write_bytes(b"\xef\xbb\xbf" + right("3.4").encode())  # as Windows' editor writes it
    assert judged(path).sentence == "right"
    path.unlink()
    path.mkdir()
    assert judged(path).score == 0 and judged(path).sentence


def test_a_file_of_a_gigabyte_is_refused(tmp_path):
    """It is not read: the grader's memory is for all students."""
    path = tmp_path / TASK.file
    with path.open("wb") as file:
        file.truncate(1 << 30)
    assert "larger than a megabyte" in judged(path).sentence


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may enter all folders")
def test_a_chapter_that_cannot_be_entered_costs_no_other(tmp_path):
    """pathlib raises where a folder is closed, and the whole submission had no result."""
    folder = filled(tmp_path / "anna", ["3.4"])
    (folder / "chapter_2").mkdir(mode=0)
    assert missing_chapters(folder).keys() == set(range(1, 10)) - {3}
    verdicts = grade(folder, chapter=2, limits=SHORT)
    assert all(not each.score and "cannot be read" in each.sentence for each in verdicts)


def test_modules_beside_an_answer_are_not_imported(tmp_path):
    """A numpy.py, a sitecustomize.py or a conftest.py would run inside the grader."""
    folder, mark = filled(tmp_path / "anna", ["3.3", "3.4"]), tmp_path / "imported"
    evil = f"open({str(mark)!r}, 'w').close()\nraise SystemExit\n"
    for name in ("numpy", "sitecustomize", "usercustomize", "conftest", "nofb", "json"):
        for place in (folder, folder / "chapter_3"):
            (place / f"{name}.py").write_text(evil)
    code = "import sys; from nofb.cli import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, "course", "grade", ".", "--chapter", "3"],
        cwd=folder, capture_output=True, text=True,
    )  # fmt: skip
    assert "3.3  2 of 2  right" in done.stdout and "3.4  2 of 2  right" in done.stdout
    assert not mark.exists()


def test_a_folder_that_python_takes_modules_from_is_not_graded(tmp_path, monkeypatch):
    """`python -m nofb` in the folder would import its numpy.py instead of NumPy."""
    folder = filled(tmp_path / "anna", ["3.4"])
    monkeypatch.syspath_prepend(str(folder / "chapter_3"))
    with pytest.raises(ValueError, match="from another folder"):
        grade(folder)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(NotADirectoryError, match="no folder"):
        grade(Path(tmp_path / "nobody"))


def test_an_error_of_the_grader_costs_one_task(tmp_path):
    """A property with a mistake in it must not stop the grading of the others."""

    def broken(answer, rng):
        raise ZeroDivisionError("in a property")

    path = tmp_path / TASK.file
    path.write_text(right("3.4"))
    verdict = judge_file(replace(TASK, properties=(broken,)), path, limits=SHORT)
    assert verdict.score == 0 and "tell your teacher: ZeroDivisionError" in verdict.sentence
    assert verdict.digest


DEEDS = {
    "writes a file": "Path({other!r}).write_text('mine')",
    "writes over a file": "Path({file!r}).write_text('mine')",
    "adds to a file": "open({file!r}, 'a').write('mine')",
    "deletes a file": "os.unlink({file!r})",
    "renames a file": "os.rename({file!r}, {other!r})",
    "deletes a folder": "shutil.rmtree({folder!r})",
    "makes a folder": "os.mkdir({other!r})",
    "makes a link": "os.symlink({file!r}, {other!r})",
    "changes rights": "os.chmod({file!r}, 0)",
    "starts a program": "subprocess.run(['touch', {other!r}])",
    "ends the grader": "os.kill(os.getppid(), 9)",
    "stops the grader": "os.kill(os.getppid(), 19)",
    "ends its group": "os.killpg(os.getpgid(os.getppid()), 9)",
    "ends everything": "os.kill(-1, 9)",
    "limits the grader": "resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (1, 1))",
    "opens a socket": "socket.socket()",
    "forks": "os.fork()",
}


@pytest.mark.skipif(not guard().program, reason="this system has no filter of calls")
@pytest.mark.parametrize("deed", DEEDS)
def test_what_reaches_beyond_the_process_is_refused(deed, tmp_path):
    """The sentence says so, and the file, the folder and the grader are as they were."""
    folder, path = tmp_path / "others", tmp_path / TASK.file
    folder.mkdir()
    file, other = folder / "results.json", folder / "other"
    file.write_text("{}")
    code = DEEDS[deed].format(file=str(file), other=str(other), folder=str(folder))
    needs = "import os, resource, shutil, socket, subprocess\nfrom pathlib import Path\n"
    path.write_text(f"{needs}{code}\n{right('3.4')}")
    verdict = judged(path)
    assert verdict.score == 0 and "in line 3: PermissionError" in verdict.sentence
    assert file.read_text() == "{}" and not other.exists() and os.access(file, os.R_OK)


@POSIX
def test_processes_of_a_submission_end_with_it_even_without_a_filter(tmp_path, monkeypatch):
    """Elsewhere than on Linux a bomb of processes can start: all of it must end."""
    from nofb.course import guard, process

    monkeypatch.setattr(process, "guard", lambda: guard.Guard())
    path, marks = tmp_path / TASK.file, tmp_path / "marks"
    marks.mkdir(mode=0o777)
    path.write_text(
        f"import os, time\nfor _ in range(30):\n    if os.fork() == 0:\n"
        f"        open({str(marks)!r} + f'/{{os.getpid()}}', 'w').close()\n"
        f"        time.sleep(600)\ntime.sleep(1)\n" + right("3.4")
    )
    assert judged(path).sentence == "right"  # the first process has only waited
    started = [int(each.name) for each in marks.iterdir()]
    assert started and all(gone(pid) for pid in started)


def test_results_are_written_task_by_task_and_a_students_own_results_count_for_nothing(tmp_path):
    """A submission may bring a results.json of its own, or write one while it is graded."""
    folder, output = filled(tmp_path / "anna", ["3.3"]), tmp_path / "results.json"
    forged = json.dumps({"score": 999})
    for place in (folder, folder / "chapter_3"):
        (place / "results.json").write_text(forged)
    evil = f"from pathlib import Path\nPath({str(output)!r}).write_text({forged!r})\n"
    path_of(folder, "3.4").write_text(evil + right("3.4"))
    seen = []

    def watch(verdict):
        seen.append(len(json.loads(output.read_text())["tasks"]))

    grade(folder, output, chapter=3, limits=SHORT, watch=watch)
    found = json.loads(output.read_text())
    assert found["score"] <= find("3.3").points + TASK.points
    assert seen == list(range(1, len(seen) + 1))
