"""The code in the README must run, and must be that of the library."""

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
    """A reader who types the command must find the same numbers."""
    shown = re.search(r"```text\n(.*?)```", README, re.DOTALL)[1]
    printed = str(nofb.explain("fa", step=True))
    assert [line for line in shown.splitlines() if line not in printed.splitlines()] == []


def test_the_example_in_the_readme_gives_the_numbers_it_shows():
    """A number in a README must be reproducible."""
    names: dict[str, object] = {}
    exec(BLOCKS[1].replace("seed=0)\n\nrun", "seed=0, progress=False)\n\nrun"), names)
    history = names["run"].history
    accuracy = float(re.search(r"test_accuracy.*# ([\d.]+)", BLOCKS[1])[1])
    angle = float(re.search(r"end_to_end.*# \[([\d.]+)", BLOCKS[1])[1])
    assert history["test_accuracy"][-1] == pytest.approx(accuracy, abs=0.01)
    assert history["delta_angle_end_to_end"][-1, 0] == pytest.approx(angle, abs=2)


def test_the_readme_has_rules_in_the_families_of_their_classes():
    """It names a few rules of each family; `nofb rules` and the gallery have them all."""
    table = README[README.index("| what comes back |") :].split("\n\n")[0].splitlines()[2:]
    families = [{RULES[name].family for name in re.findall(r"`(\w+)`", row)} for row in table]
    assert sorted(map(len, families)) == [1] * len(table)
    assert set().union(*families) == {rule.family for rule in RULES.values()}
    assert "`nofb rules`" in README


def test_there_are_as_many_rules_as_the_readme_states():
    """The first sentence must not promise more rules than there are."""
    assert "more than thirty answers" in README and len(RULES) > 30


def test_the_readme_is_short():
    """What only some readers need has its own page."""
    assert len(README.splitlines()) <= 150


def test_the_commands_of_the_readme_exist():
    """The first screen shows two commands; the package must contain what they call."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "test" in project["optional-dependencies"] and "nofb" in project["scripts"]
    assert "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/nofb compare"\
        in README  # fmt: skip
    assert ".venv/bin/python -m pytest -n 2" in README


def test_every_file_that_the_readme_links_to_is_there():
    """A broken picture on the first screen is what a visitor notices first."""
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert links
    for link in links:
        assert (ROOT / link).exists(), link
