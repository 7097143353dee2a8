"""A small study that is added as CONTRIBUTING says passes the tests of the kept studies."""

import importlib.util
import re
import shlex
import sys
from pathlib import Path

import pytest

from nofb import papers
from nofb.cli import main

GUIDE = Path(__file__).parents[2] / "CONTRIBUTING.md"
STUDY = """
from nofb.papers.small import question
from nofb.papers.study import Study

STUDY = Study("small", "A small question?", "a second", ("xor",), (question.PART,))
"""
QUESTION = """
from nofb.papers.study import Part
from nofb.runs.specification import Specification
from nofb.runs.train import train


def tasks(epochs=None):
    return [{"rule": "bp", "seed": 0, "epochs": min(epochs or 2, 2)}]


def learn(task, callbacks=()):
    names = "rule", "seed", "epochs"
    settings = {name: task[name] for name in names}
    assert sorted(task) == sorted([*names, "code"])
    run = train(Specification("xor", lr=0.01, hidden=(8,), **settings), callbacks=callbacks)
    return {"loss": run.history["loss"].tolist(), "stopped": run.stopped}


def rows(found):
    return [["rule", "loss"], *([r["task"]["rule"], str(r["result"]["loss"][-1])] for r in found)]


PART = Part(
    "question", tasks, learn, lambda found: {"Loss": rows(found)}, rows, "losses",
    by_epoch=("loss",),
)
"""


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A folder with a further package of studies, as the current folder."""
    folder = tmp_path / "papers" / "small"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(STUDY, encoding="utf-8")
    (folder / "question.py").write_text(QUESTION, encoding="utf-8")
    monkeypatch.setattr(papers, "__path__", [*papers.__path__, str(folder.parent)])
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("nofb.papers.small")]:
        del sys.modules[name]
    if hasattr(papers, "small"):
        del papers.small


def commands():
    """Return the words of each command of the guide to a paper."""
    (part,) = re.findall(r"^## How to add a paper$(.*?)^## ", GUIDE.read_text("utf-8"), re.M | re.S)
    lines = re.findall(r"^ *nofb (.+)$", part, re.M)
    return [shlex.split(line.replace("<name>", "small")) for line in lines]


@pytest.fixture
def kept_tables(desk, monkeypatch):
    """The module with the tests of kept studies, for the study of the desk."""
    spec = importlib.util.spec_from_file_location(
        "kept_tables", Path(__file__).with_name("test_kept_tables.py")
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "DOCS", desk / "docs")
    return module


def test_a_study_added_by_the_guide_alone_passes_the_tests_of_kept_studies(
    kept_tables, tmp_path_factory, monkeypatch
):
    """The first study of a new author would end in three failures that no guide explains."""
    for words in commands():
        assert main([*words, "--jobs", "1"]) == 0
    assert kept_tables.STUDIES["small"].title == "A small question?"
    kept_tables.test_the_kept_runs_give_the_committed_tables("small")
    kept_tables.test_the_kept_runs_give_the_committed_numbers("small")
    kept_tables.test_a_committed_page_states_what_was_vouched_for("small")
    kept_tables.test_the_command_gives_every_table_and_number_from_the_kept_log_alone(
        "small", tmp_path_factory.mktemp("again"), monkeypatch
    )
