"""The site's pages of rules are generated from the rules, so a new rule gets its page at once."""

import inspect
import os
import re
from pathlib import Path

import gathered_pages
import method_pages
import pytest
import rule_pages
from desks import at_work_in
from documents import files
from gallery import gallery

from nofb.rules import FAMILIES, RULES, find

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
