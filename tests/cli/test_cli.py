"""The command line as a student uses it, with typical mistakes."""

import json
import re
import subprocess
import sys

import pytest
from commands import run

from nofb import datasets
from nofb.rules import RULES

QUICK = ["--hidden", "8", "--epochs", "1"]


def test_compare_prints_a_table_and_writes_the_folder(capsys, tmp_path):
    """The main use: one command shows a student all rules side by side."""
    folder = tmp_path / "new" / "folder"
    words = ["compare", "--rules", "bp", "fa", "shallow", "--seeds", "2", "--jobs", "1", *QUICK]
    code, out, err = run(capsys, *words, "--out", str(folder))
    assert code == 0 and err == ""
    assert [line.split()[0] for line in out.splitlines()[2:5]] == ["bp", "fa", "shallow"]
    assert str(folder / "report.html") in out
    kinds = {path.suffix for path in folder.iterdir()}
    assert kinds == {".html", ".png", ".svg", ".json", ".csv", ".jsonl", ".md", ".tex"}
    results = json.loads((folder / "results.json").read_text())
    assert len(results["runs"]) == 6
    assert results["command"].startswith("nofb compare --rules bp fa shallow --seeds 2")


def test_two_jobs_give_the_numbers_of_one(capsys, tmp_path):
    """The distribution of a grid over processes must not change a result."""
    accuracies = []
    for jobs in ("1", "2"):
        words = ["compare", "--rules", "fa", "dfa", "--seeds", "2", "--jobs", jobs, *QUICK]
        assert run(capsys, *words, "--out", str(tmp_path / jobs))[0] == 0
        runs = json.loads((tmp_path / jobs / "results.json").read_text())["runs"]
        accuracies.append([(r["rule"], r["seed"], r["history"]["test_accuracy"]) for r in runs])
    assert accuracies[0] == accuracies[1]


def test_train_prints_a_line_for_each_epoch(capsys):
    """A student watches how the loss falls and the angle changes."""
    code, out, _ = run(
        capsys, "train", "fa", "--hidden", "8", "--epochs", "3", "--validation", ".2"
    )
    assert code == 0
    assert len(re.findall(r"^ +[123] +\d\.\d+ ( +[\d.]+ %){3} +\d+° +0°$", out, re.M)) == 3


def test_rules_lists_every_rule_with_its_paper_and_what_it_uses(capsys):
    """Which rule needs weight transport is the main question of the field."""
    code, out, _ = run(capsys, "rules")
    parts = {part.split()[0]: part for part in re.split(r"\n(?=\S+ {2,})", out)[1:]}
    assert code == 0 and list(parts) == list(RULES)
    using = {name for name, part in parts.items() if "transport" in part.partition("uses")[2]}
    assert using == {"bp", "sa", "dtp", "gnt"}


def test_data_lists_every_data_set_and_where_it_is(capsys, monkeypatch, tmp_path):
    """A teacher without a network must know which data sets work in the lecture hall."""
    monkeypatch.delenv("NOFB_DATA_DIR", raising=False)
    monkeypatch.setenv("NOFB_CACHE_DIR", str(tmp_path))
    code, out, _ = run(capsys, "data")
    assert code == 0
    rows = {row.split()[0]: row for row in re.split(r"\n(?=\S)", out)}
    assert list(rows)[:-1] == datasets.names()
    assert "\n embedded;" in re.sub(" +", " ", rows["digits"])
    assert "\n not here: will be downloaded" in re.sub(" +", " ", rows["mnist"])
    assert max(map(len, out.splitlines())) <= 80


def test_the_module_runs_like_the_command():
    """`python -m nofb` works where the folder of scripts is not on the path."""
    finished = subprocess.run(
        [sys.executable, "-m", "nofb", "train", "bq"], capture_output=True, text=True, check=False
    )
    assert finished.returncode == 2
    assert finished.stdout == ""
    assert finished.stderr.startswith(
        "nofb: rule is 'bq' (did you mean 'bp'?), but must be one of: bp, fa, dfa"
    )
    assert finished.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["train", "fa", "--lr", "-1"], "lr must be finite and greater than 0, but is -1.0"),
        (["train", "fa", "--lr", "nan"], "lr must be finite"),
        (["train", "fa", "--lr", "fast"], "argument --lr: invalid float value: 'fast'"),
        (["train", "fa", "--epochs", "0"], "epochs must be at least 1, but is 0"),
        (["train", "fa", "--hidden", "0"], "hidden must be at least 1, but is 0"),
        (
            ["train", "fa", "--activation", "tahn"],
            "activation is 'tahn' (did you mean 'tanh'?), but must be one of: ide",
        ),
        (
            ["train", "fa", "--optimizer", "sdg"],
            "optimizer is 'sdg' (did you mean 'sgd'?), but must be one of: sgd",
        ),
        (
            ["train", "fa", "--data", "minst"],
            "data is 'minst' (did you mean 'mnist'?), but must be one of: digits",
        ),
        (["train", "fa", "--seed", "-1"], "seed must be at least 0"),
        (["train", "fa", "--validation", "2"], "validation must be"),
        (["train", "fa", "--input-dropout", "1"], "input_dropout must be"),
        (["train", "fa", "--data", "mnist", "--optimizer", "adam"], "give one with lr"),
        (["train"], "the following arguments are required: RULE"),
        (["compare", "--rules", "fa", "xyz"], "rule is 'xyz', but must be one of"),
        (["compare", "--rules"], "expected at least one argument"),
        (["compare", "--seeds", "0"], "seeds must be at least 1"),
        (["compare", "--jobs", "0"], "jobs must be at least 1"),
        (["copmare"], "invalid choice: 'copmare'"),
    ],
)
def test_a_mistake_gets_one_sentence_and_exit_code_2(
    capsys, tmp_path, monkeypatch, words, sentence
):
    """A traceback does not tell a beginner which word was mistyped."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NOFB_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("NOFB_DATA_DIR", raising=False)
    code, _, err = run(capsys, *words)
    assert code == 2
    assert err.startswith("nofb: ") and sentence in err and err.count("\n") == 1
    assert not list(tmp_path.iterdir()), "something half-written was left behind"


def test_a_folder_that_cannot_be_written_is_refused_before_training(capsys, tmp_path):
    """An hour of training must not end in an error about a path."""
    occupied = tmp_path / "file"
    occupied.write_text("mine")
    code, out, err = run(capsys, "compare", "--out", str(occupied))
    assert code == 2 and out == "" and str(occupied) in err
    assert occupied.read_text() == "mine"


def test_a_run_that_diverges_ends_with_exit_code_1_and_names_the_step(capsys):
    """A script must be able to tell a diverged run from a finished one."""
    words = ["--lr", "1e6", "--optimizer", "sgd", "--activation", "relu"]
    with pytest.warns(RuntimeWarning, match="bp was stopped in epoch 1"):
        code, _, _ = run(capsys, "train", "bp", *words)
    assert code == 1
