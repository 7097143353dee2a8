"""The code in the documentation must run, and must print what the page shows."""

import doctest
import importlib.util
import re
import subprocess
import sys
import tomllib
from xml.etree import ElementTree

import pytest
from anatomy import dissect
from desks import at_work_in
from documents import PAGES, blocks, files, links
from picture import draw

import nofb
from nofb import papers
from nofb.cli import main
from nofb.cli.sweep import read_plan
from nofb.explain import header, latex
from nofb.rules import RULES

QUICK = {
    "compare": ["--seeds", "1", "--epochs", "1", "--jobs", "1"],
    "train": ["--epochs", "1"],
}


def of(language, marks=("",)):
    """Return each page that has blocks of a language, with those blocks."""
    found = {page: [b for b in blocks(page) if b.mark in marks] for page in PAGES}
    found = {page: [b for b in every if b.language == language] for page, every in found.items()}
    return [pytest.param(every, id=page.stem) for page, every in found.items() if every]


def run_python(every):
    """Run blocks one after the other; those with prompts must print what the page shows."""
    names = {}
    for number, block in enumerate(every):
        if ">>> " in block.text:
            test = doctest.DocTestParser().get_doctest(block.text, names, f"{number}", None, None)
            said = []
            runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
            runner.run(test, out=said.append, clear_globs=False)
            assert not runner.failures, "".join(said)
            names = test.globs
        else:
            exec(block.text, names)


@pytest.mark.parametrize("every", of("python"))
def test_the_python_on_a_page_runs_from_top_to_bottom(every, tmp_path, monkeypatch):
    """A reader copies the code, and expects the output that the page shows."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)  # as a notebook can import the modules beside it
    monkeypatch.delitem(sys.modules, "my_rule", raising=False)
    (tmp_path / "my_rule.py").write_text(files()["my_rule.py"], encoding="utf-8")
    run_python(every)
    sys.modules.pop("my_rule", None)


@pytest.mark.parametrize("every", of("sh"))
def test_the_commands_on_a_page_run(every, tmp_path, capsys):
    """A reader who copies a command that nofb refuses loses an afternoon."""
    for name in ("my_net.py", "my_data.py"):
        (tmp_path / name).write_text(files()[name], encoding="utf-8")
    with at_work_in(tmp_path):
        for words in [words for block in every for words in block.commands]:
            command = words[1]
            if command == "sweep":
                sweep_a_little(words[2])
            elif command == "reproduce":
                assert words[2:] == [] or words[2] in papers.names()
            else:
                assert main([*words[1:], *QUICK.get(command, [])]) == 0, capsys.readouterr().err


def sweep_a_little(name):
    """Run one short run of each rule of a sweep, with the first value of each setting."""
    table = tomllib.loads(files()[name])
    short = {"hidden": [8], "epochs": 1}
    grid = {key: values[:1] for key, values in table["grid"].items() if key not in short}
    nofb.sweep(table["rules"], 1, settings=table["settings"] | short, grid=grid, progress=False)


def test_a_sweep_has_as_many_runs_as_its_page_states(tmp_path):
    """A reader decides by this number when to start the sweep."""
    said = {}
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        said |= dict(re.findall(r"nofb sweep (\S+) +# (\d+) runs", text))
    assert said
    for name, runs in said.items():
        (tmp_path / name).write_text(files()[name], encoding="utf-8")
        assert len(read_plan(tmp_path / name).tasks) == int(runs), name


@pytest.mark.slow
@pytest.mark.parametrize("every", of("python", ["slow"]))
def test_the_slow_python_on_a_page_runs(every, tmp_path, monkeypatch):
    """Slow code is run by hand, exactly as it is on the page."""
    monkeypatch.chdir(tmp_path)
    run_python(every)


@pytest.mark.slow
@pytest.mark.parametrize("every", of("sh", ["slow"]))
def test_the_slow_commands_on_a_page_run(every, tmp_path):
    """Slow commands are run by hand, exactly as they are on the page."""
    for name, text in files().items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    for words in [words for block in every for words in block.commands]:
        subprocess.run([sys.executable, "-m", *words], cwd=tmp_path, check=True)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_all_links_of_a_page_exist(page):
    """The same pages are read in the repository, where links are not generated."""
    for link in links(page):
        assert (page.parent / link).exists(), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_modules_that_a_page_calls_exist(page):
    """Python reports only that there is no such module, if a name has changed."""
    for name in re.findall(r"python -m ((?:nofb|benchmarks)[\w.]*)", page.read_text("utf-8")):
        assert importlib.util.find_spec(name) is not None, name


@pytest.mark.parametrize("name", RULES)
def test_a_rule_has_all_that_its_page_needs(name):
    """A new rule gets its page from the registry, without any further text."""
    read = header(name)
    assert read.question.endswith("?") and read.equations and read.paper
    assert read.says("Uses") and read.says("Symbols")
    assert all(latex(equation.text).isascii() for equation in read.equations)


@pytest.mark.parametrize(
    "name, ways",
    [
        ("bp", ["transport W_3ᵀ 3>2", "transport W_2ᵀ 2>1"]),
        ("fa", ["random B_3 3>2", "random B_2 2>1"]),
        ("dfa", ["random D_2 3>2", "random D_1 3>1"]),
        ("ifa", ["random D_1 3>1", "forward W_2 1>2"]),
        ("usf", ["signs B_3 3>2", "signs B_2 2>1"]),
        ("kp", ["learned B_3 3>2", "learned B_2 2>1"]),
        ("drtp", ["random D_2 0>2", "random D_1 0>1"]),
        ("dtp", ["transport W_3ᵀ 3>2", "learned g_2 2>1"]),
        ("ddtp", ["learned g_2 3>2", "learned g_1 3>1"]),
        ("shallow", []),
    ],
)
def test_a_picture_shows_the_direction_of_a_rules_signals(name, ways):
    """A reader remembers the picture of a rule best; 0 is the label, 3 the output."""
    found = dissect(RULES[name]).ways
    assert [f"{way.kind} {way.matrix} {way.start}>{way.end}" for way in found] == ways


def test_a_picture_shows_what_of_the_error_is_sent():
    """Error-sign feedback differs from direct feedback only in what is sent."""
    assert [name for name in RULES if dissect(RULES[name]).uses_only_signs] == ["sdfa"]


@pytest.mark.parametrize("name", RULES)
def test_every_picture_can_be_drawn(name):
    """The picture is a part of the page: an open tag would break the rest of the page."""
    picture = ElementTree.fromstring(draw(dissect(RULES[name]), "a < b"))
    assert picture.find("title").text == "a < b"
