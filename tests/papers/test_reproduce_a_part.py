"""A part of a study can be chosen, and what was run before is shown beside it."""

from dataclasses import replace

import pytest

from nofb import fingerprint
from nofb.cli import main
from nofb.papers import learned_feedback
from nofb.papers.study import Part

CODE = "0123456789ab"
ROWS = ["bp 1", "bp 10", "fa 1", "fa 10"]
TASKS = [
    {"part": "floor", "rule": rule, "layers": layers, "seed": seed}
    for seed in range(2)
    for rule in ("bp", "fa")
    for layers in (1, 10)
]


def names(records):
    return [f"{r['task']['rule']} {r['task']['layers']} {r['task']['seed']}" for r in records]


@pytest.fixture
def command(tmp_path, capsys, monkeypatch):
    """Return a function that runs the command, and returns its code, the rows done and shown."""
    done = []

    def work(task, callbacks=()):
        done.append(f"{task['rule']} {task['layers']} {task['seed']}")
        return {"stopped": None}

    def table(records):
        return {"all": [["run"], *([name] for name in names(records))]}

    part = Part("floor", lambda epochs: TASKS, work, table, lambda r: table(r)["all"], "all")
    study = replace(learned_feedback.STUDY, parts=(part,), data=())
    monkeypatch.setattr(learned_feedback, "STUDY", study)
    monkeypatch.setattr(fingerprint, "of_work", lambda *functions: CODE)

    def run(*words):
        done.clear()
        code = main(
            ["reproduce", "learned_feedback", "--jobs", "1", "--out", str(tmp_path), *words]
        )
        lines = capsys.readouterr()
        shown = [line.strip() for line in lines.out.splitlines() if line[:3] in ("bp ", "fa ")]
        return code, list(done), shown, lines.err

    run.log = tmp_path / "runs.jsonl"
    return run


@pytest.mark.parametrize(("texts", "rows"), [
    (["fa"], ["fa 1", "fa 10"]),
    (["floor bp 1"], ["bp 1"]),
    (["floor bp 1", "fa 10"], ["bp 1", "fa 10"]),
    (["bp 1", "FA 1"], ["bp 1", "fa 1"]),  # whole words, and not the 1 of 10
])  # fmt: skip
def test_rows_are_chosen_by_a_part_of_their_name_or_by_all_of_it(command, texts, rows):
    """Whoever wants one hidden layer must not wait for a hundred."""
    _, done, *_ = command("--rows", *texts)
    assert done == [f"{row} {seed}" for seed in range(2) for row in rows]


def test_only_the_first_seeds_of_each_row_are_run(command):
    """A first look needs no spread."""
    _, done, *_ = command("--seeds", "1")
    assert done == [f"{row} 0" for row in ROWS]


@pytest.mark.parametrize(("chosen", "text"), [
    ([], "seeds is 3, but the rows of this study have at most 2 seeds"),
    (["--rows", "fa 1"], "seeds is 3, but these rows have at most 2 seeds"),
])  # fmt: skip
def test_more_seeds_than_a_row_has_are_refused(command, chosen, text):
    """Two seeds in the table of somebody who asked for three would be a silent loss."""
    code, done, _, err = command("--seeds", "3", *chosen)
    assert code == 2 and done == [] and text in err


def test_a_text_in_no_rows_name_is_refused_with_all_rows(command):
    """With one typing error of two texts, half of a night would be lost without a word."""
    code, done, _, err = command("--rows", "fa", "mirror")
    assert code == 2 and done == []
    assert "'mirror'" in err and all(f"floor {row}" in err for row in ROWS)
    assert command("--rows", "")[0] == 2  # such as a shell variable that is not set


def test_the_nearest_piece_of_a_rows_name_is_suggested(command):
    """Among seventy rows nobody finds the letter that is wrong."""
    err = command("--rows", "flor bp")[3]
    assert "rows has 'flor bp' (did you mean 'floor bp'?)" in err and "floor fa" not in err


def test_earlier_rows_are_shown_beside_the_chosen_ones_and_not_run_again(command):
    """A study that is run row by row must end in one table."""
    command("--rows", "fa")
    _, done, shown, _ = command("--rows", "floor bp 1", "--seeds", "1")
    assert done == ["bp 1 0"]
    assert shown == ["bp 1 0", "fa 1 0", "fa 10 0", "fa 1 1", "fa 10 1"]  # the study's order


def test_chosen_rows_are_not_run_beside_earlier_ones_of_other_code(command):
    """A table never mixes runs of two versions of the code; the earlier ones must not vanish."""
    command("--rows", "fa")
    command.log.write_text(command.log.read_text().replace(CODE, "another code"))
    code, done, _, err = command("--rows", "floor bp 1")
    assert code == 2 and not done and "made by earlier code of nofb (another code)" in err
    assert command("--kept")[2] == ["fa 1 0", "fa 10 0", "fa 1 1", "fa 10 1"]


def test_what_a_folder_has_can_be_shown_without_a_run(command):
    """While a study runs for a night, a reader wants to see the first rows."""
    command("--rows", "floor fa 1")
    before = command.log.read_bytes()
    code, done, shown, _ = command("--kept")
    assert (code, done, shown) == (0, [], ["fa 1 0", "fa 1 1"])
    assert command.log.read_bytes() == before


def test_a_folder_without_runs_has_nothing_to_show(command):
    """An empty table would look like a result."""
    code, _, _, err = command("--kept")
    assert code == 2 and f"there is no {command.log}: --out names the folder of the runs" in err


def test_a_run_that_failed_is_still_reported(command, monkeypatch):
    """It must not disappear behind the kept runs."""

    def fail(task, callbacks=()):
        raise ValueError("a made-up failure")

    part = replace(learned_feedback.STUDY.parts[0], run=fail)
    monkeypatch.setattr(learned_feedback, "STUDY", replace(learned_feedback.STUDY, parts=(part,)))
    code, _, _, err = command("--rows", "floor bp 1", "--seeds", "1")
    assert code == 1 and "a made-up failure" in err


def test_other_data_are_refused_by_a_study_that_has_none(command):
    """Otherwise MNIST would be run under the name of another data set."""
    code, _, _, err = command("--data", "cifar10")
    assert code == 2 and "learned_feedback runs on its own data only" in err


def test_unknown_data_are_refused_with_the_known_ones(capsys, tmp_path):
    """The only other one has to be known to be asked for."""
    words = ["reproduce", "akrout2019", "--data", "imagenet", "--out", str(tmp_path)]
    assert main(words) == 2
    assert "'imagenet'" in (err := capsys.readouterr().err) and "cifar10" in err


def test_other_data_have_a_folder_and_a_page_of_their_own(tmp_path, monkeypatch, capsys):
    """CIFAR-10 must not overwrite the table of MNIST."""
    monkeypatch.chdir(tmp_path)
    assert main(["reproduce", "akrout2019", "--data", "cifar10", "--kept"]) == 2
    assert "nofb-akrout2019_cifar10" in capsys.readouterr().err
