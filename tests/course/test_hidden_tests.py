"""Hidden tests: in the teacher's file alone, and in no feedback."""

import json

import pytest
from course.folders import filled, path_of, right

from nofb.cli import main
from nofb.course import classes, find, gradescope, hidden
from nofb.course.files import judge_file
from nofb.course.grade import for_a_student, grade
from nofb.course.judge import DRAWS, WRONG_FOR_OTHERS, _rng, judge

TASK = find("3.4")


def by_heart():
    """Return an answer that knows the public arguments' results, and gives zeros for others."""
    draws = [TASK.draw(_rng(TASK, 0, number)) for number in [*range(DRAWS), 100]]
    known = {repr(float(e.sum())): TASK.reference(e, D).tolist() for e, D in draws}
    known |= {repr(float(5 * e.sum())): TASK.reference(e, D).tolist() for e, D in draws}
    known |= {repr(float((5 * e).sum())): TASK.reference(e, D).tolist() for e, D in draws}
    return (
        f"import numpy as np\nKNOWN = {known!r}\ndef project_sign(e, D):\n"
        "    return np.array(KNOWN.get(repr(float(e.sum())), 0 * (e @ D)))\n"
    )


@pytest.fixture
def secret(tmp_path):
    """A file of hidden tests with one that an answer for one-hot targets alone fails."""
    path = tmp_path / "hidden.py"
    path.write_text(
        "import numpy as np\nSEED = 7\ndef soft(answer, rng):\n"
        "    found = answer(np.full((2, 3), 0.5), np.ones((3, 4)))\n"
        "    return None if np.allclose(found, 1.5) else 'the cause of 3.3'\n"
        "TESTS = {'3.3': [soft]}\n"
    )
    return hidden.load(path)


def test_an_answer_that_knows_the_public_arguments_by_heart_fails(secret):
    """Students run the public tests, and could write an answer that fits nothing else."""
    assert judge(TASK, by_heart(), "theirs.py").score == TASK.points
    found = judge(TASK, by_heart(), "theirs.py", hidden=secret)
    assert found.sentence == WRONG_FOR_OTHERS and found.score <= 0.2 * TASK.points
    assert found.hidden.startswith("entry [0, 0] of the result is 0")
    right_one = judge(TASK, right("3.4"), "theirs.py", hidden=secret)
    assert right_one.score == TASK.points and right_one.hidden == ""


def test_what_a_hidden_test_found_is_in_no_feedback(secret, tmp_path):
    """The cause would give the hidden test away; only Gradescope's page for teachers has it."""
    folder, output = filled(tmp_path / "anna", ["3.3", "3.4"]), tmp_path / "anna.json"
    path_of(folder, "3.3").write_text("def project(y, D):\n    return D[y.argmax(1)]\n")
    verdicts = grade(folder, output, chapter=3, hidden=secret)
    found = {verdict.number: verdict for verdict in verdicts}
    assert found["3.3"].hidden == "the cause of 3.3" and found["3.4"].sentence == "right"
    assert "the cause" not in output.read_text() + "\n".join(map(str, verdicts))
    tests = gradescope.results(verdicts)["tests"]
    leaks = [test for test in tests if "the cause" in json.dumps(test)]
    assert [test["visibility"] for test in leaks] == ["hidden"] and "score" not in leaks[0]


def test_what_is_printed_is_not_in_the_results(secret, tmp_path):
    """A function that prints its arguments would publish those of the hidden tests."""
    folder, output = filled(tmp_path / "anna", ["3.4"]), tmp_path / "anna.json"
    path_of(folder, "3.4").write_text(
        right("3.4").replace("    return", "    print(1234)\n    return")
    )
    verdicts = grade(folder, output, chapter=3, hidden=secret)
    assert any("1234" in verdict.printed for verdict in verdicts)
    assert "1234" not in output.read_text() + json.dumps(gradescope.results(verdicts))


def test_a_file_of_hidden_tests_has_a_seed_of_its_own_and_is_kept(tmp_path):
    """Two classes have two seeds; writing it twice would change the grades of those done."""
    for name in ("a.py", "b.py"):
        hidden.write(tmp_path / name)
    first, second = (hidden.load(tmp_path / name) for name in ("a.py", "b.py"))
    assert first.seed != second.seed
    assert judge(find("3.1"), right("3.1"), "theirs.py", hidden=first).sentence == "right"
    with pytest.raises(FileExistsError):
        hidden.write(tmp_path / "a.py")


def test_a_hidden_test_that_is_itself_wrong_costs_nobody_and_is_told_to_the_teacher(tmp_path):
    """A mistake in the teacher's file must not cost a class its points."""
    broken = hidden.parse(
        "SEED = 1\ndef raises(answer, rng):\n    return {}['secret']\n"
        "def complains(answer, rng):\n    return 'always'\n"
        "TESTS = {'3.4': [raises, complains]}\n",
        "hidden.py",
    )
    verdict = judge(TASK, right("3.4"), "theirs.py", hidden=broken)
    assert verdict.sentence == "right" and verdict.score == TASK.points and verdict.hidden == ""
    first, second = verdict.faults
    assert "hidden test 1 of 3.4" in first and "KeyError: 'secret'" in first and "always" in second
    assert "secret" not in json.dumps(for_a_student(verdict))


def test_a_hidden_test_that_raises_for_a_wrong_answer_only_counts(tmp_path):
    """Otherwise an answer could pass by making the test fail."""
    fragile = hidden.parse(
        "SEED = 1\nimport numpy as np\ndef ratio(answer, rng):\n"
        "    found = answer(np.ones((2, 3)) / 7, np.ones((3, 4)))\n"
        "    return None if 3 // int(found.sum()) == 0 else 'small'\n"
        "TESTS = {'3.4': [ratio]}\n",
        "hidden.py",
    )
    by_size = "return np.where(abs(e).min() == abs(e).max(), 0.0, np.sign(e)) @ D"
    verdict = judge(TASK, TASK.function_of(by_size), "theirs.py", hidden=fragile)
    assert verdict.score < TASK.points and "ZeroDivisionError" in verdict.hidden
    assert not verdict.faults


def test_no_word_of_a_submission_is_in_a_sentence_when_hidden_tests_decide(tmp_path):
    """What a submission has found out could be read in its errors, its results or its ANSWER."""
    secret, word = hidden.parse("SEED = 1\n", "hidden.py"), "word1234"
    for source in (
        f"raise ValueError({word!r})",
        f"def project_sign(e, D): raise type({word!r}, (Exception,), {{}})",
        f"def project_sign(e, D): return {word!r}",
        "import sys\nsys._getframe(1).f_globals['described'] = "
        f"lambda *a: ({word!r}, {word!r})\n1 / 0",
    ):
        verdict = judge(TASK, source, "theirs.py", hidden=secret)
        assert verdict.score < TASK.points and word not in verdict.sentence
    path = tmp_path / find("1.9").file
    for answer in (repr(word), f"[{word!r}]", "1234"):
        path.write_text(f"ANSWER = {answer}\n")
        verdict = judge_file(find("1.9"), path, hidden=secret)
        assert verdict.score == 0 and "1234" not in verdict.sentence and verdict.sentence


@pytest.mark.parametrize(
    ("text", "named"),
    [("SEED = 1\nTESTS = {'3.1': [}", "hidden.py cannot be run in line 2: SyntaxError"),
     ("SEED = 1\n\nx = 1 / 0\n", "hidden.py cannot be run in line 3: ZeroDivisionError"),
     ("SEED = 1\nraise SystemExit(0)\n", "hidden.py cannot be run in line 2: SystemExit"),
     ("SEED = 1\nTESTS = {'3.11': []}\n", "TESTS names task '3.11'"),
     ("SEED = 1\nTESTS = {'3.6': []}\n", "TESTS names task '3.6'"),
     ("SEED = 1\nTESTS = [print]\n", "TESTS is a list"),
     ("SEED = 1\nTESTS = {'3.1': print}\n", "must give each task a list of functions"),
     ("SEED = 1\nTESTS = {'3.1': [1]}\n", "must give each task a list of functions")],
)  # fmt: skip
def test_a_broken_file_is_told_in_one_sentence_before_anything_is_graded(
    text, named, tmp_path, capsys
):
    """A typing error in a task's number would leave the task without its hidden test."""
    path, folder = tmp_path / "hidden.py", filled(tmp_path / "anna", ["3.4"])
    path.write_text(text)
    for more in ([], [str(filled(tmp_path / "bob", ["3.4"]))]):
        words = ["course", "grade", str(folder), *more, "--chapter", "3", "--hidden", str(path)]
        assert main(words) == 2
        printed = capsys.readouterr()
        assert printed.out == "" and named in printed.err and printed.err.count("\n") == 1


def test_the_graders_of_a_class_are_given_the_text_and_open_no_file(monkeypatch, tmp_path):
    """The file is read once, before any submission runs; the text goes on by a pipe."""
    path = tmp_path / "hidden.py"
    hidden.write(path)
    tasks = []

    def run_grid(work, given, **how):
        tasks.extend(given)
        return iter(())

    monkeypatch.setattr(classes, "run_grid", run_grid)
    list(classes.grade_class([tmp_path], None, 3, hidden.load(path)))
    assert tasks[0]["hidden"][0] == path.read_text()


@pytest.mark.parametrize("text", ["", "SEED = 'a'", "SEED = -1", "SEED = 1.5"])
def test_a_file_without_a_seed_is_refused(text, tmp_path):
    path = tmp_path / "hidden.py"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"SEED is .* whole number"):
        hidden.load(path)
