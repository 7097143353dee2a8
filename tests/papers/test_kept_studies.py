"""The kept runs of a study have the same code, and none of them is ever lost."""

import json
from dataclasses import replace

import numpy as np
import pytest

from nofb import datasets, fingerprint
from nofb.cli import main
from nofb.datasets import Dataset
from nofb.papers import akrout2019, learned_feedback
from nofb.papers.study import Part
from nofb.runs import train as engine
from nofb.runs.grid import run_grid
from nofb.runs.kept import SameCode, of_one_code, with_code

NAME = "learned_feedback"
TASKS = [
    {"part": "floor", "form": "linear", "share": 0.02, "samples": 16, "seed": seed}
    for seed in range(3)
]
TODAY = fingerprint.of_nofb()
EARLIER = "0123456789ab"


class Study:
    """The command with three small runs, in a folder with a log."""

    def __init__(self, folder, capsys):
        self.folder, self.capsys, self.log, self.seen = folder, capsys, folder / "runs.jsonl", []

    def work(self, task, callbacks=()):
        self.seen.append(task["seed"])
        return {"measured": 1.0, "stopped": None}

    def keep(self, code, tasks=TASKS):
        """Leave runs of some code in the log."""
        with self.log.open("a") as file:
            for task in tasks:
                record = {"task": with_code(task, code), "result": {"measured": 0.5}}
                file.write(json.dumps(record | {"seconds": 0.1}) + "\n")
        return self.log.read_bytes()

    def run(self, *words):
        """Return the exit code, and what was printed."""
        code = main(["reproduce", NAME, "--jobs", "1", "--out", str(self.folder), *words])
        return code, *self.capsys.readouterr()


@pytest.fixture
def study(tmp_path, capsys, monkeypatch):
    made = Study(tmp_path, capsys)

    def rows(records):
        return [["measured"], *([str(record["result"]["measured"])] for record in records)]

    part = Part("floor", lambda epochs: TASKS, made.work, lambda r: {"all": rows(r)}, rows, "all")
    small = replace(learned_feedback.STUDY, parts=(part,))
    monkeypatch.setattr(learned_feedback, "STUDY", small)
    monkeypatch.setattr(fingerprint, "of_work", lambda *functions: TODAY)
    return made


def test_a_kept_run_names_the_code_and_is_used_again_for_it(study):
    """Otherwise a reader could not know which code gave a kept number."""
    assert study.run()[0] == 0 and study.seen == [0, 1, 2]
    kept = [json.loads(line)["task"] for line in study.log.read_text().splitlines()]
    assert kept == [{**task, "code": TODAY} for task in TASKS]
    code, out, _ = study.run()
    assert code == 0 and study.seen == [0, 1, 2]
    assert "3 of 3 runs were finished earlier" in out and "earlier code" not in out


def test_a_page_that_would_only_get_a_new_date_stays_as_it_is(study):
    """`nofb reproduce` in a clean checkout would otherwise change files of the repository."""
    assert study.run()[0] == 0
    page = study.folder / f"{NAME}.md"
    old = page.read_text("utf-8").replace("Written 20", "Written 19")
    page.write_text(old, "utf-8")
    files = {path: path.read_bytes() for path in study.folder.iterdir()}
    assert study.run()[0] == 0
    assert {path: path.read_bytes() for path in study.folder.iterdir()} == files
    page.write_text(old.replace("1.0", "2.0"), "utf-8")
    assert study.run()[0] == 0
    assert "2.0 |" not in page.read_text("utf-8") and "Written 19" not in page.read_text("utf-8")


@pytest.mark.parametrize(
    ("kept_by", "named"), [(None, "their log does not name it"), (EARLIER, EARLIER)]
)
def test_a_whole_log_of_earlier_code_is_shown_and_reported_as_such(study, kept_by, named):
    """Hours of runs should be shown, but a reader must know that the code has changed."""
    before = study.keep(kept_by)
    code, out, err = study.run()
    assert code == 0 and err == "" and study.seen == []
    assert out.splitlines().count("0.5") == 3
    assert f"These runs were made by earlier code of nofb ({named})." in out
    assert study.log.read_bytes() == before


@pytest.mark.parametrize("kept_by", [None, EARLIER])
def test_no_run_is_added_to_those_of_earlier_code(study, kept_by):
    """A table of runs of two codes would compare what cannot be compared."""
    before = study.keep(kept_by, TASKS[:2])
    code, out, err = study.run()
    assert code == 2 and out == "" and study.seen == []
    assert "keeps 2 of 3 runs of one table, made by earlier code of nofb" in err
    assert "start again in another folder (--out)" in err
    assert study.log.read_bytes() == before
    assert [path.name for path in study.folder.iterdir()] == ["runs.jsonl"]


def test_a_chosen_run_is_not_added_to_others_of_earlier_code(study):
    """The page would have the new run alone: those that took hours would seem to be lost."""
    before = study.keep(EARLIER, TASKS[1:])
    code, _, err = study.run("--seeds", "1")
    assert code == 2 and "keeps 2 of 3 runs of one table" in err
    assert study.log.read_bytes() == before


@pytest.mark.parametrize(("instead", "option"), [
    ("--kept", ["--cluster", "local"]),
    ("--kept", ["--vouch"]),
    ("--vouch", ["--cluster", "local"]),
    ("--vouch", ["--seeds", "1"]),
])  # fmt: skip
def test_options_are_refused_where_they_have_no_effect(study, instead, option):
    """Ignored, they would seem to have done something."""
    assert study.run()[0] == 0
    code, _, err = study.run(instead, *option)
    assert code == 2 and f"{option[0]} has no effect with {instead}: leave it out" in err


def test_chosen_kept_runs_are_printed_and_the_page_has_all(study):
    """Whoever looks for one number must not read eight tables."""
    study.keep(TODAY)
    code, out, _ = study.run("--kept", "--rows", "floor linear", "--seeds", "1")
    assert code == 0 and study.seen == [] and out.splitlines().count("0.5") == 1
    assert (study.folder / "learned_feedback.md").read_text("utf-8").count("| 0.5 |") == 3
    assert "did you mean" in study.run("--kept", "--rows", "linaer")[2]


def test_a_shorter_run_does_not_replace_the_page_of_long_ones(study, monkeypatch):
    """A first look with --epochs 1 would leave a table of one row in place of a night's work."""

    def tasks(epochs):
        return [{**task, "epochs": min(epochs or 9, 9)} for task in TASKS]

    part = replace(learned_feedback.STUDY.parts[0], tasks=tasks)
    monkeypatch.setattr(learned_feedback, "STUDY", replace(learned_feedback.STUDY, parts=(part,)))
    assert study.run()[0] == 0
    page, log = study.folder / "learned_feedback.md", study.log.read_bytes()
    before = page.read_bytes()
    code, _, err = study.run("--epochs", "1", "--seeds", "1")
    assert code == 2 and "has runs of 9 epochs" in err and "take another folder (--out)" in err
    assert (page.read_bytes(), study.log.read_bytes()) == (before, log)
    assert study.run("--epochs", "20")[0] == 0  # these are the same runs


def test_a_broken_result_of_vouching_is_named(study):
    """The page is made in the same command, so the runs would seem to be at fault."""
    study.keep(EARLIER)
    for broken in ("{", "{}", "[]"):
        (study.folder / "vouched.json").write_text(broken)
        code, _, err = study.run()
        assert code == 2 and "vouched.json is not what --vouch writes: delete it" in err


def test_a_folder_with_runs_of_another_length_says_so(study):
    """After a first look with --epochs 1, `--kept` finds nothing, and the runs seem to be lost."""
    study.keep(TODAY, [{**task, "epochs": 1} for task in TASKS])
    for word in ("--kept", "--vouch"):
        code, _, err = study.run(word)
        assert code == 2 and "it has some with --epochs 1" in err


def test_failed_runs_of_the_same_length_are_no_runs_of_another_one(study):
    """The message would name the length that was asked for."""
    failed = {"task": with_code({**TASKS[0], "epochs": 1}, TODAY), "error": "OSError: no data"}
    study.log.write_text(json.dumps(failed | {"seconds": 0.1}) + "\n")
    code, _, err = study.run("--kept", "--epochs", "1")
    assert code == 2 and "keeps no runs of" in err and "--epochs" not in err


def test_the_full_size_has_a_folder_of_its_own(tmp_path, monkeypatch, capsys):
    """In the same folder, one long run would replace the page of all short ones."""
    monkeypatch.chdir(tmp_path)
    assert main(["reproduce", "meulemans2020", "--full", "--kept"]) == 2
    assert "nofb-meulemans2020-full" in capsys.readouterr().err


@pytest.mark.parametrize(("words", "told"), [
    (["--rows", "1x800"], "which study?"),
    (["--kept"], "which study?"),
    (["--epochs", "3"], "which study?"),
    (["lillicrap2016", "--full"], "lillicrap2016 has its full size already: leave --full out"),
])  # fmt: skip
def test_options_without_an_effect_are_refused(words, told, capsys):
    """The list of studies, or a run of the usual size, would look like the answer."""
    assert main(["reproduce", *words]) == 2
    assert told in capsys.readouterr().err


def test_half_the_name_of_an_option_is_refused(capsys):
    """Taken as --rows, a slip would start the whole study."""
    with pytest.raises(SystemExit):
        main(["reproduce", "lillicrap2016", "--row", "bp"])
    assert "unrecognized arguments: --row bp" in capsys.readouterr().err


def test_runs_of_other_tasks_do_not_block_new_runs(study):
    """A short run of earlier code must not block the long run forever."""
    before = study.keep(EARLIER, [{**task, "seed": 9} for task in TASKS])
    assert study.run()[0] == 0 and study.seen == [0, 1, 2]
    assert study.log.read_bytes().startswith(before)


def test_a_log_of_two_codes_gives_the_runs_of_one(tmp_path, study):
    """A user may join logs by hand; a table must not mix seeds of two codes."""
    study.keep(EARLIER, TASKS)
    study.keep(TODAY, TASKS[:1])
    assert of_one_code(TASKS, study.log, TODAY) == [with_code(task, EARLIER) for task in TASKS]
    study.keep(TODAY, TASKS[1:])
    assert of_one_code(TASKS, study.log, TODAY) == [with_code(task, TODAY) for task in TASKS]
    assert [task["seed"] for task in of_one_code(TASKS, tmp_path / "none", TODAY)] == [0, 1, 2]


def test_a_failed_run_of_earlier_code_does_not_block_new_runs(study):
    """It has no number that could be mixed with others."""
    with study.log.open("w") as file:
        record = {"task": with_code(TASKS[0], EARLIER), "error": "MemoryError: too much"}
        file.write(json.dumps(record | {"seconds": 0.1}) + "\n")
    assert study.run()[0] == 0 and study.seen == [0, 1, 2]


def test_kept_runs_are_shown_if_the_data_cannot_be_loaded(study, monkeypatch):
    """A reader who only wants to see the table needs no download."""

    def load(name):
        raise OSError(f"{name} could not be downloaded")

    monkeypatch.setattr(datasets, "load", load)
    study.keep(None)
    assert study.run()[0] == 0
    study.log.unlink()
    assert study.run()[0] == 2


def test_a_process_with_other_code_refuses_a_run_of_a_study():
    """A worker loads the present files; its numbers would be stored under the other code."""
    work = SameCode(lambda task: {"n": 1}, lambda task: TODAY)
    (record,) = run_grid(work, [{"n": 1, "code": EARLIER}])
    assert "is not the one that asks for this run" in record["error"]


def test_an_unfinished_run_is_only_resumed_by_the_code_that_began_it(tmp_path, monkeypatch):
    """Otherwise its first epochs would be those of one code, and the others those of another."""
    rng = np.random.default_rng(0)
    x, y = rng.random((300, 784)), rng.integers(0, 10, 300)
    y[:10] = range(10)
    data = Dataset(x, y, x[:40], y[:40], name="mnist", image_shape=(1, 28, 28))
    monkeypatch.setattr(datasets, "load", lambda name: data)
    begun = []

    def stopped(*args, checkpoint, **options):
        begun.append(checkpoint.file.name)
        raise KeyboardInterrupt

    monkeypatch.setattr(engine, "fit", stopped)
    for code in (EARLIER, TODAY):
        task = with_code({"form": "paper", "rule": "bp", "seed": 0, "epochs": 2}, code)
        with pytest.raises(KeyboardInterrupt):
            akrout2019.STUDY.run(tmp_path, task)
    assert begun == [f"paper-bp-0-2-{code}.npz" for code in (EARLIER, TODAY)]


def test_each_finished_run_is_a_line_if_nobody_watches(study):
    """A job on a cluster that says nothing for a night looks like one that hangs."""
    study.keep(TODAY, TASKS[:1])
    _, out, err = study.run()
    begun, *lines = err.splitlines()
    assert begun == "nofb: 2 runs of: floor linear 0.02 16"
    assert [line.startswith("nofb: run ") for line in lines] == [True, True]
    assert lines[1].startswith("nofb: run 3 of 3: floor linear 0.02 16, seed 2, 0 s")
    assert "run 3 of 3" not in out and study.run()[2] == ""
