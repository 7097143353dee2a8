"""The site's pages of rules are generated from the rules, so a new rule gets its page at once."""

import inspect
import os
import re
from pathlib import Path

import gathered_pages
import method_pages
import pytest
import rule_pages
import stated_bounds
from desks import at_work_in
from documents import files
from gallery import gallery
from taught import lesson_of, taught

from nofb.course import lessons
from nofb.explain import source
from nofb.explain.citation import entries
from nofb.rules import FAMILIES, RULES, find
from nofb.transfer import METHODS

FOLDER = Path("rules")


def test_the_gallery_states_of_rules_what_their_classes_state():
    """A reader looks up the paper of each rule here; the README names only a few rules."""
    page = "\n".join(gallery())
    assert [title for title in FAMILIES.values() if f"## {title}\n" in page] == [
        FAMILIES[family] for family in dict.fromkeys(rule.family for rule in RULES.values())
    ]
    for name, rule in RULES.items():
        row = (
            f"| [`{name}`]({name}.md) | `{rule.__name__}` | `{Path(inspect.getfile(rule)).name}` |"
        )
        assert f"{row} {rule.paper} |" in page


@pytest.fixture
def newcomer(tmp_path):
    """The rule of the page on writing rules, registered like a rule of nofb."""
    (tmp_path / "my_rule.py").write_text(files()["my_rule.py"], encoding="utf-8")
    with at_work_in(tmp_path):
        yield find("my_rule:OneBit")


def test_a_new_rule_has_its_page_its_picture_and_its_rows_without_further_text(
    newcomer, monkeypatch
):
    """The author of a rule writes nothing into the documentation."""
    monkeypatch.setattr(rule_pages, "RULES", {"fa": RULES["fa"], newcomer.name: newcomer})
    written = rule_pages.contents(FOLDER)
    assert {FOLDER / f"{newcomer.name}.{kind}" for kind in ("md", "svg")} <= set(written)
    assert f"| {newcomer.name} | yes |" in written[FOLDER / "audit.txt"]
    assert f"[**`{newcomer.name}`** {newcomer.title}]" in written[FOLDER / "index.md"]


@pytest.mark.parametrize("pages", [rule_pages, method_pages])
def test_every_page_shows_one_update_step_by_step(pages):
    """A frame without its file is an empty box in the middle of the page."""
    folder = Path("_static/steps")
    steps = set(gathered_pages.step_pages(folder))
    written = {file: text for file, text in pages.contents(FOLDER).items()
               if file.suffix == ".md" and file.stem != "index"}  # fmt: skip
    for file, text in written.items():
        (address,) = re.findall(r'<iframe [^>]*src="([^"]*)"', text)
        assert Path(os.path.normpath(FOLDER / address)) in steps, file


def links(text):
    return re.findall(r"\]\(([^)]+)\)", text)


@pytest.mark.parametrize("pages", [rule_pages, method_pages])
def test_every_page_links_to_its_paper_its_source_and_its_lesson(pages):
    """A reader who came from a search engine must find the paper and the place to start."""
    written = pages.contents(FOLDER)
    for name in RULES if pages is rule_pages else METHODS:
        text = written[FOLDER / f"{name}.md"]
        papers = [each for each in links(text) if re.match(r"https://(doi|arxiv|openreview)", each)]
        assert papers or name == "shallow", name  # a control without a paper
        if papers:
            assert f"nofb cite {name}" in text
        module = inspect.getmodule((RULES | dict(METHODS))[name]).__name__
        assert f'href="../_modules/{module.replace(".", "/")}.html"' in text
        found = [each for each in links(text) if each.startswith("../notebooks/")]
        assert len(found) == (lesson_of(name) is not None), name
    assert lesson_of("pepita") is lesson_of("ff") is None  # no lesson is about their family


def test_every_lesson_names_its_rules_and_each_of_them_leads_back():
    """Otherwise a student of a lesson would not find the equations, or the other way around."""
    assert sorted(taught()) == sorted(path.stem for path in lessons.scripts().values())
    for lesson, names in taught().items():
        assert names, lesson
        for name in names:
            subject = (RULES | dict(METHODS))[name]
            file = Path(inspect.getfile(subject)).name
            head = lessons.cells(lessons.script(lesson[:2]).read_text("utf-8"))[0].text
            assert re.search(rf"\[[^]]*\b{name}\b[^]]*\]\(\.\./nofb/\w+/{file}\)", head), name
            assert name in taught()[lesson_of(name)]


def test_every_entry_of_the_bibliography_leads_to_its_paper():
    """A BibTeX entry without a DOI, an arXiv number or an address cannot be looked up."""
    for entry in entries():
        assert re.search(r"^  (doi|eprint|url) = ", entry, re.M), entry
    keys = [re.match(r"@\w+\{(\w+),", entry)[1] for entry in entries()]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("name", ["fa", "wm", "dtp"])
def test_the_number_of_further_functions_is_in_plain_english(name):
    """A page said `The other 1 functions that it runs`."""
    count = sum(not each.marked for each in source(name).functions)
    words = "function" if count == 1 else f"{count} functions"
    summaries = re.findall(r"<summary>(.*?)</summary>", "\n".join(rule_pages.code(name)))
    assert summaries == [f"The other {words} that it runs"]


@pytest.mark.parametrize(
    ("rule", "line", "stated"),
    [
        ("fa", "feedback_init", "feedback_init : an initialiser's name or function"),
        ("tp", "inverse_init", "inverse_init : an initialiser's name or function"),
        ("kp", "decay", "decay : at least 0 and less than 1"),
        ("fa", "    feedback_init", "    feedback_init"),
        ("fa", "Parameters", "Parameters"),
    ],
)
def test_a_page_states_what_a_hyper_parameter_may_be(rule, line, stated):
    """The type of the code, `Callable[[Generator, ...`, does not say that a name is allowed."""
    assert stated_bounds.stated(RULES[rule], line) == stated


def test_the_bounds_are_put_in_before_the_docstring_is_read():
    """Afterwards it is no list of names any more."""
    calls = []

    class App:
        def connect(self, event, function, priority=500):
            calls.append((event, function, priority))

    stated_bounds.setup(App())
    ((event, function, priority),) = calls
    lines = inspect.getdoc(RULES["fa"]).splitlines()
    function(None, "class", "", RULES["fa"], None, lines)
    assert event == "autodoc-process-docstring" and priority < 500
    assert lines.count("feedback_init : an initialiser's name or function") == 1
