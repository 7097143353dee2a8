"""The committed pages of all papers: their kept runs still give every table and every number."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import kept_pages
import pytest

from nofb import papers
from nofb.cli import main
from nofb.papers.study import Study
from nofb.papers.vouched import vouched
from nofb.runs.kept import code_of, kept_of_one_code
from nofb.runs.run_log import read_log
from nofb.strict_json import canonical

DOCS = Path(__file__).parents[2] / "docs"
STUDIES = {study.name: study for study in papers.every()}
KEPT = [name for name in STUDIES if (DOCS / name / "runs.jsonl").exists()]


def kept(name):
    """Return the records of the committed log, in the order of the study's own runs."""
    records = read_log(DOCS / name / "runs.jsonl")
    tasks = [
        task
        for part in STUDIES[name].parts
        for task in kept_of_one_code(part.tasks(None), records.values(), "")
    ]
    return [records[canonical(task)] for task in tasks]


def words_of(name):
    """Return the words of the command that shows the kept runs of a study."""
    paper, _, data = name.partition("_") if name not in papers.names() else (name, "", "")
    return ["reproduce", paper, *(["--data", data] if data else []), "--kept"]


@pytest.mark.parametrize("name", sorted(STUDIES.keys() - set(KEPT)))
def test_a_study_without_kept_runs_says_so_on_its_page(name):
    """Otherwise a reader looks for numbers that nobody has measured."""
    page = (DOCS / f"{name.removesuffix('_cifar10')}.md").read_text("utf-8")
    parts = [f"kept/{name}-{part.name}.txt" for part in STUDIES[name].parts]
    assert all(part in page for part in parts)
    written = kept_pages.contents(DOCS)
    assert all(written[DOCS / part].startswith(kept_pages.MISSING) for part in parts)


@pytest.mark.parametrize("name", KEPT)
def test_the_kept_runs_give_the_committed_tables(name):
    """If not, the table was changed by hand, or the code has changed."""
    study = STUDIES[name]
    committed = (DOCS / name / f"{name}.md").read_text("utf-8").splitlines()
    rows = [line for line in study.page(kept(name), "").splitlines() if line.startswith("|")]
    assert len(rows) > 2  # the names of the columns, a line, and at least one row
    assert [line for line in committed if line in rows] == rows


@pytest.mark.parametrize("name", KEPT)
def test_the_kept_runs_give_the_committed_numbers(name):
    """Users who draw new figures read these files."""
    study = STUDIES[name]
    numbers = {}
    for part, found in study.by_part(kept(name)):
        headings, *rows = part.lines(found)
        numbers.setdefault(part.numbers, [headings]).extend(rows)
    for stem, lines in numbers.items():
        text = "\n".join(",".join(line) for line in lines) + "\n"
        assert text == (DOCS / name / f"{stem}.csv").read_text("utf-8")


@pytest.mark.parametrize("name", KEPT)
def test_the_command_gives_every_table_and_number_from_the_kept_log_alone(
    name, tmp_path, monkeypatch
):
    """A reader of a number must not wait for an hour of runs."""
    shutil.copy(DOCS / name / "runs.jsonl", tmp_path)
    monkeypatch.setattr(Study, "run", lambda *given: pytest.fail("a kept run was done again"))
    assert main([*words_of(name), "--out", str(tmp_path)]) == 0
    assert (tmp_path / "runs.jsonl").read_bytes() == (DOCS / name / "runs.jsonl").read_bytes()
    numbers = {file.name: file.read_bytes() for file in tmp_path.glob("*.csv")}
    assert numbers == {file.name: file.read_bytes() for file in (DOCS / name).glob("*.csv")}
    given, committed = (
        paragraphs((folder / f"{name}.md").read_text("utf-8")) for folder in (tmp_path, DOCS / name)
    )
    assert given == committed and len(given) >= 3


def paragraphs(page):
    """Return all but what depends on the day: the command, the machine, and the code of today."""
    title, *rest = page.split("\n\n")
    first = next(number for number, each in enumerate(rest) if each.startswith("## "))
    return [title, *rest[first:]]


@pytest.mark.parametrize("name", KEPT)
def test_a_committed_page_states_what_was_vouched_for(name):
    """A reader of the page does not see the file beside it."""
    page = (DOCS / name / f"{name}.md").read_text("utf-8")
    records = kept(name)
    today = {STUDIES[name].code(record["task"]) for record in records}
    if {code_of(record) for record in records} != today:  # a page says nothing of today's own runs
        code = json.loads((DOCS / name / "vouched.json").read_text("utf-8"))["code"]
        assert vouched(DOCS / name, code) in " ".join(page.split())


def test_a_table_for_the_terminal_needs_no_matplotlib():
    """To import it takes a second, and a server may not have it."""
    code = (
        "import sys, json; from nofb import papers\n"
        "for study in papers.every():\n"
        "    if study.name in sys.argv[2:]:\n"
        "        lines = open(sys.argv[1] + f'/{study.name}/runs.jsonl', encoding='utf-8')\n"
        "        assert study.table(list(map(json.loads, lines)))\n"
        "assert 'matplotlib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(DOCS), *KEPT], check=True)


def test_every_study_states_what_it_shows_and_how_long_it_takes(capsys):
    """A student must know whether to start it before the lesson or overnight."""
    assert main(["reproduce"]) == 0
    listed = capsys.readouterr().out
    for name in papers.names():
        study = STUDIES[name]
        assert name == study.name and study.title in " ".join(listed.split())
        assert f"takes {study.takes}" in listed
