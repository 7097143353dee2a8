"""Every part of the studies of images goes from its runs to its page, on tiny images."""

import csv
import re

import numpy as np
import pytest

from nofb import papers
from nofb.cli import main
from nofb.report.failures import row_name
from nofb.training import Callback

ROWS = {  # of each part, the quickest ones
    "nokland2016": ["mnist 1x800 tanh bp 0.0005 cosine", "mnist 1x800 tanh dfa 0.0005 cosine",
                    "full_length 7x240 tanh ifa 0.0001 constant",
                    "starts 7x240 tanh fa 0.0003 cosine first layer uniform",
                    "cifar10 1x1000 tanh fa 0.00015 cosine",
                    "convolutional convolutional tanh dfa 0.00015 cosine",
                    "features bp", "features dfa",
                    "freezing dfa 0", "freezing dfa 10"],
    "depth": ["bp 1 0.0003", "dfa from zero 2 3e-05"],
    "two_gradients": ["bp", "dfa"],
    "frenkel2021": ["mean 784-500-10 fa 0.03", "released 784-500-10 dfa 0.0003"],
    "sign_symmetry": ["mnist bp 0.003", "fashion_mnist usf 0.003"],
    "residual": ["cifar10_jpeg bp 0.003", "cifar10_jpeg fa 0.003"],
    "akrout2019_cifar10": ["released bp cifar10", "released fa cifar10"],
}  # fmt: skip
FIGURES = {
    "nokland2016": {"convolutional", "features", "freezing"},
    "depth": {"depth"},
    "two_gradients": {"two_gradients"},
    "akrout2019_cifar10": {"released"},
}
STUDIES = {study.name: study for study in papers.every()}


def words(name):
    paper = name if name in papers.names() else name.removesuffix("_cifar10")
    return ["reproduce", paper, *(["--data", "cifar10"] if paper != name else [])]


@pytest.mark.parametrize("name", ROWS)
def test_a_short_run_of_each_part_ends_in_a_page(name, tiny_images, tmp_path, capsys):
    """An error in the last line of a table would be found after a night of runs."""
    chosen = [*words(name), "--rows", *ROWS[name], "--seeds", "1", "--epochs", "1"]
    assert main([*chosen, "--jobs", "1", "--out", str(tmp_path)]) == 0, capsys.readouterr().err
    study, made = STUDIES[name], {file.name for file in tmp_path.iterdir()}
    numbers = {f"{part.numbers}.csv" for part in study.parts}
    assert {f"{name}.md", "runs.jsonl", *numbers} <= made
    assert {f"{figure}.png" for figure in FIGURES.get(name, ())} <= made
    assert not any(file.endswith(".npz") for file in made), "a checkpoint is left over"
    page = (tmp_path / f"{name}.md").read_text("utf-8")
    assert sum(line.startswith("| ") for line in page.splitlines()) >= len(ROWS[name])
    for file in numbers:
        heading, *rows = csv.reader((tmp_path / file).read_text("utf-8").splitlines())
        assert rows and {len(row) for row in rows} == {len(heading)}


@pytest.mark.parametrize("name", ROWS)
def test_a_short_run_of_each_part_is_vouched_for(name, tiny_images, tmp_path, capsys):
    """The kept log of a long run is compared by the same command."""
    first = {}
    for row in ROWS[name]:
        task = next(t for t in STUDIES[name].tasks(1) if row_name(t) == row)
        first.setdefault(STUDIES[name].part(task).name, row)
    chosen = [*words(name), "--out", str(tmp_path), "--jobs", "1", "--epochs", "1"]
    assert main([*chosen, "--rows", *first.values(), "--seeds", "1"]) == 0
    assert main([*chosen, "--vouch"]) == 0
    assert "Today's code made all of these runs" in capsys.readouterr().out
    log = tmp_path / "runs.jsonl"
    log.write_text(re.sub(r'"code": "\w+"', '"code": "0123456789ab"', log.read_text("utf-8")))
    assert main([*chosen, "--vouch"]) == 0, capsys.readouterr().out
    assert f"{len(first)} of {len(first)} rows agree" in capsys.readouterr().out


class Lost(Callback):
    """Makes every weight NaN before the first step, so that the first epoch diverges."""

    def begin(self, run):
        for layer in run.net.weighted:
            layer.W[...] = np.nan


LARGE = {"toast", "toast_text"}  # of these, only a network that is already trained is small
PARTS = [
    (study, part)
    for study in STUDIES.values()
    for part in study.parts
    if part.trains and study.name not in LARGE
]


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::nofb.training.DivergenceWarning")
@pytest.mark.parametrize(("study", "part"), PARTS, ids=[f"{s.name}-{p.name}" for s, p in PARTS])
def test_a_run_that_diverges_in_its_first_epoch_is_reported(study, part, tiny_images, tmp_path):
    """It has no numbers; looked for, they end in a KeyError, and the reason is lost."""
    task = {**part.tasks(1)[0], "code": "0123456789ab"}
    result = study.run(tmp_path, task, [Lost()])
    assert "was stopped in epoch 1" in result["stopped"], result
    record = {"task": task, "result": result}
    assert "was stopped in epoch 1" in study.table([record])


@pytest.mark.parametrize("name", ROWS)
def test_every_run_of_a_study_is_listed_once_and_can_be_shortened(name, tiny_images):
    """Two runs with one name would be one run, and the other one would never be done."""
    tasks = STUDIES[name].tasks()
    assert len({tuple(task.values()) for task in tasks}) == len(tasks)
    assert {task["epochs"] for task in STUDIES[name].tasks(1)} == {1}
    assert [t | {"epochs": 0} for t in tasks] == [t | {"epochs": 0} for t in STUDIES[name].tasks(1)]


@pytest.mark.parametrize("name", ROWS)
def test_the_rows_of_this_test_are_rows_of_the_study(name, tiny_images):
    """A row that was renamed would be chosen by a part of its name, and take long."""
    assert set(ROWS[name]) <= {row_name(task) for task in STUDIES[name].tasks()}
