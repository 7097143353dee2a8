"""`nofb` alone, `nofb audit --set`, and lists that fit a terminal."""

import re

import pytest
from commands import run
from desks import at_work_in

from nofb import datasets
from nofb.text import entry

LONG = 80  # columns of a terminal

RULE = """
from dataclasses import dataclass

from nofb import settings
from nofb.rules import FeedbackAlignment


@dataclass(repr=False)
class Faded(FeedbackAlignment):
    name = "faded"
    p: float = settings.number(1.0, least=0, below=2)

    def signals(self, net, trace):
        for layer, delta in super().signals(net, trace):
            yield layer, self.p * delta
"""


def test_the_command_alone_prints_its_help(capsys):
    """A newcomer types it to see what there is; an error about COMMAND is no answer."""
    alone, asked = run(capsys), run(capsys, "--help")
    assert alone == asked and alone[0] == 0 and alone[2] == ""
    for command in ("train", "explain", "audit", "data"):
        assert re.search(rf"^ +{command} ", alone[1], re.M)


@pytest.fixture
def desk(tmp_path):
    """A folder with a rule that has one attribute."""
    (tmp_path / "faded_rule.py").write_text(RULE, encoding="utf-8")
    with at_work_in(tmp_path):
        yield


@pytest.mark.usefixtures("desk")
def test_an_audit_takes_the_attributes_of_a_rule(capsys):
    """With p = 0 the hidden layers get no signal, so that the same rule uses nothing."""
    found = [run(capsys, "audit", "faded_rule:Faded", "--markdown", "--set", f"p={p}")
             for p in ("1", "0")]  # fmt: skip
    assert [code for code, _, _ in found] == [0, 0]
    rows = [out.splitlines()[-1].split("|")[1:-1] for _, out, _ in found]
    assert "yes" in [cell.strip() for cell in rows[0]]
    assert "yes" not in [cell.strip() for cell in rows[1]]


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["faded_rule:Faded", "--set", "p=3"], "p must be finite and at least 0 and less than 2"),
        (["faded_rule:Faded", "--set", "q=1"], "rule 'faded' has no attribute 'q'; it has: "),
        (["dfa", "fa", "--set", "entries=1"], "--set sets attributes of one rule: give its name"),
        (["--set", "entries=1"], "--set sets attributes of one rule: give its name"),
        (["toast", "--set", "entries=1"], "--set sets attributes of one rule: give its name"),
        (["FA"], "rule is 'FA' (did you mean 'fa'?), but must be one of: bp, "),
    ],
)
def test_a_mistake_in_an_audit_gets_one_sentence(capsys, words, sentence):
    """An attribute that is set for the wrong rule must not be ignored."""
    code, out, err = run(capsys, "audit", *words)
    assert (code, out) == (2, "") and sentence in err and err.count("\n") == 1


@pytest.mark.parametrize("command", ["data", "rules"])
def test_a_list_fits_a_terminal_and_names_everything(capsys, command):
    """Lines of 187 columns wrap, and then no column is below its heading."""
    _, out, _ = run(capsys, command)
    assert max(map(len, out.splitlines())) <= LONG
    if command == "data":
        for row in datasets.describe():
            block = out[out.index(f"{row.name}  ") if len(row.name) < 18 else out.index(row.name) :]
            words = " ".join(block.split())
            assert words.startswith(f"{row.name} {row.what} {row.n_train} training and ")


def test_a_long_name_has_a_line_of_its_own():
    """A custom rule may have a name of 40 letters, which covered the text beside it."""
    name = "n" * 40
    lines = entry(name, "title " * 30, "uses error").splitlines()
    assert lines[0] == name and max(map(len, lines)) <= LONG
    assert all(line.startswith(" " * 13) for line in lines[1:])
    assert entry("fa", "one", "two").splitlines() == [f"{'fa':13}one", f"{'':13}two"]
