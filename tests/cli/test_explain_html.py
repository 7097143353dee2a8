"""`nofb explain RULE --step --html FILE`."""

import pytest
from desks import at_work_in

from nofb.cli import main

RULE = '''
from nofb.rules import FeedbackAlignment


class MyRule(FeedbackAlignment):
    """Mine."""

    name = "mine"

    def signals(self, net, trace):
        delta = trace.error
        for layer in trace.downward():
            yield layer, delta
            if layer.sends:
                delta = delta @ layer.B
'''


@pytest.mark.parametrize("name", ["fa", "toast"])
def test_the_command_writes_a_page_and_says_where(name, tmp_path, capsys):
    """A student opens the file that the command has named."""
    file = tmp_path / "step.html"
    assert main(["explain", name, "--step", "--html", str(file)]) == 0
    assert str(file) in capsys.readouterr().out
    assert file.read_text("utf-8").startswith("<!doctype html>")


def test_a_rule_of_ones_own_has_a_page(tmp_path, capsys):
    """The rule that a student writes is the one to look at."""
    (tmp_path / "my_rule.py").write_text(RULE)
    with at_work_in(tmp_path):
        assert main(["explain", "my_rule:MyRule", "--step", "--html", "my.html"]) == 0, (
            capsys.readouterr().err
        )
    page = (tmp_path / "my.html").read_text("utf-8")
    assert "my_rule.py" in page and "delta = delta @ layer.B" in page


def test_the_seed_determines_the_numbers_of_the_page(tmp_path):
    """Two students who compare pages need the same numbers."""
    pages = []
    for seed in ("0", "0", "1"):
        assert main(["explain", "fa", "--step", "--seed", seed, "--html", str(tmp_path / "a")]) == 0
        pages.append((tmp_path / "a").read_text("utf-8"))
    assert pages[0] == pages[1] != pages[2]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [(["--html", "a.html"], "add --step"),
     (["--step", "--html", "no/such/folder/a.html"], "no/such/folder/a.html")],
)  # fmt: skip
def test_a_mistake_gets_one_sentence(words, sentence, tmp_path, monkeypatch, capsys):
    """Which part of the command to change must be in the sentence."""
    monkeypatch.chdir(tmp_path)
    assert main(["explain", "fa", *words]) == 2
    error = capsys.readouterr().err
    assert sentence in error and error.count("\n") == 1
