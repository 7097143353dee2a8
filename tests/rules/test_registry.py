"""A rule is registered by its class in a file of nofb/rules, which also holds all other data."""

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
    """Return the text of a class of a rule."""
    return NEW.format(kind=kind, name=kind.lower(), paper=paper, family=family)


def test_a_class_in_a_file_of_the_folder_is_found_and_ordered_by_family_and_year(
    tmp_path, monkeypatch
):
    """The author of a new rule must not have to edit lists in other files."""
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
    assert found == ["first", "early", "late", "last"]  # and no helper without its own name


def test_no_two_rules_of_nofb_have_the_same_name():
    """The second one would replace the first without an error."""
    names = [rule.name for rule in rules_in("nofb.rules", rules.__path__)]
    assert len(set(names)) == len(names) and set(RULES) <= set(names)


def test_the_rules_of_one_family_are_together_and_shallow_is_the_last():
    """Lists, legends and the gallery have this order."""
    families = [rule.family for rule in RULES.values()]
    listed = list(dict.fromkeys(families))
    assert listed == [family for family in FAMILIES if family in listed]
    first, *_, last = RULES
    assert (first, last) == ("bp", "shallow")
    middle = families[1:-1]
    assert middle == sorted(middle, key=listed.index)


def test_a_variant_is_a_class_of_the_package_and_in_no_list():
    """It is shown with the rule of which it is a variant."""
    variants = {name for name in rules.__all__ if not getattr(getattr(rules, name), "listed", True)}
    assert variants == {"RandomRelay", "IteratedFromInverse", "IteratedInOutputSpace"}
    assert not {getattr(rules, name).name for name in variants} & RULES.keys()


@pytest.fixture
def newcomer(monkeypatch):
    """A rule that is known only by its class."""
    kind = type("Newcomer", (FeedbackAlignment,), {"name": "newcomer", "remark": "It is new."})
    monkeypatch.setitem(RULES, "newcomer", kind)
    return kind


def test_a_rule_without_a_searched_rate_runs_with_the_default_and_says_so(newcomer):
    """Also a new rule of nofb: the default must not look like a searched rate."""
    new, known = Specification(rule="newcomer"), Specification(rule="fa")
    assert new.rate == known.rate
    assert "newcomer has no learning rate of its own yet" in new.default_rate
    assert known.default_rate is None


def test_a_derived_class_does_not_inherit_its_style_and_its_excuses(newcomer, monkeypatch):
    """Otherwise a variant would look like its base rule, and be excused from the same tests."""
    light = style.THEMES["light"]
    assert style.look("newcomer", light) != style.look("fa", light)
    monkeypatch.setattr(newcomer, "look", ("orange", "dots", "s"), raising=False)
    assert style.look("newcomer", light).marker == "s"

    class Comparison:
        rules = ("fa", "newcomer")

    assert remarks(Comparison()) == ["It is new."]
    assert "excused" not in vars(RULES["sdtp"]) and RULES["tp"].excused
    assert suite.TESTS.keys() >= RULES["tp"].excused.keys()


@pytest.mark.parametrize("given", [["fa"], {"fa": 1}, None, 3])
def test_what_is_no_name_of_a_rule_is_refused_as_an_unknown_name_is(given):
    """A list in place of a name ended in `unhashable type`."""
    with pytest.raises(ValueError, match=r"^rule is .*, but must be one of: bp, fa, dfa"):
        rules.make(given)
