"""Hidden tests: in the teacher's file alone, and in no feedback."""

import json

import pytest
from course.folders import filled, path_of, right

from nofb.course import find, gradescope, hidden
from nofb.course.grade import grade
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


@pytest.mark.parametrize("text", ["", "SEED = 'a'", "SEED = -1", "SEED = 1.5"])
def test_a_file_without_a_seed_is_refused(text, tmp_path):
    path = tmp_path / "hidden.py"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"SEED is .* whole number"):
        hidden.load(path)
