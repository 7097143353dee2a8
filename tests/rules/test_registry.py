"""A rule is registered by standing in a file of nofb/rules, and its class says all the rest."""

import pytest

from nofb import rules
from nofb.check import suite
from nofb.plots import style
from nofb.registry import FAMILIES, rules_in
from nofb.report.summary import remarks
from nofb.rules import RULES, FeedbackAlignment
from nofb.runs.specification import Specification

FILE = """
from nofb.rules import FeedbackAlignment, Uses

class Helper(FeedbackAlignment):
    pass
"""
NEW = """
class {kind}(FeedbackAlignment):
    name, paper, family = "{name}", "{paper}", "{family}"
"""


def class_text(kind, paper, family):
    """Return the text of a class that is a rule."""
    return NEW.format(kind=kind, name=kind.lower(), paper=paper, family=family)


def test_a_class_in_a_file_of_the_folder_is_found_and_ordered_by_family_and_year(
    tmp_path, monkeypatch
):
    """Whoever adds a rule must not have to look for the lists that it belongs to."""
    folder = tmp_path / "some_rules"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "a.py").write_text(
        FILE + class_text("Late", "Later 2024", "signs") + class_text("Last", "a control", "random")
    )
    (folder / "b.py").write_text(
        FILE + class_text("Early", "First 1999", "signs") + class_text("First", "Z 2030", "random")
    )
    monkeypatch.syspath_prepend(tmp_path)
    found = [rule.name for rule in rules_in("some_rules", [str(folder)])]
    assert found == ["first", "early", "late", "last"]  # and no helper without a name of its own


def test_no_two_rules_of_nofb_have_one_name():
    """The second one would take the place of the first, without a word."""
    names = [rule.name for rule in rules_in("nofb.rules", rules.__path__)]
    assert len(set(names)) == len(names) and set(RULES) <= set(names)


def test_the_rules_of_one_family_stand_together_and_shallow_is_the_last():
    """Lists, legends and the gallery are in this order."""
    families = [rule.family for rule in RULES.values()]
    listed = list(dict.fromkeys(families))
    assert listed == [family for family in FAMILIES if family in listed]
    first, *_, last = RULES
    assert (first, last) == ("bp", "shallow")
    middle = families[1:-1]
    assert middle == sorted(middle, key=listed.index)


def test_a_variant_is_a_class_of_the_package_and_stands_in_no_list():
    """It is shown with the rule that it varies."""
    variants = {name for name in rules.__all__ if not getattr(getattr(rules, name), "listed", True)}
    assert variants == {"RandomRelay", "IteratedFromInverse", "IteratedInOutputSpace"}
    assert not {getattr(rules, name).name for name in variants} & RULES.keys()


@pytest.fixture
def newcomer(monkeypatch):
    """A rule that nothing but its class knows of."""
    kind = type("Newcomer", (FeedbackAlignment,), {"name": "newcomer", "remark": "It is new."})
    monkeypatch.setitem(RULES, "newcomer", kind)
    return kind


def test_a_rule_that_no_search_has_seen_runs_with_the_default_rate_and_says_so(newcomer):
    """nofb's own new rules too: a table must not take it for a rate of their own."""
    new, known = Specification(rule="newcomer"), Specification(rule="fa")
    assert new.rate == known.rate
    assert "newcomer has no learning rate of its own yet" in new.default_rate
    assert known.default_rate is None


def test_what_a_class_inherits_is_not_said_of_it_in_figures_and_tables(newcomer, monkeypatch):
    """A variant would look like the rule that it varies, and be excused for what that one fails."""
    light = style.THEMES["light"]
    assert style.look("newcomer", light) != style.look("fa", light)
    monkeypatch.setattr(newcomer, "look", ("orange", "dots", "s"), raising=False)
    assert style.look("newcomer", light).marker == "s"

    class Comparison:
        rules = ("fa", "newcomer")

    assert remarks(Comparison()) == ["It is new."]
    assert "excused" not in vars(RULES["sdtp"]) and RULES["tp"].excused
    assert suite.TESTS.keys() >= RULES["tp"].excused.keys()
