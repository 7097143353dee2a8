"""The README is code too: what it shows must run, and must be what the library says."""

import inspect
import re
import tomllib
from pathlib import Path

import pytest

import nofb
from nofb.rules import RULES, FeedbackAlignment

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def code_lines(source):
    """Return the lines of code without comments and indentation."""
    lines = (line.split("#")[0].strip() for line in source.splitlines())
    return [line for line in lines if line]


def test_the_rule_in_the_readme_is_the_rule_in_the_library():
    """A reader judges the project by these five lines."""
    shown, real = code_lines(BLOCKS[0]), code_lines(inspect.getsource(FeedbackAlignment.signals))
    assert shown[1:] == real[1:]


def test_the_step_in_the_readme_is_what_the_command_prints():
    """Whoever types the command next must find the same numbers."""
    shown = re.search(r"```text\n(.*?)```", README, re.DOTALL)[1]
    printed = str(nofb.explain("fa", step=True))
    assert [line for line in shown.splitlines() if line not in printed.splitlines()] == []


def test_the_example_in_the_readme_gives_the_numbers_it_shows():
    """A number in a README that nobody can reproduce is an advertisement."""
    names: dict[str, object] = {}
    exec(BLOCKS[1].replace("seed=0)\n\nrun", "seed=0, progress=False)\n\nrun"), names)
    history = names["run"].history
    accuracy = float(re.search(r"test_accuracy.*# ([\d.]+)", BLOCKS[1])[1])
    angle = float(re.search(r"end_to_end.*# \[([\d.]+)", BLOCKS[1])[1])
    assert history["test_accuracy"][-1] == pytest.approx(accuracy, abs=0.01)
    assert history["delta_angle_end_to_end"][-1, 0] == pytest.approx(angle, abs=2)


def test_the_readme_puts_rules_where_their_classes_put_themselves():
    """It names a few of each family; `nofb rules` and the gallery have them all."""
    table = README[README.index("| what comes back |") :].split("\n\n")[0].splitlines()[2:]
    families = [{RULES[name].family for name in re.findall(r"`(\w+)`", row)} for row in table]
    assert sorted(map(len, families)) == [1] * len(table)
    assert set().union(*families) == {rule.family for rule in RULES.values()}
    assert "`nofb rules`" in README


def test_there_are_as_many_rules_as_the_readme_says():
    """The first sentence must not praise what is not there."""
    assert "more than thirty answers" in README and len(RULES) > 30


def test_a_first_visit_ends_before_a_reader_is_tired():
    """What only some readers look for has a page of its own."""
    assert len(README.splitlines()) <= 150


def test_the_commands_of_the_readme_exist():
    """The first screen promises two commands; the package must bring what they call."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "test" in project["optional-dependencies"] and "nofb" in project["scripts"]
    assert "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/nofb compare"\
        in README  # fmt: skip
    assert ".venv/bin/python -m pytest" in README


def test_every_file_that_the_readme_links_to_is_there():
    """A broken picture on the first screen is the first thing a visitor sees."""
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert links
    for link in links:
        assert (ROOT / link).exists(), link
