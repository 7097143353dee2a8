"""The command `nofb course check`: one task, a chapter, or everything that has an answer."""

import re
import stat
import sys

import pytest
from course.folders import filled, path_of

from nofb.cli import main
from nofb.course import TASKS, find, gradescope, hidden
from nofb.course.folder import is_stub, new, stub
from nofb.course.tasks import of_chapter


@pytest.fixture
def anna(tmp_path):
    return filled(tmp_path / "anna", ["3.3", "3.4"], "anna")


def checked(capsys, *words):
    """Return the exit code, the numbers of the tasks that were judged, and all lines."""
    code = main(["course", "check", *map(str, words)])
    lines = capsys.readouterr().out.splitlines()
    return code, [line.split()[0] for line in lines if line.split()[0] in TASKS], lines


def test_a_chapter_is_checked_as_a_whole(anna, capsys):
    """Students called the command six times."""
    code, numbers, lines = checked(capsys, "3", "--folder", anna)
    assert code == 1 and numbers == [item.number for item in of_chapter(3)]
    points = sum(find(number).points for number in ("3.3", "3.4"))
    assert f"{points} of {sum(item.points for item in of_chapter(3))} points" in lines


def test_without_a_task_everything_that_has_an_answer_is_checked(anna, capsys, monkeypatch):
    new(anna, 2, "anna")
    monkeypatch.chdir(anna / "chapter_2")
    code, numbers, lines = checked(capsys)
    assert code == 0 and numbers == ["3.3", "3.4"]
    assert lines[-1] == "The other tasks have no answer yet."


def test_a_folder_without_any_answer_is_a_sentence(tmp_path, capsys):
    new(tmp_path, 2, "anna")
    assert main(["course", "check", "--folder", str(tmp_path)]) == 2
    assert "has no answer yet" in capsys.readouterr().err


def test_a_hint_is_for_one_task(capsys):
    for words in (["3"], []):
        assert main(["course", "check", *words, "--hint"]) == 2
        assert "--hint needs one task, such as" in capsys.readouterr().err


def test_a_wrong_answer_names_a_command_for_a_hint_that_works(anna, capsys):
    """The command that it named lacked the number of the task."""
    new(anna, 2, "anna")
    path_of(anna, "2.3").write_text("ANSWER = -1.5\n")
    _, _, lines = checked(capsys, "2.3", "--folder", anna)
    words = re.search("nofb (course check .* --hint)", "\n".join(lines))
    assert words and main(words[1].split()) == 0
    assert find("2.3").hints[0] in capsys.readouterr().out


@pytest.mark.parametrize(("number", "form"), [("3.9", "check 3"), ("12", "check 1")])
def test_the_error_for_an_unknown_task_names_the_chapters_form(number, form, capsys):
    """Who types a number that is none learns that a chapter may be given."""
    assert main(["course", "check", number]) == 2
    assert f"`nofb course {form}` checks" in capsys.readouterr().err


@pytest.mark.parametrize("number", ["2.1", "2.3", "2.4"])
def test_a_file_as_it_was_made_is_no_answer_whatever_its_line_endings(number, tmp_path):
    """Windows editors write two characters at the end of a line."""
    item = find(number)
    path = tmp_path / item.file
    assert is_stub(path, item)
    for end in ("\n", "\r\n"):
        path.write_bytes(stub(item).replace("\n", end).encode())
        assert is_stub(path, item)
    path.write_bytes(stub(item).encode() + b"ANSWER = 'x'\n")
    assert not is_stub(path, item)
    path.write_bytes(b"\xff\xfe")  # unreadable: judging it says why
    assert not is_stub(path, item)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_hidden_tests_can_be_read_by_their_owner_alone(tmp_path):
    """The guide told the teacher to do it; whoever forgot gave them to all users."""
    secret, archive, public = (tmp_path / name for name in ("hidden.py", "a.zip", "b.zip"))
    hidden.write(secret)
    gradescope.write_zip(archive, chapter=3, hidden=secret)
    gradescope.write_zip(public, chapter=3)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (secret, archive)]
    assert modes == [0o600, 0o600] and public.stat().st_mode & stat.S_IRUSR
    assert hidden.load(secret).seed >= 0
    with pytest.raises(FileExistsError):
        hidden.write(secret)


def test_a_folder_that_is_not_there_is_named(tmp_path, capsys):
    """Five lines about missing files would hide one wrong path."""
    assert main(["course", "check", "2", "--folder", str(tmp_path / "none")]) == 2
    assert "is no folder" in capsys.readouterr().err
